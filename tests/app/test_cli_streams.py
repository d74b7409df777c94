"""Output whose reader goes away ends nothing."""

import io
import subprocess
import sys
from pathlib import Path

import pytest

from symmviz.cli.streams import SurvivingStream

on_posix = pytest.mark.skipif(sys.platform == "win32", reason="uses a POSIX shell")

QUICK = ["--steps", "4", "--batch-size", "12", "--dim", "8", "--eval-every", "4", "--threads", "1"]


class Broken(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError(32, "Broken pipe")


def test_what_can_be_written_is() -> None:
    inner = io.StringIO()
    stream = SurvivingStream(inner)
    assert stream.write("word") == 4
    assert inner.getvalue() == "word"
    assert not stream.isatty()


@pytest.mark.parametrize("inner", [None, Broken()])
def test_from_then_on_nothing_is(inner: io.StringIO | None) -> None:
    stream = SurvivingStream(inner)
    for _ in range(2):
        assert stream.write("word") == 4
        stream.flush()
    assert not stream.isatty()
    assert stream.encoding == "utf-8"
    with pytest.raises(io.UnsupportedOperation):
        stream.fileno()


def test_what_the_encoding_lacks_is_escaped() -> None:
    inner = io.TextIOWrapper(io.BytesIO(), encoding="cp1252", newline="")
    stream = SurvivingStream(inner)
    stream.write("\N{HANGUL SYLLABLE HAN} and \xe9\n")
    stream.flush()
    assert inner.buffer.getvalue() == b"\\ud55c and \xe9\n"


def test_a_closed_stream_is_silent() -> None:
    inner = io.StringIO()
    inner.close()
    stream = SurvivingStream(inner)
    assert not stream.isatty()
    assert stream.write("word") == 4


@pytest.mark.skipif(sys.platform == "win32", reason="closes streams as a POSIX shell does")
def test_a_training_without_any_output_is_recorded(tmp_path: Path) -> None:
    command = f"{sys.executable} -m symmviz train digits {' '.join(QUICK)} --out run >&- 2>&-"
    finished = subprocess.run(command, shell=True, cwd=tmp_path, timeout=120, check=False)  # noqa: S602 - the shell closes the streams
    assert finished.returncode == 0
    assert len((tmp_path / "run" / "metrics.jsonl").read_text("utf-8").splitlines()) == 6


@on_posix
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="writes to Linux's full device")
@pytest.mark.parametrize("command", ["datasets", "evaluate ."])
def test_a_result_that_cannot_be_written_is_a_failure(command: str, tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text('{"kind": "eval", "step": 1}\n')
    finished = shell(f"{sys.executable} -m symmviz {command} > /dev/full", tmp_path)
    assert finished.returncode == 1
    assert finished.stderr == ("symmviz: The output cannot be written (No space left on device).\n")


@on_posix
def test_a_reader_that_has_enough_is_no_failure(tmp_path: Path) -> None:
    program = f"{sys.executable} -m symmviz datasets; echo $? >&2"
    finished = shell(f"{{ sleep 0.2; {program}; }} | true", tmp_path)
    assert finished.stderr == "0\n"


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S602 - the shell opens the streams
        command,
        shell=True,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
