"""What ``symmviz bench`` does with a measurement: lines for people, a file for programs."""

import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from symmcore.data.names import display_name
from symmcore.errors import InputError
from symmcore.runs.files import write_whole
from symmviz.cli.streams import output_status

_FAILED = 1


class Report(Protocol):
    """What a benchmark measured."""

    def lines(self) -> list[str]:
        """The report for people."""

    def as_json(self) -> dict[str, object]:
        """The report for programs."""


def check_writable(path: Path | None) -> None:
    """Make sure, before minutes are spent on measuring, that the file can be written.

    Raises:
        InputError: saying why it cannot.
    """
    if path is None:
        return
    try:
        _check_writable(path)
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror or error}).") from error


def report_on(measure: Callable[[], Report], path: Path | None) -> int:
    """Measure, print the report, and write it to ``path`` if there is one.

    Returns:
        The exit status.
    """
    try:
        report = measure()
    except InputError:  # before torch is imported, to say no more than a sentence
        raise
    except Exception as error:
        from symmcore.training.out_of_memory import is_out_of_memory  # imports torch

        if not is_out_of_memory(error):
            raise
        return _failed("Memory ran out: choose smaller numbers.")
    for line in report.lines():
        sys.stdout.write(line + "\n")
    if path is not None:
        try:
            write_file(path, (json.dumps(report.as_json(), indent=2) + "\n").encode())
        except OSError as error:
            return _failed(f"{path} cannot be written ({error.strerror or error}).")
    return output_status()


def _check_writable(path: Path) -> None:
    if path.is_dir():
        raise InputError(f"{path} is a folder: name a file to write.")
    folder = _followed(path).parent
    if not folder.is_dir():
        raise InputError(f"{path} cannot be written: its folder does not exist.")
    if path.exists():
        if not os.access(path, os.W_OK):
            raise InputError(f"{path} cannot be written: there is no permission to.")
        if not path.is_file():
            return
    # What a system allows shows only when it is done.
    tempfile.TemporaryFile(dir=folder).close()


def write_file(path: Path, content: bytes) -> None:
    """Write the whole file or leave what was there; a device or pipe is written to as it is.

    Raises:
        OSError: if it cannot be written.
    """
    if path.exists() and not path.is_file():
        path.write_bytes(content)
        return
    write_whole(_followed(path), content)  # a link stays one


def _followed(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _failed(sentence: str) -> int:
    sys.stderr.write(f"symmviz: {display_name(sentence)}\n")
    return _FAILED
