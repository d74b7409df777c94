"""Downloads in a process of their own; what downloads here only writes files."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from calls import die, fail, write, write_and_wait

from symmcore.processes import CallError, bytes_in, call_in_subprocess, emptied


class CancelError(Exception):
    pass


def ignore() -> None:
    pass


def test_it_runs_elsewhere_and_says_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    call_in_subprocess(write, (str(tmp_path / "got"),), ignore)
    assert int((tmp_path / "got").read_text()) != os.getpid()
    assert capfd.readouterr() == ("", "")


def test_an_error_comes_back_as_a_line() -> None:
    with pytest.raises(CallError, match=r"^no network here$"):
        call_in_subprocess(fail, ("no network\n here.",), ignore)
    with pytest.raises(CallError, match="OSError"):
        call_in_subprocess(fail, ("",), ignore)


def test_a_process_that_dies_is_no_success() -> None:
    with pytest.raises(CallError, match="ended with code -9"):
        call_in_subprocess(die, (), ignore)


def test_cancelling_ends_the_process(tmp_path: Path) -> None:
    path = tmp_path / "got"

    def cancel() -> None:
        if path.exists() and path.read_text():
            raise CancelError

    with pytest.raises(CancelError):
        call_in_subprocess(write_and_wait, (str(path),), cancel)
    assert not is_alive(int(path.read_text()))


def test_a_stop_that_ended_the_process_too_is_a_stop() -> None:
    """As an interrupt at a terminal does, which every process there gets."""

    def cancel() -> None:
        raise CancelError

    with pytest.raises(CancelError):
        call_in_subprocess(die, (), cancel)


def program(path: Path) -> list[str]:
    """A script without a guard, that fetches and says how it went."""
    text = (
        f"import signal, sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        # A shell's background jobs, and what they start, ignore interrupts.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from symmcore.processes import call_in_subprocess\n"
        "from calls import write_and_wait\n"
        f"call_in_subprocess(write_and_wait, ({str(path)!r},), lambda: None)\n"
    )
    return [sys.executable, "-c", text]


def test_a_download_ends_with_who_asked_for_it(tmp_path: Path) -> None:
    path = tmp_path / "got"
    asked = subprocess.Popen(program(path))
    wait_for(lambda: path.exists() and path.read_text() != "")
    asked.kill()
    asked.wait()
    wait_for(lambda: not is_alive(int(path.read_text())))


def test_an_interrupt_at_the_terminal_is_for_who_asked(tmp_path: Path) -> None:
    path = tmp_path / "got"
    asked = subprocess.Popen(program(path), start_new_session=True, stderr=subprocess.PIPE)
    wait_for(lambda: path.exists() and path.read_text() != "")
    os.killpg(asked.pid, signal.SIGINT)
    _, error = asked.communicate()
    assert error.strip().endswith(b"KeyboardInterrupt")
    wait_for(lambda: not is_alive(int(path.read_text())))


def test_an_empty_folder_to_fetch_into(tmp_path: Path) -> None:
    part = tmp_path / "goal.part"
    part.mkdir()
    (part / "left").touch()
    with emptied(part):
        assert list(part.iterdir()) == []
        (part / "new").touch()
    assert not part.exists()


def test_bytes_in_a_folder(tmp_path: Path) -> None:
    assert bytes_in(tmp_path / "none") == 0
    (tmp_path / "a").write_bytes(bytes(10))
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b").write_bytes(bytes(5))
    (tmp_path / "deep" / "gone").symlink_to(tmp_path / "nowhere")
    assert bytes_in(tmp_path / "deep") >= 5
    assert bytes_in(tmp_path) >= 15


def is_alive(process: int) -> bool:
    status = Path(f"/proc/{process}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("name", ["random", "json", "subprocess"])
def test_nothing_is_imported_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    call_in_subprocess(write, (str(tmp_path / "got"),), ignore)
    assert not (tmp_path / "ran").exists()
