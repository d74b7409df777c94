"""What can be exported as a picture. Qt is imported when one is made."""

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from symmcore.errors import InputError, one_line
from symmcore.export import ExportKind, ExportOptions
from symmcore.progress import ProgressCallback
from symmcore.runs.reading.recording import Recording

PICTURES = (".png", ".svg", ".pdf")


def _writer(
    module: str, function: str
) -> Callable[[Sequence[Recording], Path, ExportOptions, ProgressCallback], None]:
    """What calls a function of a module that imports Qt."""

    def write(
        recordings: Sequence[Recording],
        path: Path,
        options: ExportOptions,
        progress: ProgressCallback,
    ) -> None:
        try:
            found = getattr(import_module(f"symmviz.exporting.{module}"), function)
        except ImportError as error:
            raise InputError(
                f"Pictures need Qt, which cannot be used here ({one_line(error)})."
            ) from error
        found(recordings, path, options, progress)

    return write


PICTURE_KINDS = (
    ExportKind(
        "map",
        "Map",
        "The maps of runs after a step, side by side.",
        PICTURES,
        _writer("maps", "write_map"),
    ),
    ExportKind(
        "figure8",
        "Figure 8",
        "The maps of runs after several steps side by side, a row a run: original points blue, "
        "synthetic ones red, as in the paper's Fig. 8.",
        PICTURES,
        _writer("figure8", "write_figure8"),
        is_history=True,
    ),
    ExportKind(
        "curves",
        "Curves",
        "The plots of all runs.",
        PICTURES,
        _writer("curves", "write_curves"),
        is_history=True,
        has_images=False,
    ),
    ExportKind(
        "animation",
        "Animation",
        "The maps of runs from their first frame to the last, side by side.",
        (".mp4", ".gif"),
        _writer("animation", "write_animation"),
        is_history=True,
    ),
)
