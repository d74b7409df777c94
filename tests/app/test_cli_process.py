import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from helpers_cli import (
    PATIENCE,
    QUICK,
    call,
    environment,
    metrics,
    one_line,
    python,
    run,
    without_times,
)

pytestmark = pytest.mark.usefixtures("workplace")


# Fails every import of what a machine without a screen does not have, and says so at the end.
WITHOUT_QT = """
import sys

class Missing:
    asked = []

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"PySide6", "shiboken6", "pyqtgraph", "umap", "colorcet"}:
            self.asked.append(name)
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
from symmviz.cli import main

early = {"torch", "sklearn", "scipy"} & set(sys.modules)
code = main(sys.argv[1:])
sys.exit(f"asked for {Missing.asked}, early {early}" if Missing.asked or early else code)
"""

# Says when the third step begins, and waits there for the signal, whose byte in the pipe
# cannot be missed.
INTERRUPTED = """
import os, signal, sys
from symmcore.training.learner import Learner
from symmviz.cli import main

original, steps = Learner.step, []
came, signalled = os.pipe()
os.set_blocking(signalled, False)

def step(*arguments):
    steps.append(None)
    if len(steps) == 3:
        signal.set_wakeup_fd(signalled)
        print("begun", flush=True)
        os.read(came, 1)
    return original(*arguments)

Learner.step = step
sys.exit(main(sys.argv[1:]))
"""


# Ctrl-C while the command line is being imported.
INTERRUPTED_EARLY = """
import sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "symmviz.cli.arguments":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupting())
from symmviz.cli import main

sys.exit(main(["datasets"]))
"""


class TestProcess:
    def test_ctrl_c_during_the_imports(self) -> None:
        done = python("-c", INTERRUPTED_EARLY)
        assert (done.returncode, done.stdout, done.stderr) == (130, "", "")

    def test_training_imports_no_qt_and_one_seed_gives_one_training(self, workplace: Path) -> None:
        arguments = ["train", "digits", "--compare", "npair", "npair+symm", *QUICK, "--out"]
        done = python("-c", WITHOUT_QT, *arguments, "one")
        assert done.returncode == 0, done.stderr
        assert call(*arguments, "other") == 0
        for name in ("npair", "npair+symm"):
            one, other = (metrics(workplace / folder / name) for folder in ("one", "other"))
            assert len(one) == 6
            assert without_times(one) == without_times(other)
            configs = [
                json.loads((workplace / f / name / "config.json").read_text("utf-8"))
                for f in ("one", "other")
            ]
            assert configs[0].pop("id") != configs[1].pop("id"), "two runs have one identity each"
            assert configs[0] == configs[1]

    def test_the_command_line_and_the_presenters_import_neither_qt_nor_torch(self) -> None:
        # The one answers at once, the others are imported before the window paints.
        script = (
            "import sys, symmviz.cli.arguments, symmviz.qt_check\n"
            "import symmviz.services.session, symmviz.model.resolve\n"
            "from symmviz.presenters import controls, retrieve, start, time, watch, window\n"
            "slow = {'torch', 'sklearn', 'PySide6', 'pyqtgraph'} & set(sys.modules)\n"
            "sys.exit(f'imported {slow}' if slow else 0)"
        )
        done = python("-c", script)
        assert done.returncode == 0, done.stderr

    @pytest.mark.parametrize(
        ("arguments", "slow"),
        [
            ([], {"numpy", "PIL", "symmcore.runs"}),
            (["--help"], {"numpy", "PIL", "symmcore.runs"}),
            (["bench", "--help"], {"torch", "scipy", "PySide6"}),
        ],
        ids=" ".join,
    )
    def test_a_command_waits_for_no_other_commands_imports(
        self, arguments: list[str], slow: set[str]
    ) -> None:
        script = (
            "import atexit, os, sys\n"
            "from symmviz.cli.arguments import parse_arguments\n"
            f"atexit.register(lambda: {slow} & set(sys.modules) and os._exit(9))\n"
            "parse_arguments(sys.argv[1:])"
        )
        assert python("-c", script, *arguments).returncode == 0

    def test_bad_input_as_a_user_meets_it(self) -> None:
        done = run("train", "digits", "--loss", "nope")
        assert (done.returncode, done.stdout) == (2, "")
        assert "'nope'" in one_line(done.stderr)

    @pytest.mark.skipif(os.name != "posix", reason="sends a POSIX signal")
    def test_ctrl_c_ends_training_at_a_batch_boundary(self, workplace: Path) -> None:
        arguments = ["train", "digits", *QUICK, "--steps", "100000", "--out", "run"]
        process = subprocess.Popen(
            [sys.executable, "-c", INTERRUPTED, *arguments],
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        patience = threading.Timer(PATIENCE, process.kill)
        patience.start()
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "begun\n"
            process.send_signal(signal.SIGINT)
            out, error = process.communicate()
        finally:
            patience.cancel()
            patience.join()
            process.kill()
            process.communicate()
        assert process.returncode == 130, error
        scores, recorded = out.splitlines()
        assert scores.startswith("npair  step 3  test  R@1 "), "evaluated as at its end"
        assert recorded == "Recorded in run"
        assert "Traceback" not in error
        records = metrics(workplace / "run")
        assert [(r["kind"], r["step"]) for r in records] == [
            ("eval", 0), ("step", 1), ("step", 2), ("step", 3), ("eval", 3)
        ]  # fmt: skip
        assert json.loads((workplace / "run" / "config.json").read_text("utf-8"))["steps"] == 100000
        frames = {p.name for p in (workplace / "run/frames").iterdir()}
        assert frames >= {"00000000.safetensors", "00000003.safetensors"}
