"""What becomes of a measurement: lines for people, a file for programs."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from symmcore.data.names import display_name
from symmcore.errors import InputError
from symmviz.cli.exit_status import FAILED
from symmviz.cli.output_file import write_file
from symmviz.cli.streams import output_status


class Report(Protocol):
    """What a benchmark measured."""

    def lines(self) -> list[str]:
        """The report for people."""

    def as_json(self) -> dict[str, object]:
        """The report for programs."""


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


def _failed(sentence: str) -> int:
    sys.stderr.write(f"symmviz: {display_name(sentence)}\n")
    return FAILED
