"""Which files lie in a dataset's folder, found without leaving it."""

import os
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from symmcore.errors import InputError
from symmcore.progress import Progress, ProgressCallback, ignore_progress


@dataclass(frozen=True, slots=True)
class FileTree:
    """The files below a folder.

    Paths are relative to the folder, with forward slashes.

    Attributes:
        files: all regular files, and links to such inside the folder; in no order.
        links: links that were not followed: to folders, to nothing, out of the folder.
        unreadable: folders that could not be read.
    """

    files: tuple[str, ...]
    links: tuple[str, ...]
    unreadable: tuple[str, ...]


def find_files(root: Path, on_progress: ProgressCallback = ignore_progress) -> FileTree:
    """List all files below a folder.

    Hidden files and folders, and what macOS adds to archives, are passed over. Links to
    folders are not followed, so that a loop of links ends and nothing is listed twice; links
    to files are, if they stay inside.

    Args:
        root: the folder, without links in its own path (``Path.resolve``).
        on_progress: told how many were found.

    Raises:
        InputError: if ``root`` itself cannot be read.
    """
    files: list[str] = []
    links: list[str] = []
    unreadable: list[str] = []
    left = [""]
    while left:
        on_progress(Progress("Looking through the files", len(files)))
        folder = left.pop()
        try:
            found = _scan(root, folder)
        except OSError as error:
            if not folder:
                raise InputError(f"{root} cannot be read ({error.strerror}).") from error
            unreadable.append(folder)
            continue
        files += found.files
        links += found.links
        left += found.folders
    return FileTree(tuple(files), tuple(links), tuple(unreadable))


def is_inside(path: Path, root: Path) -> bool:
    """Whether ``path`` lies in ``root``, which has no links, once links are followed."""
    return Path(os.path.realpath(path)).is_relative_to(root)


def existing_folder(path: str | Path, expected: str) -> Path:
    """The folder at ``path`` without links and "~".

    Args:
        path: what the user gave.
        expected: what the folder is to hold, for the message.

    Raises:
        InputError: if there is none.
    """
    try:
        folder = Path(path).expanduser()
        if not folder.exists():
            raise InputError(f"{path} does not exist: give the folder with {expected}.")
        if not folder.is_dir():
            raise InputError(f"{path} is a file: give the folder with {expected}, extracted.")
        return folder.resolve()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from error
    except (ValueError, RuntimeError) as error:  # a zero byte; "~" of an unknown user
        if isinstance(error, InputError):
            raise
        raise InputError(f"{str(path)!r} is not the path of a folder ({error}).") from error


def display_name(name: str) -> str:
    """A file's or class's name as text that can be shown, printed and written anywhere.

    Bytes that are no text, which file names on Linux may hold, and control characters, such
    as line breaks, become question marks in a diamond.
    """
    text = unicodedata.normalize("NFC", name)
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(letter) in ("Cc", "Cs") else letter
        for letter in text
    )


@dataclass(frozen=True, slots=True)
class _Scan:
    """What lies directly in a folder."""

    folders: list[str]
    files: list[str]
    links: list[str]


def _scan(root: Path, folder: str) -> _Scan:
    found = _Scan([], [], [])
    with os.scandir(root / folder) as entries:
        for entry in entries:
            if _is_hidden(entry.name):
                continue
            path = f"{folder}/{entry.name}" if folder else entry.name
            # What the folder says of an entry; asking the entry itself takes far longer.
            if entry.is_dir(follow_symlinks=False):
                found.folders.append(path)
            elif entry.is_file(follow_symlinks=False) or _is_file_inside(entry, root):
                found.files.append(path)
            elif entry.is_symlink():
                found.links.append(path)
    return found


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def _is_file_inside(entry: "os.DirEntry[str]", root: Path) -> bool:
    try:
        return entry.is_symlink() and entry.is_file() and is_inside(Path(entry.path), root)
    except OSError:  # links in a circle
        return False
