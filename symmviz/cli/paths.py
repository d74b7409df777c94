"""Paths on the command line."""

import argparse
from pathlib import Path


def user_path(text: str) -> Path:
    """A path, in which "~" is the home folder: a shell leaves it in ``--out=~/runs``."""
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: nobody knows that home folder") from error
