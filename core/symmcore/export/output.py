"""Files and folders that are whole under their name, or not there at all."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from symmcore.errors import InputError
from symmcore.runs.formats import files


class OutputExistsError(InputError):
    """There is something already under the name that is to be written."""


@contextmanager
def whole_output(path: Path, *, overwrite: bool, contents: Sequence[str] = ()) -> Iterator[Path]:
    """Give a path beside ``path`` to write to, which is renamed to it at the end.

    Whatever ends the writing before, Ctrl-C included, what was written is removed and what was
    there stays.

    Args:
        path: of the file, or of the folder.
        overwrite: whether what is there is replaced.
        contents: for a folder, patterns of all files that are written into it, the first of one
            that always is: a folder that holds anything else is never replaced.

    Raises:
        InputError: if there is something already, or it cannot be written.
    """
    check_free(path, overwrite=overwrite, contents=contents)
    target = Path(os.path.realpath(path))  # a link stays one
    beside = files.part_of(target)
    try:
        files.remove_whatever(beside)
        beside.mkdir()
        yield beside / path.name
        _flush(beside / path.name)
        # Somebody may have put something there since.
        check_free(path, overwrite=overwrite, contents=contents)
        _put_in_place(beside / path.name, target)
        files.fsync_folder(target.parent)
    except OSError as error:
        raise InputError(f"{path} cannot be written ({files.reason(error)}).") from error
    finally:
        files.remove_whatever(beside)


def check_free(path: Path, *, overwrite: bool, contents: Sequence[str] = ()) -> None:
    """Check that something can be written there, before time is spent on making it.

    Raises:
        InputError: saying why it cannot.
    """
    try:
        _check_free(path, overwrite=overwrite, contents=contents)
    except OSError as error:  # of a name that is too long, or a folder that cannot be read
        raise InputError(f"{path} cannot be written ({files.reason(error)}).") from error


def _check_free(path: Path, *, overwrite: bool, contents: Sequence[str]) -> None:
    if not path.parent.is_dir():
        raise InputError(f"{path} cannot be written: its folder does not exist.")
    if not os.access(path.parent, os.W_OK):
        raise InputError(f"{path} cannot be written: there is no permission to.")
    if not os.path.lexists(path):
        return
    if path.is_dir():
        _check_folder(path, overwrite=overwrite, contents=contents)
    elif contents:
        raise InputError(f"{path} is a file: name a folder that is not there yet.")
    elif not path.is_file():
        raise InputError(f"{path} is no regular file: name another file.")
    elif not overwrite:
        raise OutputExistsError(f"{path} exists: name another file, or add --overwrite.")


def _check_folder(path: Path, *, overwrite: bool, contents: Sequence[str]) -> None:
    if not contents:
        raise InputError(f"{path} is a folder: name a file to write.")
    if not any(path.iterdir()):
        return
    if not _holds_only(path, contents):
        raise InputError(f"{path} holds something else: name a folder that is not there yet.")
    if not overwrite:
        raise OutputExistsError(f"{path} exists: name another folder, or add --overwrite.")


def _holds_only(folder: Path, contents: Sequence[str]) -> bool:
    """Whether every entry of a folder, at any depth, is what an export writes there."""
    ours = {path for pattern in contents for path in folder.glob(pattern)}
    first = any(folder.glob(contents[0]))
    folders = {parent for path in ours for parent in path.parents}
    return first and all(
        not path.is_symlink()
        and ((path in ours and path.is_file()) or (path in folders and path.is_dir()))
        for path in folder.rglob("*")
    )


def _flush(made: Path) -> None:
    for path in made.rglob("*") if made.is_dir() else (made,):
        if path.is_file():
            with path.open("rb+") as file:
                files.fsync(file.fileno())


def _put_in_place(made: Path, path: Path) -> None:
    if made.is_dir():
        files.replace_folder(made, path)
    else:
        files.rename(made, path)
