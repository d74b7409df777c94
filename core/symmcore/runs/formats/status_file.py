"""status.json: how a run stands, by what it says itself, and whether its process is there."""

import json
import os
import platform
from pathlib import Path
from typing import Any

from symmcore.errors import RunError
from symmcore.runs.formats.info import RunStatus
from symmcore.runs.formats.layout import STATUS
from symmcore.runs.formats.untrusted_files import read_json

_MOST_BYTES = 65_536


def read_status(run: Path) -> dict[str, Any]:
    """What a run says of how it stands.

    Raises:
        RunError: if it cannot be read.
        FileNotFoundError: if it says nothing, as in format 1.
    """
    return read_json(run, run / STATUS, _MOST_BYTES)


def said_status(run: Path) -> RunStatus:
    """How a run stands by what it says itself; UNKNOWN where its process is gone."""
    try:
        said = read_status(run)
        status = RunStatus(said.get("status"))
    except (FileNotFoundError, RunError, ValueError):
        return RunStatus.UNKNOWN
    gone = status is RunStatus.TRAINING and is_alive(said) is False
    return RunStatus.UNKNOWN if gone else status


def status_bytes(status: RunStatus, message: str) -> bytes:
    """The content of status.json: how a run stands, and which process says so."""
    said = {
        "status": status.value,
        "message": message,
        "host": platform.node(),
        "pid": os.getpid(),
        "process_started": _process_started(os.getpid()),
    }
    return (json.dumps(said, indent=2) + "\n").encode()


def is_alive(said: dict[str, Any]) -> bool | None:
    """Whether the process that wrote a status is there; None where it cannot be known."""
    pid = said.get("pid")
    if said.get("host") != platform.node() or type(pid) is not int or not 0 < pid < 2**31:
        return None
    started = _process_started(pid)
    if started is None:
        return None if _process_started(os.getpid()) is None else False
    return bool(started == said.get("process_started"))


def _process_started(pid: int) -> str | None:
    """When a process of this machine was started, in ticks; None where there is none to ask."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()  # a program's name may hold anything but comes first
    return fields[19] if len(fields) > 19 else None
