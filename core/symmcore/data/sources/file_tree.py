"""Which files lie in a dataset's folder, found without leaving it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from symmcore.data.sources.metadata_names import is_metadata
from symmcore.errors import InputError
from symmcore.progress import Progress, ProgressCallback, ignore_progress


class LeftOut(StrEnum):
    """Why an entry of a folder is not in its :class:`FileTree`."""

    LINK = "link"
    """A link to a folder, or to a file outside, which was not to be followed."""
    BROKEN_LINK = "broken_link"
    """A link to nothing, or in a circle, or to what is neither a file nor a folder."""
    REPEATED_LINK = "repeated_link"
    """A link to a folder that is listed already or that holds the dataset's."""
    UNREADABLE = "unreadable_folder"
    """A folder that could not be read."""
    METADATA = "system_metadata"
    """A file or folder of an operating system, of storage or of a program."""
    HIDDEN = "hidden"
    """A file or folder whose name begins with a dot."""
    SPECIAL = "special_file"
    """A pipe, a socket or a device."""


@dataclass(frozen=True, slots=True)
class FileTree:
    """The files below a folder.

    Paths are relative to the folder, with forward slashes, and go through links that were
    followed.

    Attributes:
        files: all regular files, and links to such; in no order.
        folders: all folders that were looked into, in no order.
        leaving: links out of the folder that were followed.
        left_out: what was not listed, by the reason, in no order.
    """

    files: tuple[str, ...]
    folders: tuple[str, ...] = ()
    leaving: tuple[str, ...] = ()
    left_out: Mapping[LeftOut, tuple[str, ...]] = field(default_factory=dict)

    def without(self, reason: LeftOut) -> tuple[str, ...]:
        """What was not listed for a reason."""
        return self.left_out.get(reason, ())


def find_files(
    root: Path, on_progress: ProgressCallback = ignore_progress, *, follow_links: bool = False
) -> FileTree:
    """List all files below a folder.

    Hidden files and folders, and those of systems and programs, are passed over. Links to files
    are listed if they stay inside. Other links are left out, unless they are to be followed:
    then no folder is listed twice, however many links lead to it, and none that holds ``root``,
    so that every circle of links ends.

    Args:
        root: the folder, without links in its own path (``Path.resolve``).
        on_progress: told how many were found.
        follow_links: whether to follow links to folders and out of ``root``.

    Raises:
        InputError: if ``root`` itself cannot be read.
    """
    return _Search(root, on_progress, follow_links).run()


def is_inside(path: Path, root: Path) -> bool:
    """Whether ``path`` lies in ``root``, which has no links, once links are followed."""
    return Path(os.path.realpath(path)).is_relative_to(root)


def archive_file(root: Path, name: str, most_bytes: int, *, follow_links: bool) -> Path:
    """A file that belongs to an archive, before it is read: there, inside, and not too large.

    Args:
        root: the archive's folder, without links.
        name: the file's name in it.
        most_bytes: what it has at most.
        follow_links: whether it may be a link out of the folder.

    Raises:
        InputError: if it is anything else, or cannot be opened.
    """
    path = root / name
    try:
        if not path.is_file():
            raise InputError(
                f"{root} holds no {name}: extract the whole archive and give its folder."
            )
        if not follow_links and not is_inside(path, root):
            raise InputError(
                f"{path} is a link out of the dataset's folder: put the file there, or follow "
                "links (--follow-links)."
            )
        if path.stat().st_size > most_bytes:
            raise InputError(f"{path} is larger than any such file: extract it anew.")
        with path.open("rb"):
            return path
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error}).") from error


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


@dataclass(frozen=True, slots=True)
class _Scan:
    """What lies directly in a folder."""

    folders: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    metadata: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    special: list[str] = field(default_factory=list)


def _scan(root: Path, folder: str) -> _Scan:
    found = _Scan()
    with os.scandir(root / folder) as entries:
        for entry in entries:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if is_metadata(entry.name):
                found.metadata.append(path)
            elif entry.name.startswith("."):
                found.hidden.append(path)
            # What the folder says of an entry; asking the entry itself takes far longer.
            elif entry.is_dir(follow_symlinks=False):
                found.folders.append(path)
            elif entry.is_file(follow_symlinks=False):
                found.files.append(path)
            elif entry.is_symlink():
                found.links.append(path)
            else:
                found.special.append(path)
    return found


class _Search:
    """One walk through a folder: first its own folders, then what links lead to."""

    def __init__(self, root: Path, on_progress: ProgressCallback, follow_links: bool) -> None:
        self._root = root
        self._tell = on_progress
        self._follow_links = follow_links
        self._files: list[str] = []
        self._folders: list[str] = []
        self._leaving: list[str] = []
        self._left_out: dict[LeftOut, list[str]] = {}
        self._links: list[str] = []
        self._seen: set[str] = set()

    def run(self) -> FileTree:
        self._walk("")
        while self._links:
            # in an order that does not depend on the disk's: which of two links is the second
            links, self._links = sorted(self._links), []
            for link in links:
                self._take(link)
        return FileTree(
            tuple(self._files),
            tuple(self._folders),
            tuple(self._leaving),
            {reason: tuple(paths) for reason, paths in self._left_out.items()},
        )

    def _walk(self, start: str) -> bool:
        """List what lies below a folder; False if that was listed already."""
        left, before = [start], len(self._seen)
        while left:
            self._tell(Progress("Looking through the files", len(self._files)))
            folder = left.pop()
            if self._follow_links and not self._is_new(folder):
                self._leave_out(LeftOut.REPEATED_LINK, folder)
                continue
            try:
                found = _scan(self._root, folder)
            except OSError as error:
                if not folder:
                    raise InputError(f"{self._root} cannot be read ({error.strerror}).") from error
                self._leave_out(LeftOut.UNREADABLE, folder)
                continue
            if folder:
                self._folders.append(folder)
            self._files += found.files
            self._links += found.links
            self._leave_out(LeftOut.METADATA, *found.metadata)
            self._leave_out(LeftOut.HIDDEN, *found.hidden)
            self._leave_out(LeftOut.SPECIAL, *found.special)
            left += found.folders
        return len(self._seen) > before

    def _is_new(self, folder: str) -> bool:
        real = os.path.realpath(self._root / folder)
        if real in self._seen:
            return False
        self._seen.add(real)
        return True

    def _take(self, link: str) -> None:
        """List what a link leads to, or leave it out."""
        path = self._root / link
        try:
            is_file, is_folder = path.is_file(), path.is_dir()
        except OSError:  # links in a circle, a folder that may not be looked into
            is_file = is_folder = False
        if not is_file and not is_folder:
            self._leave_out(LeftOut.BROKEN_LINK, link)
        elif is_file and is_inside(path, self._root):
            self._files.append(link)
        elif not self._follow_links:
            self._leave_out(LeftOut.LINK, link)
        elif is_file:
            self._files.append(link)
            self._leaving.append(link)
        elif self._root.is_relative_to(os.path.realpath(path)):
            self._leave_out(LeftOut.REPEATED_LINK, link)
        else:
            if self._walk(link) and not is_inside(path, self._root):
                self._leaving.append(link)

    def _leave_out(self, reason: LeftOut, *paths: str) -> None:
        if paths:
            self._left_out.setdefault(reason, []).extend(paths)
