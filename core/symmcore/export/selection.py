"""Reads lists of images: those that were exported, and those that people write by hand."""

import csv
import io
from pathlib import Path

from symmcore.errors import InputError, one_line
from symmcore.export.frames import ImageNames
from symmcore.export.tables import CSV, file_ending
from symmcore.runs.formats.files import reason
from symmcore.runs.reading.recording import Recording

_MOST_BYTES = 64 * 2**20
_SHOWN = 80


def read_selection(path: Path, recording: Recording) -> tuple[int, ...]:
    """The positions in the dataset of the images that a file lists, in its order, each once.

    A line of text is the path of an image, whole, below the dataset's folder or only its last
    part where that is unique, or a position in the dataset; a CSV has a column "sample" or "file".

    Raises:
        InputError: if the file cannot be read, or names something else.
    """
    lines = _entries(path)
    if not lines:
        raise InputError(f"{path} lists no images: write a path or a number on each line.")
    known = _Known(recording)
    return tuple(dict.fromkeys(known.sample(path, number, text) for number, text in lines))


def _entries(path: Path) -> list[tuple[int, str]]:
    """What stands in each line that is not empty, with the line's number."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(f"{path} is too large for a list of images.")
        text = path.read_text(encoding="utf-8-sig", errors="surrogateescape")
    except OSError as error:
        raise InputError(f"{path} cannot be read ({reason(error)}).") from error
    if "\0" in text:
        raise InputError(f"{path} is no text: a list of images has a path on each line.")
    if file_ending(path) != CSV:
        lines = enumerate(text.splitlines(), start=1)
        return [(number, line.strip()) for number, line in lines if line.strip()]
    reader = csv.DictReader(io.StringIO(text))
    try:
        named = reader.fieldnames or ()
        column = next((name for name in ("sample", "file") if name in named), None)
        if column is None:
            raise InputError(f'{path} has no column called "sample" or "file".')
        return [(reader.line_num, row[column]) for row in reader if row[column]]
    except csv.Error as error:
        raise InputError(
            f"{path}, line {reader.line_num}, cannot be read as CSV ({one_line(error)})."
        ) from error


class _Known:
    """The images that a run has, by what they can be called."""

    def __init__(self, recording: Recording) -> None:
        self._folder = recording.folder
        found = recording.image_files()
        self._root = None if found is None else found.root
        self._names = ImageNames.of(recording).files
        self._by_name = {name: at for at, name in enumerate(self._names)}
        self._by_last: dict[str, int] = {}
        for at, name in enumerate(self._names):
            last = name.rpartition("/")[2]
            self._by_last[last] = -1 if last in self._by_last else at
        self._samples = _samples(recording)

    def sample(self, path: Path, number: int, text: str) -> int:
        """The image that a line names."""
        name = text.replace("\\", "/").removeprefix("./")
        if self._root is not None:
            name = name.removeprefix(f"{self._root.as_posix()}/")
        found = self._by_name.get(name)
        if found is None and text.isascii() and text.isdecimal() and len(text) < 12:
            found = int(text) if int(text) in self._samples else None
        if found is None:
            found = self._by_last.get(name)
        if found is None or found < 0:
            what = "several images" if found == -1 else "no image"
            raise InputError(
                f"{path}, line {number}: {text!r:.{_SHOWN}} is {what} of {self._folder}."
            )
        return found


def _samples(recording: Recording) -> frozenset[int]:
    """The positions in the dataset of all images that a run has embedded."""
    state = recording.state
    if not state.frame_steps:
        return frozenset()
    frame = recording.frame(state.frame_steps[-1])
    images = [frame.train.points, frame.test.points, recording.gallery(state.last_step)]
    return frozenset(sample for one in images for sample in one.samples.tolist())
