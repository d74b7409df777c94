"""Frames of runs side by side, as the paper's Fig. 8 shows where synthetic points come to lie."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PySide6.QtGui import QImage

from symmcore.export.frames import frame_step, spread_evenly
from symmcore.export.options import ExportOptions
from symmcore.progress import ProgressCallback
from symmcore.runs.reading.recording import Recording
from symmviz.exporting.maps import MapSheet, RunMap, run_maps, sheet_note
from symmviz.exporting.sheet import ensure_application, sheet_image, write_sheet
from symmviz.raster import Look, Symbol

PROPOSED = 4
"""Frames that are shown where none are named: the first, the last, and two between them."""
_ORIGINAL, _SYNTHETIC = "#1f5fbf", "#d6241f"  # blue and red, as the paper has them
_OPAQUE = 0xC8 << 24
_SIDE = 320  # of a map, in units
_PIXELS = 2.0  # of the picture that is looked at, for each unit
_MOST_PIXELS = 4000  # of its width


@dataclass(frozen=True, slots=True, eq=False)
class DrawnFigure:
    """A picture that was drawn.

    Attributes:
        image: the picture.
        steps: whose frames it shows.
    """

    image: QImage
    steps: tuple[int, ...]


def proposed_steps(recordings: Sequence[Recording], last: int | None = None) -> tuple[int, ...]:
    """Steps from the first frame of all runs to the last, as many frames apart each.

    Frames come early and then evenly, so that more of them are of the time when most happens.

    Args:
        recordings: the runs.
        last: no later ones; None for all.

    Raises:
        InputError: if a run has no frame by then.
    """
    ends = [frame_step(recording, last) for recording in recordings]
    steps = {
        step
        for recording, end in zip(recordings, ends, strict=True)
        for step in recording.state.frame_steps
        if step <= end
    }
    return spread_evenly(tuple(sorted(steps)), PROPOSED)


def write_figure8(
    recordings: Sequence[Recording], path: Path, options: ExportOptions, progress: ProgressCallback
) -> None:
    """Write frames of runs side by side, a row a run: PNG, SVG or PDF.

    Raises:
        InputError: if there are too many runs, or one has no frame at the first step.
    """
    sheet, _ = _sheet(recordings, options, progress)
    write_sheet(sheet, path)


def draw_figure8(
    recordings: Sequence[Recording], options: ExportOptions, progress: ProgressCallback
) -> DrawnFigure:
    """Draw the picture that :func:`write_figure8` writes, to be looked at.

    Raises:
        InputError: as it does.
    """
    ensure_application()
    sheet, steps = _sheet(recordings, options, progress)
    return DrawnFigure(sheet_image(sheet, min(_PIXELS, _MOST_PIXELS / sheet.size[0])), steps)


def _sheet(
    recordings: Sequence[Recording], options: ExportOptions, progress: ProgressCallback
) -> tuple[MapSheet, tuple[int, ...]]:
    shown = options.steps or proposed_steps(recordings, options.step)
    steps = [tuple(frame_step(recording, at) for at in shown) for recording in recordings]
    options = replace(options, by_class=False)
    maps, _ = run_maps(recordings, steps, options, progress)
    legend = [(_ORIGINAL, "original", Symbol.CIRCLE)]
    if options.synthetic:
        legend.append((_SYNTHETIC, "synthetic", Symbol.DIAMOND))
    cells = [cell for one in maps for cell in _cells(one)]
    return MapSheet(cells, legend, sheet_note(recordings, options), _SIDE, len(shown)), shown


def _cells(one: RunMap) -> list[RunMap]:
    """Each frame of a run as a map of its own; the first has the run's title."""
    codes = [_OPAQUE | int(colour[1:], 16) for colour in (_ORIGINAL, _SYNTHETIC)]
    look = Look(np.array(codes, np.uint32), np.zeros(2, np.uint8))
    return [
        replace(one, title="" if at else one.title, steps=(step,), frames=(frame,), look=look)
        for at, (step, frame) in enumerate(zip(one.steps, one.frames, strict=True))
    ]
