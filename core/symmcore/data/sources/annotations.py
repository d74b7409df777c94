"""What the official archives of the benchmarks have in common: lists of files, checked.

Annotations come from outside. A path in them is used only if it stays inside the dataset's
folder, and everything wrong is refused naming the file and the line.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from symmcore.data.sources.file_tree import (
    archive_file,
    existing_folder,
    is_inside,
)
from symmcore.errors import InputError

# The longest official list has 5 MB.
_LONGEST_LIST = 64 * 2**20
_DRIVE = re.compile(r"[A-Za-z]:")
_MOST_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Annotation:
    """One annotated image.

    Attributes:
        file: its path below the dataset's folder.
        label: the archive's number of its class, from 1.
        trains: whether it trains.
        where: where that is written, for messages: "images.txt, line 7".
    """

    file: str
    label: int
    trains: bool
    where: str


def find_archive(path: str | Path, marker: str, *, follow_links: bool = False) -> Path:
    """The folder that holds the file ``marker``: ``path`` or a folder in it.

    Args:
        path: what the user gave.
        marker: the name of the file.
        follow_links: whether the folder in it may be a link out of it.

    Raises:
        InputError: if there is none, or more than one.
    """
    root = existing_folder(path, marker)
    try:
        if (root / marker).is_file():
            return root
        # a link beside the folder it leads to is not a second one
        found = sorted(
            {
                folder.resolve()
                for folder in root.iterdir()
                if (folder / marker).is_file() and (follow_links or is_inside(folder, root))
            }
        )
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from error
    if not found:
        raise InputError(
            f"{path} holds no {marker}: extract the whole archive and give its folder."
        )
    if len(found) > 1:
        names = " and ".join(folder.name for folder in found[:2])
        raise InputError(f"{path} holds more than one {marker}, in {names}: give one of them.")
    return found[0]


def read_lines(root: Path, name: str, *, follow_links: bool = False) -> Iterator[tuple[str, str]]:
    """Read a list of the archive.

    Args:
        root: the archive's folder.
        name: the list's name in it.
        follow_links: whether it may be a link out of the folder.

    Yields:
        Each line that is not empty, and where it is written: ("1 a.jpg", "images.txt, line 1").

    Raises:
        InputError: if the file is not there, cannot be read or is not text in UTF-8.
    """
    path = archive_file(root, name, _LONGEST_LIST, follow_links=follow_links)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}, line {row}, is not text in UTF-8: extract it anew.") from error
    for number, line in enumerate(text.split("\n"), 1):
        if stripped := line.strip():
            yield stripped, f"{path}, line {number},"


def fields(line: str, where: str, expected: str) -> list[str]:
    """The fields of a line; the last takes what is left, spaces too.

    Args:
        line: the line.
        where: where it is written.
        expected: the names of the fields.

    Raises:
        InputError: if there are not as many.
    """
    count = len(expected.split())
    found = line.split(maxsplit=count - 1)
    if len(found) != count:
        raise InputError(f"{where} is {quoted(line)}: {expected} is expected.")
    return found


def whole_number(text: str, where: str, most: int | None = None) -> int:
    """A number from 1, at most ``most``.

    Raises:
        InputError: if ``text`` is anything else.
    """
    good = text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
    if not good or int(text) < 1 or (most is not None and int(text) > most):
        limit = "from 1" if most is None else f"from 1 to {most:,}"
        raise InputError(f"{where} has {quoted(text)} where a number {limit} is expected.")
    return int(text)


def inside_path(text: str, where: str) -> str:
    """A path that stays below the dataset's folder as far as its letters tell.

    Raises:
        InputError: if it is absolute, has a drive letter, goes up or is no path.
    """
    parts = re.split(r"[/\\]", text)
    if text.startswith(("/", "\\")) or _DRIVE.match(text) or ".." in parts:
        raise InputError(f"{where} points outside the dataset's folder with {quoted(text)}.")
    path = PurePosixPath(text).as_posix()
    if path == "." or any(unicodedata.category(letter) in ("Cc", "Cs") for letter in text):
        raise InputError(f"{where} has {quoted(text)} where the path of an image is expected.")
    return path


def quoted(text: str) -> str:
    """Text of a file, cut and with escapes, as a message quotes it."""
    return repr(text if len(text) <= 80 else f"{text[:80]}...")
