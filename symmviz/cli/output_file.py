"""Files that commands write where the user names them."""

import os
import tempfile
from pathlib import Path

from symmcore.errors import InputError
from symmcore.runs.formats.files import write_whole


def check_writable(path: Path | None) -> None:
    """Make sure, before minutes are spent on what it is to hold, that the file can be written.

    Raises:
        InputError: saying why it cannot.
    """
    if path is None:
        return
    try:
        _check_writable(path)
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror or error}).") from error


def write_file(path: Path, content: bytes) -> None:
    """Write the whole file or leave what was there; a device or pipe is written to as it is.

    Raises:
        OSError: if it cannot be written.
    """
    if path.exists() and not path.is_file():
        path.write_bytes(content)
        return
    write_whole(_followed(path), content)  # a link stays one


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


def _followed(path: Path) -> Path:
    return Path(os.path.realpath(path))
