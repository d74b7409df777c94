"""Tells what is unusual about runs that were read."""

import sys
from collections.abc import Sequence

from symmcore.data.names import display_name
from symmcore.runs.reading.recording import Recording
from symmviz.model.resolve import warnings


def tell_warnings(recordings: Sequence[Recording]) -> None:
    """Print on stderr what the window shows above the runs: also what reading them has shown."""
    for recording in recordings:
        recording.poll()
    for warning in warnings(tuple(recordings)):
        sys.stderr.write(f"{display_name(warning)}\n")
