"""What can be exported without a screen, and as which files."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from symmcore.errors import InputError
from symmcore.export.embeddings import NPZ, write_embeddings
from symmcore.export.html import write_html
from symmcore.export.metrics import write_metrics
from symmcore.export.options import ExportOptions
from symmcore.export.projector import CONTENTS, write_projector
from symmcore.export.retrieval import write_retrieval, write_selection
from symmcore.export.tables import CSV, PARQUET, file_ending
from symmcore.export.tensorboard import EVENTS, write_tensorboard
from symmcore.progress import ProgressCallback
from symmcore.runs.reading.recording import Recording

Writer = Callable[[Sequence[Recording], Path, ExportOptions, ProgressCallback], None]
"""Writes to a path where nothing is yet; the progress is told now and then, and raises to
cancel."""


@dataclass(frozen=True, slots=True)
class ExportKind:
    """Something that can be exported.

    Attributes:
        name: as the command line has it.
        label: as people call it.
        about: what it is, in one sentence.
        endings: of the file, the first being the usual one; empty where it is a folder.
        write: makes it.
        contents: for a folder, patterns of the files in it, the first of one that always is.
        one_run: whether it is of one run alone.
        is_history: whether it is of all frames or steps up to a step, not of that one alone.
        has_images: whether it is of the images of one split.
    """

    name: str
    label: str
    about: str
    endings: tuple[str, ...]
    write: Writer
    contents: tuple[str, ...] = ()
    one_run: bool = False
    is_history: bool = False
    has_images: bool = True

    def check_ending(self, path: Path) -> None:
        """Check that a file's name says a format that there is.

        Raises:
            InputError: if it does not.
        """
        if self.endings and file_ending(path) not in self.endings:
            *others, last = self.endings
            allowed = f"{', '.join(others)} or {last}" if others else last
            ending = repr(path.suffix) if path.suffix else "no ending"
            raise InputError(f"{path} ends with {ending}: {self.name} is written as {allowed}.")


KINDS: tuple[ExportKind, ...] = (
    ExportKind(
        "metrics",
        "Metrics",
        "Every recorded number: run, metric, step, value.",
        (CSV, PARQUET),
        write_metrics,
        is_history=True,
        has_images=False,
    ),
    ExportKind(
        "embeddings",
        "Embeddings",
        "A row for each image: embedding, coordinates, class, file, neighbours. Parquet opens in "
        "Embedding Atlas.",
        (PARQUET, NPZ, CSV),
        write_embeddings,
        one_run=True,
    ),
    ExportKind(
        "projector",
        "TensorBoard projector",
        "A folder that TensorBoard's Embedding Projector opens.",
        (),
        write_projector,
        CONTENTS,
        one_run=True,
    ),
    ExportKind(
        "tensorboard",
        "TensorBoard scalars",
        "A folder of event files with every metric.",
        (),
        write_tensorboard,
        (f"*/{EVENTS}",),
        is_history=True,
        has_images=False,
    ),
    ExportKind(
        "html",
        "Web page",
        "One file with map, curves and failures, for any browser.",
        (".html",),
        write_html,
        one_run=True,
        is_history=True,
    ),
    ExportKind(
        "selection",
        "List of images",
        "The paths of the selected images, or of all.",
        (".txt", CSV),
        write_selection,
        one_run=True,
    ),
    ExportKind(
        "retrieval",
        "Retrieval",
        "Each query with its neighbours, their similarities, and whether they are right.",
        (CSV, PARQUET),
        write_retrieval,
    ),
)
