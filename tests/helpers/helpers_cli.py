"""Commands as users call them: in this process, or in one of their own."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from symmviz.cli import main

PATIENCE = 120.0  # how long a process may take, on a machine that is busy

# A few milliseconds a step, and two evaluations.
QUICK = ["--steps", "4", "--batch-size", "12", "--dim", "8", "--eval-every", "4",
         "--threads", "1", "--device", "cpu"]  # fmt: skip


def call(*arguments: str) -> int:
    """Run a command in this process: its exit status."""
    try:
        return main(arguments)
    except SystemExit as error:  # argparse's way
        return int(error.code or 0)


def environment(**changes: str) -> dict[str, str]:
    """This process's environment as on a machine without a display."""
    display = {
        "DISPLAY",
        "WAYLAND_DISPLAY",
        "WAYLAND_SOCKET",
        "XDG_SESSION_TYPE",
        "QT_QPA_PLATFORM",
    }
    return {name: value for name, value in os.environ.items() if name not in display} | changes


def python(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run a Python program of this file."""
    return subprocess.run(
        [sys.executable, *arguments],
        env=environment(**changes),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


def run(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run symmviz as a user does."""
    return python("-m", "symmviz", *arguments, **changes)


def metrics(folder: Path) -> list[dict[str, Any]]:
    text = (folder / "metrics.jsonl").read_text("utf-8")
    assert text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def without_times(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            name: value
            for name, value in record.items()
            if name not in ("seconds", "peak_memory_bytes")
        }
        for record in records
    ]


def one_line(error: str) -> str:
    """What was said, if it was one clear line."""
    assert error.endswith("\n")
    (line,) = error.splitlines()
    assert line.startswith("symmviz")
    assert "Traceback" not in line
    assert re.search(r"[.)]$", line)
    return line
