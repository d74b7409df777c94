"""Runs as files that other programs read; everything of a run is read through a ``Recording``.

Each module writes one kind of file; :mod:`symmcore.export.kinds` lists them. What they need
beyond the project's own dependencies is in the extra ``symmviz[export]``.
"""

from symmcore.export.kinds import KINDS, ExportKind
from symmcore.export.options import ExportOptions
from symmcore.export.output import OutputExistsError, whole_output

__all__ = ["KINDS", "ExportKind", "ExportOptions", "OutputExistsError", "whole_output"]
