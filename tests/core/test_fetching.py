"""Downloads in a process of their own; what downloads here only writes files."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from symmcore.fetching import FetchError, bytes_in, fetch


def write(path: str) -> None:
    print("a bar that tears the terminal", file=sys.stderr)  # noqa: T201 - as libraries do
    Path(path).write_text(str(os.getpid()))


def write_and_wait(path: str) -> None:
    write(path)
    time.sleep(600)


def fail(text: str) -> None:
    raise OSError(text)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class CancelError(Exception):
    pass


def ignore() -> None:
    pass


def test_it_runs_elsewhere_and_says_nothing(tmp_path, capfd):
    fetch(write, (str(tmp_path / "got"),), ignore)
    assert int((tmp_path / "got").read_text()) != os.getpid()
    assert capfd.readouterr() == ("", "")


def test_an_error_comes_back_as_a_line():
    with pytest.raises(FetchError, match=r"^no network here$"):
        fetch(fail, ("no network\n here.",), ignore)
    with pytest.raises(FetchError, match="OSError"):
        fetch(fail, ("",), ignore)


def test_a_process_that_dies_is_no_success():
    with pytest.raises(FetchError, match="ended with code -9"):
        fetch(die, (), ignore)


def test_cancelling_ends_the_process(tmp_path):
    path = tmp_path / "got"

    def cancel() -> None:
        if path.exists() and path.read_text():
            raise CancelError

    with pytest.raises(CancelError):
        fetch(write_and_wait, (str(path),), cancel)
    assert not is_alive(int(path.read_text()))


def test_a_download_ends_with_who_asked_for_it(tmp_path):
    path = tmp_path / "got"
    program = (
        "import sys; sys.path.insert(0, sys.argv[2])\n"
        "from symmcore.fetching import fetch\n"
        "from test_fetching import write_and_wait\n"
        "if __name__ == '__main__':\n"
        "    fetch(write_and_wait, (sys.argv[1],), lambda: None)\n"
    )
    (tmp_path / "program.py").write_text(program)
    asked = subprocess.Popen([sys.executable, tmp_path / "program.py", path, Path(__file__).parent])
    wait_for(lambda: path.exists() and path.read_text() != "")
    asked.kill()
    asked.wait()
    wait_for(lambda: not is_alive(int(path.read_text())))


def test_bytes_in_a_folder(tmp_path):
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


def wait_for(condition) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
