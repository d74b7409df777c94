"""Downloads in a process of their own; what downloads here only writes files."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from calls import die, fail, miss, write, write_and_wait

from symmcore.processes import (
    CallError,
    bytes_in,
    call_in_subprocess,
    default_threads,
    idle_threads_sleep,
    let_idle_threads_sleep,
    scratch_folder,
)

HELPERS = Path(__file__).parents[1] / "helpers"


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
        f"import signal, sys; sys.path.insert(0, {str(HELPERS)!r})\n"
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
    with scratch_folder(part):
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


class TestThreads:
    @pytest.fixture(autouse=True)
    def environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("OMP_NUM_THREADS", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT"):
            monkeypatch.setenv(name, "")  # put back afterwards, whatever the program sets
            monkeypatch.delenv(name)

    def cores(self, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(count)), raising=False)

    @pytest.mark.parametrize(("cores", "all_", "spared"), [(1, 1, 1), (2, 2, 1), (64, 64, 63)])
    def test_a_core_each_where_they_sleep_while_they_wait(
        self, cores: int, all_: int, spared: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.cores(monkeypatch, cores)
        let_idle_threads_sleep()
        assert os.environ["OMP_WAIT_POLICY"] == "passive"
        assert os.environ["GOMP_SPINCOUNT"] == "0"
        assert (default_threads(), default_threads(spare=1)) == (all_, spared)

    @pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 1), (4, 3)])
    def test_a_core_is_left_free_where_they_spin(
        self, cores: int, threads: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.cores(monkeypatch, cores)
        assert default_threads() == default_threads(spare=1) == threads
        monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
        let_idle_threads_sleep()
        assert not idle_threads_sleep()
        assert default_threads() == threads
        assert "GOMP_SPINCOUNT" not in os.environ

    @pytest.mark.parametrize(("told", "threads"), [("1", 1), ("3", 3), ("2,1", 2), ("9", 4)])
    def test_what_the_user_says_holds(
        self, told: str, threads: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.cores(monkeypatch, 4)
        monkeypatch.setenv("OMP_NUM_THREADS", told)
        assert default_threads() == default_threads(spare=1) == threads

    @pytest.mark.parametrize(("cores", "threads"), [(None, 1), (8, 8)])
    def test_where_the_system_only_counts_cores(
        self, cores: int | None, threads: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delattr(os, "sched_getaffinity", raising=False)
        monkeypatch.setattr(os, "cpu_count", lambda: cores)
        let_idle_threads_sleep()
        assert default_threads() == threads

    def test_the_program_says_so_before_torch_is_loaded(self) -> None:
        program = (
            "import os, sys; from symmviz.cli import _prepare_process; _prepare_process(); "
            "print(os.environ['OMP_WAIT_POLICY'], 'torch' in sys.modules)"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        )
        assert done.stdout.split() == ["passive", "False"]


def test_an_error_that_says_little_comes_back_with_its_type() -> None:
    with pytest.raises(CallError, match=r"^KeyError: 'weights'$"):
        call_in_subprocess(miss, ("weights",), ignore)
