import threading

from helpers_training import make_snapshot

from symmcore.records import EvalRecord, StepRecord
from symmcore.training.status import RunState, TrainingStatus
from symmviz.services.live_buffer import LiveBuffer, Updates

PATIENCE = 20.0


def empty(updates: Updates) -> bool:
    return updates.records == () and all(
        getattr(updates, name) is None
        for name in ("context", "snapshots", "projections", "status", "problem")
    )


def test_nothing_new_is_nothing():
    assert empty(LiveBuffer().drain())


def test_everything_is_handed_over_once():
    buffer = LiveBuffer()
    context, snapshots, projections = object(), (make_snapshot(),), (object(),)
    status = TrainingStatus(RunState.TRAINING, 1, 2)
    buffer.begin(context)
    buffer.scalar(0, StepRecord(1, 0.5, None, 0.1))
    buffer.snapshots(snapshots)
    buffer.projections(projections)
    buffer.status(status)
    buffer.problem("the dog ate it")
    updates = buffer.drain()
    assert updates.context is context
    assert updates.records == ((0, StepRecord(1, 0.5, None, 0.1)),)
    assert updates.snapshots is snapshots
    assert updates.projections is projections
    assert updates.status is status
    assert updates.problem == "the dog ate it"
    assert empty(buffer.drain())


def test_records_are_all_there_in_order_of_the_rest_the_newest():
    buffer = LiveBuffer()
    told = []
    for step in range(5):
        for run in range(2):
            record = (
                EvalRecord(step, 0.1, 0.2, 0.3, 0.4, 1.0)
                if step % 2
                else StepRecord(step, 1.0, None, 1.0)
            )
            buffer.scalar(run, record)
            told.append((run, record))
        snapshots, projections = (make_snapshot(step),), (object(),)
        buffer.snapshots(snapshots)
        buffer.projections(projections)
        buffer.status(TrainingStatus(RunState.TRAINING, step))
        buffer.problem(f"problem {step}")
    updates = buffer.drain()
    assert list(updates.records) == told
    assert updates.snapshots is snapshots
    assert updates.projections is projections
    assert updates.status.step == 4
    assert updates.problem == "problem 4"


def test_what_was_drained_does_not_change():
    buffer = LiveBuffer()
    buffer.scalar(0, StepRecord(1, 0.5, None, 0.1))
    updates = buffer.drain()
    buffer.scalar(0, StepRecord(2, 0.5, None, 0.1))
    assert len(updates.records) == 1
    assert [record.step for _, record in buffer.drain().records] == [2]


def test_an_earlier_training_is_forgotten():
    buffer = LiveBuffer()
    buffer.begin(object())
    buffer.scalar(0, StepRecord(1, 0.5, None, 0.1))
    buffer.status(TrainingStatus(RunState.FINISHED))
    buffer.problem("old")
    buffer.clear()
    assert empty(buffer.drain())


def test_no_record_is_lost_between_threads():
    buffer, writers, each = LiveBuffer(), 4, 3000
    gate = threading.Barrier(writers + 1, timeout=PATIENCE)

    def write(run: int) -> None:
        gate.wait()
        for step in range(each):
            buffer.scalar(run, StepRecord(step, 0.0, None, 0.0))
            buffer.status(TrainingStatus(RunState.TRAINING, step))

    threads = [threading.Thread(target=write, args=(run,)) for run in range(writers)]
    for thread in threads:
        thread.start()
    gate.wait()
    drained: list[tuple[int, int]] = []
    while any(thread.is_alive() for thread in threads):
        drained += [(run, record.step) for run, record in buffer.drain().records]
    for thread in threads:
        thread.join(PATIENCE)
    drained += [(run, record.step) for run, record in buffer.drain().records]
    for run in range(writers):
        assert [step for of, step in drained if of == run] == list(range(each))
