"""Environments that libraries take badly: each works, with a sentence, or ends with one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from symmviz.cli.thread_counts import remove_invalid_thread_counts

_TIMEOUT = 120

# The system's database of users has no entry, as in containers that run as any user id.
_UNKNOWN_USER = """
import pwd, sys
def unknown(uid):
    raise KeyError(f"getpwuid(): uid not found: {uid}")
pwd.getpwuid = unknown
from symmviz.cli import main
if __name__ == "__main__":
    sys.exit(main())
"""


def run(
    folder: Path, arguments: list[str], environment: dict[str, str]
) -> "subprocess.CompletedProcess[str]":
    """The command in an environment that has little but what is given."""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    script = folder.parent / "command.py"
    script.write_text(_UNKNOWN_USER)
    return subprocess.run(
        [sys.executable, str(script), *arguments],
        cwd=folder,
        env=kept | environment,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder that a program is started in."""
    (tmp_path / "here").mkdir()
    return tmp_path / "here"


def test_an_unknown_user_without_a_home_trains(folder: Path) -> None:
    training = ["train", "digits", "--symm", "--steps", "1", "--batch-size", "8"]
    done = run(folder, [*training, "--out", "run"], {"OMP_NUM_THREADS": "abc"})
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in folder.iterdir()] == ["run"]
    said = [line for line in done.stderr.splitlines() if "OMP_NUM_THREADS" in line]
    assert said == [
        "symmviz: OMP_NUM_THREADS is 'abc': it is not used, since it must be a number from 1."
    ]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["datasets", "torchvision:DTD"], "set HOME or XDG_CACHE_HOME to a whole path"),
        (["train", "digits", "--out=~/run"], "nobody knows that home folder"),
        (["train", "digits", "--weights=~/a.pt"], "nobody knows that home folder"),
        (
            ["train", "digits", "--network", "resnet18", "--weights", "imagenet", "--out", "run"],
            "set HOME or XDG_CACHE_HOME to a whole path",
        ),
    ],
)
def test_what_needs_a_home_says_so(folder: Path, arguments: list[str], sentence: str) -> None:
    done = run(folder, arguments, {})
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert sentence in done.stderr
    assert list(folder.iterdir()) == []


def test_a_tilde_that_the_shell_left_is_the_home_folder(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "home" / "run").mkdir(parents=True)
    done = run(folder, ["evaluate", "~/run"], {"HOME": str(tmp_path / "home")})
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"{tmp_path}/home/run" in done.stderr


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("OMP_NUM_THREADS", "4", True),
        ("OMP_NUM_THREADS", "4,2", True),
        ("OMP_NUM_THREADS", "", True),
        ("OMP_NUM_THREADS", "0", False),
        ("OMP_NUM_THREADS", "-1", False),
        ("OMP_NUM_THREADS", "4,", False),
        ("NUMBA_NUM_THREADS", "abc", False),
        ("NUMBA_NUM_THREADS", "2", True),
        ("NUMBA_NUM_THREADS", "4,2", False),
        ("MKL_NUM_THREADS", "²", False),
        ("LOKY_MAX_CPU_COUNT", "1.5", False),
    ],
)
def test_numbers_of_threads(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, kept: bool
) -> None:
    monkeypatch.setenv(name, value)
    said: list[str] = []
    remove_invalid_thread_counts(said.append)
    assert os.environ.get(name) == (value if kept else None)
    assert [sentence.partition(":")[0] for sentence in said] == (
        [] if kept else [f"{name} is {value!r}"]
    )


def test_a_window_for_an_unknown_user_with_another_qt_asked_for(folder: Path) -> None:
    """It opens, keeps runs in the current folder, and makes no folder named after a tilde."""
    program = (
        "import pwd\n"
        "def unknown(uid): raise KeyError(uid)\n"
        "pwd.getpwuid = unknown\n"
        "from PySide6.QtCore import QTimer\n"
        "from PySide6.QtWidgets import QApplication\n"
        "from symmviz.app import launch\n"
        "from symmviz.services.preferences import Settings\n"
        "app = QApplication([])\n"
        "parts = launch(app)\n"
        "parts.window.painted.disconnect()\n"
        "parts.window.painted.connect(app.quit)\n"
        "app.exec()\n"
        "print(Settings().runs_folder)\n"
        "parts.session.close(10)\n"
    )
    (folder.parent / "window.py").write_text(program)
    done = subprocess.run(
        [sys.executable, str(folder.parent / "window.py")],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
        | {"QT_QPA_PLATFORM": "offscreen", "PYQTGRAPH_QT_LIB": "PyQt5"},
        capture_output=True,
        text=True,
        timeout=_TIMEOUT,
        check=False,
    )
    assert done.stdout == f"{folder / 'runs'}\n", done.stderr
    assert list(folder.iterdir()) == []
