import threading

import pytest

from symmcore.training.control import Control, StopRequestedError

PATIENCE = 20.0


def never() -> None:
    pytest.fail("it must not wait")


def test_it_goes_on_where_nothing_was_asked_for() -> None:
    assert Control().checkpoint(never) is False


def test_pause_waits_for_resume_and_says_so_first() -> None:
    control = Control()
    control.pause()
    told = []

    def waiting() -> None:
        told.append("waiting")
        control.resume()

    assert control.checkpoint(waiting) is True
    assert told == ["waiting"]
    assert control.checkpoint(never) is False


def test_a_pause_that_was_taken_back_does_not_wait() -> None:
    control = Control()
    control.pause()
    control.resume()
    assert control.checkpoint(never) is False


@pytest.mark.parametrize("then", ["resume", "stop"])
def test_a_waiting_thread_goes_on_only_when_told(then: str) -> None:
    control = Control()
    control.pause()
    waits = threading.Event()
    ended: list[object] = []

    def work() -> None:
        try:
            ended.append(control.checkpoint(waits.set))
        except StopRequestedError:
            ended.append("stopped")

    thread = threading.Thread(target=work)
    thread.start()
    assert waits.wait(PATIENCE)
    thread.join(0.1)
    assert thread.is_alive()
    assert ended == []
    getattr(control, then)()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert ended == [True if then == "resume" else "stopped"]


@pytest.mark.parametrize(
    "commands", [["stop"], ["pause", "stop"], ["stop", "pause"], ["stop", "resume"]]
)
def test_stop_wins_over_everything(commands: list[str]) -> None:
    control = Control()
    for command in commands:
        getattr(control, command)()
    for _ in range(2):
        with pytest.raises(StopRequestedError):
            control.checkpoint(never)


def test_a_stop_while_it_waits_ends_the_wait() -> None:
    control = Control()
    control.pause()
    with pytest.raises(StopRequestedError):
        control.checkpoint(control.stop)


def test_stop_can_interrupt_a_checkpoint_that_does_not_wait() -> None:
    # A signal handler runs in between two instructions of the thread it stops: were a lock
    # held there, stop() would wait for it for ever.
    control = Control()

    class Locked:
        def __enter__(self) -> None:
            pytest.fail("a lock was taken")

        def __exit__(self, *_: object) -> None:
            return None

    for event in vars(control).values():
        event._cond = Locked()
    assert control.checkpoint(never) is False
