"""What the user wants to be exported."""

from dataclasses import dataclass
from pathlib import Path

from symmcore.export import ExportKind, ExportOptions
from symmcore.runs.reading.recording import Recording


@dataclass(frozen=True, slots=True, eq=False)
class ExportRequest:
    """An export that can be carried out.

    Attributes:
        kind: what is exported.
        recordings: of which runs.
        path: of the file or folder.
        options: which frames and images.
        overwrite: whether what is there is replaced.
    """

    kind: ExportKind
    recordings: tuple[Recording, ...]
    path: Path
    options: ExportOptions
    overwrite: bool
