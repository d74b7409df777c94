"""Embeddings that were made elsewhere as runs of one frame, which the window opens."""

from symmcore.importing.embeddings import ImportOptions, read_embeddings
from symmcore.importing.imported import Imported
from symmcore.importing.run import write_run

__all__ = ["ImportOptions", "Imported", "read_embeddings", "write_run"]
