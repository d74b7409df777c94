"""Nothing is imported from the folder that a program was started in."""

import os
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import packages_distributions
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from symmcore.processes import leave_out_current_folder

_TIMEOUT = 120

# What pip makes of the entry point.
_COMMAND = """
import sys
from symmviz.cli import main
if __name__ == "__main__":
    sys.exit(main())
"""

# Its main function is not called here: the processes of the window are safe by themselves.
_WINDOW = """
if __name__ == "__main__":
    import sys
    import symmviz.app as app
    from PySide6.QtCore import QTimer
    original = app.launch
    def launch(application, *arguments, **named):
        parts = original(application, *arguments, **named)
        parts.window.start_page.set_dataset("digits")
        parts.controller.start(compare=False)
        timer = QTimer(parts.window)
        def look():
            status = parts.controller.status
            if status is not None and status.step >= 2:
                timer.stop()
                print("trained", flush=True)
                parts.window.close_without_asking()
        timer.timeout.connect(look)
        timer.start(20)
        return parts
    app.launch = launch
    app.run_window()
"""


def trapped(folder: Path, names: Iterable[str]) -> Path:
    """A dataset with a module of each name that leaves its own in ``ran`` when it is imported.

    Returns:
        The file ``ran``, which is not there yet.
    """
    ran = folder.parent / "ran"
    for name in names:
        text = f"open({str(ran)!r}, 'a').write({name + ' '!r})\nraise ImportError('a trap')\n"
        (folder / f"{name}.py").write_text(text)
    pixels = np.random.default_rng(0).integers(0, 256, (6, 4, 12, 12, 3), dtype=np.uint8)
    for number, images in enumerate(pixels):
        (folder / f"class {number}").mkdir()
        for position, image in enumerate(images):
            Image.fromarray(image).save(folder / f"class {number}" / f"{position}.png")
    return ran


def all_names() -> set[str]:
    """Every module of the standard library and of what is installed."""
    installed = {name.partition("/")[0] for name in packages_distributions()}
    return set(sys.stdlib_module_names) | installed | {"usercustomize"}


def names_taken_by_m(tmp_path: Path) -> set[str]:
    """What Python imports for ``-m`` before the module that was asked for."""
    (tmp_path / "nothing.py").write_text("import sys; print(*sys.modules)")
    done = subprocess.run(
        [sys.executable, "-m", "nothing"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in done.stdout.split()}


def run(arguments: list[str], folder: Path, home: Path) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment
        | {"QT_QPA_PLATFORM": "offscreen", "HOME": str(home), "XDG_CONFIG_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=_TIMEOUT,
        check=False,
    )


@pytest.mark.parametrize("start", ["command", "module"])
def test_training_runs_no_code_of_the_dataset(tmp_path: Path, start: str) -> None:
    folder, home = tmp_path / "dataset", tmp_path / "home"
    folder.mkdir()
    home.mkdir()
    (tmp_path / "command.py").write_text(_COMMAND)
    names = all_names()
    if start == "module":
        names -= names_taken_by_m(home) | {"symmviz"}
    ran = trapped(folder, names)
    program = [str(tmp_path / "command.py")] if start == "command" else ["-m", "symmviz"]
    training = ["train", ".", "--cache-gb", "0", "--steps", "2", "--batch-size", "8", "--symm"]
    done = run([*program, *training, "--out", "run"], folder, home)
    assert not ran.exists(), ran.read_text()
    assert done.returncode == 0, done.stderr
    assert "Recorded in run" in done.stdout


def test_the_window_runs_no_code_of_the_current_folder(tmp_path: Path) -> None:
    folder, home = tmp_path / "dataset", tmp_path / "home"
    folder.mkdir()
    home.mkdir()
    (tmp_path / "window.py").write_text(_WINDOW)
    ran = trapped(folder, all_names())
    done = run([str(tmp_path / "window.py")], folder, home)
    assert not ran.exists(), ran.read_text()
    assert (done.stdout, done.returncode) == ("trained\n", 0), done.stderr


@pytest.mark.parametrize(("path", "runs"), [("{}:", False), (":{}", False), (".", True)])
def test_an_empty_entry_of_pythonpath_does_not_name_the_current_folder(
    tmp_path: Path, path: str, runs: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a trailing colon makes one; a folder that is named is what the user wants."""
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "a_trap.py").touch()
    text = (
        "import subprocess, sys; from importlib.util import find_spec\n"
        "from symmcore.processes import leave_out_current_folder\n"
        "leave_out_current_folder()\n"
        "found = 'from importlib.util import find_spec; print(find_spec(\"a_trap\") is not None)'\n"
        "print(find_spec('a_trap') is not None, flush=True)\n"
        "subprocess.run([sys.executable, '-c', found], check=True)\n"
    )
    monkeypatch.setenv("PYTHONPATH", path.format(tmp_path))
    done = run(["-c", text], tmp_path / "here", tmp_path)
    assert done.stdout == f"{runs}\n{runs}\n", done.stderr


def test_a_checkout_that_was_installed_in_place_may_be_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own folder is on the path then, without PYTHONPATH, and stays there."""
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path, str(tmp_path)])
    leave_out_current_folder()
    monkeypatch.setenv("PYTHONSAFEPATH", "1")  # so that what was set is taken back
    assert "" not in sys.path
    assert str(tmp_path) in sys.path
