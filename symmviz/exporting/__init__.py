"""Everything that can be exported: what symmcore writes, and pictures."""

from collections.abc import Sequence
from pathlib import Path

from symmcore.errors import InputError
from symmcore.export import KINDS, ExportKind, ExportOptions, OutputExistsError, whole_output
from symmcore.progress import ProgressCallback
from symmcore.runs.reading.recording import Recording
from symmviz.exporting.picture_kinds import PICTURE_KINDS

__all__ = ["EXPORTS", "OutputExistsError", "export", "export_kind"]

EXPORTS: tuple[ExportKind, ...] = (*PICTURE_KINDS, *KINDS)


def export_kind(name: str) -> ExportKind:
    """Return what is called so.

    Raises:
        InputError: if nothing is.
    """
    for kind in EXPORTS:
        if kind.name == name:
            return kind
    raise InputError(f"Nothing to export is called {name!r:.40}.")


def export(
    kind: ExportKind,
    recordings: Sequence[Recording],
    path: Path,
    options: ExportOptions,
    progress: ProgressCallback,
    *,
    overwrite: bool,
) -> None:
    """Write runs to a file or folder, whole or not at all.

    Args:
        kind: what of them.
        recordings: the runs.
        path: of the file or folder.
        options: which frames and images.
        progress: told how far it is; raises to cancel, and nothing is left then.
        overwrite: whether what is there is replaced.

    Raises:
        InputError: if the path or an option does not fit, or a library is missing.
    """
    kind.check_ending(path)
    with whole_output(path, overwrite=overwrite, contents=kind.contents) as made:
        kind.write(recordings, made, options, progress)
