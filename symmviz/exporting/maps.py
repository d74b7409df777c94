"""Maps of runs as pictures: the window's rasteriser draws the points, Qt the words."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from symmcore.errors import InputError
from symmcore.export.coordinates import chosen_method, projections
from symmcore.export.frames import frame_step, kind_of, watched
from symmcore.export.options import ExportOptions
from symmcore.palette import ORIGINAL_ON_LIGHT, SYNTHETIC_ON_LIGHT, class_colours
from symmcore.progress import ProgressCallback
from symmcore.projection.base import TRAIN
from symmcore.projection.methods import method_info
from symmcore.records import FloatArray, IndexArray, Projection
from symmcore.runs.reading.recording import Recording
from symmviz.exporting.map_legend import LINE, legend_lines, paint_legend
from symmviz.exporting.sheet import (
    BACKGROUND,
    BORDER,
    MUTED,
    check_runs,
    draw_run,
    draw_text,
    write_sheet,
)
from symmviz.model.display import RunTitle
from symmviz.model.map.bounds import Bounds, bounds_of
from symmviz.model.runs.titles import run_titles
from symmviz.raster import Look, Points, Rasterizer, Scene, Symbol, Transform
from symmviz.raster.scene import StyleArray
from symmviz.raster.sizes import symbol_diameter

MOST_RUNS = 6
_ACROSS = 3
_MARGIN, _GAP, _HEAD, _FOOT = 16, 16, 44, 22  # units
_SIDE = 560  # of a map, in units
_OPAQUE, _FAINT = 0xE0, 0x6B  # alpha
_ROOM = 0.05  # around the points, a share of their extent


@dataclass(frozen=True, slots=True, eq=False)
class RunMap:
    """One run's map at several steps.

    Attributes:
        title: what the run is called.
        place: of its colour and symbol, see :func:`symmcore.palette.run_places`.
        steps: of its frames.
        frames: of each, (N, 2) float32 synthetic and original points.
        styles: (N,) rows of the look, of synthetic and of original points.
        look: what the styles look like.
        caption: what the picture is, to be followed by the step.
    """

    title: str
    place: int
    steps: tuple[int, ...]
    frames: tuple[tuple[FloatArray, FloatArray], ...]
    styles: tuple[StyleArray, StyleArray]
    look: Look
    caption: str


class MapSheet:
    """The maps of runs side by side, at one place of their frames.

    Attributes:
        place: which frame, from 0; between two of them the points are on their way.
    """

    def __init__(
        self,
        maps: Sequence[RunMap],
        legend: Sequence[tuple[str, str, Symbol]],
        note: str,
        side: int = _SIDE,
        across: int = _ACROSS,
    ) -> None:
        """Put a picture together.

        Args:
            maps: of the runs.
            legend: colour, words and symbol of what the colours mean.
            note: what is said under the picture.
            side: of a map, in units.
            across: how many maps stand side by side.
        """
        self.place = float(len(maps[0].steps) - 1)
        self._maps = maps
        self._legend = legend
        self._note = note
        self._side = side
        self._across = across
        self._rasterizer = Rasterizer()
        every = [points for one in maps for frame in one.frames for points in frame]
        self._bounds = (bounds_of(every) or Bounds()).grown(_ROOM)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, in units of a 96th of an inch."""
        across = min(len(self._maps), self._across)
        down = -(-len(self._maps) // across)
        width = 2 * _MARGIN + across * self._side + (across - 1) * _GAP
        height = 2 * _MARGIN + down * (self._side + _HEAD) + (down - 1) * _GAP + _FOOT
        return width, height + self._legend_height(width)

    def _legend_height(self, width: int) -> int:
        return LINE * len(legend_lines(self._legend, width - 2 * _MARGIN))

    def load_loops(self, poll: Callable[[], None]) -> None:
        """Have many pictures drawn fast: see :meth:`symmviz.raster.Rasterizer.load`."""
        self._rasterizer.load(poll)

    def paint(self, painter: QPainter) -> None:
        """Paint all of it, from (0, 0) on; the background is there already."""
        pixels = max(painter.worldTransform().m11(), 2.0)
        for at, one in enumerate(self._maps):
            row, column = divmod(at, self._across)
            x = _MARGIN + column * (self._side + _GAP)
            y = _MARGIN + row * (self._side + _HEAD + _GAP)
            self._paint_map(painter, one, QPointF(x, y), pixels)
        width, height = self.size
        legend = self._legend_height(width)
        top = height - _MARGIN - legend - _FOOT
        paint_legend(painter, self._legend, QRectF(_MARGIN, top, width - 2 * _MARGIN, legend))
        box = QRectF(_MARGIN, top + legend, width - 2 * _MARGIN, _FOOT)
        draw_text(painter, box, self._note, MUTED, size=12)

    def _paint_map(self, painter: QPainter, one: RunMap, at: QPointF, pixels: float) -> None:
        side = self._side
        step = one.steps[min(int(self.place + 0.5), len(one.steps) - 1)]
        head = QRectF(at.x(), at.y(), side, 20)
        if one.title:
            draw_run(painter, head, one.title, one.place)
        under = head.translated(0, 20)
        draw_text(painter, under, f"{one.caption} · step {step:,}", MUTED, size=12)
        box = QRectF(at.x(), at.y() + _HEAD, side, side)
        painter.drawImage(box, self._image(one, round(side * pixels), pixels))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(BORDER), 1))
        painter.drawRect(box)

    def _image(self, one: RunMap, side: int, pixels: float) -> QImage:
        """The points, as the window draws them."""
        before = min(int(self.place), len(one.frames) - 1)
        after = min(before + 1, len(one.frames) - 1)
        kinds = tuple(
            Points(one.frames[before][kind], one.frames[after][kind], one.styles[kind], symbol)
            for kind, symbol in enumerate((Symbol.DIAMOND, Symbol.CIRCLE))
        )
        shown = [kind for kind in kinds if len(kind.styles)]
        count = sum(len(kind.styles) for kind in shown)
        diameter = symbol_diameter((side / pixels) ** 2 / max(count, 1))
        scene = Scene(
            tuple(shown),
            one.look,
            _transform(self._bounds, side),
            self.place - before,
            diameter * pixels,
            0xFF000000 | int(BACKGROUND[1:], 16),
        )
        array = np.empty((side, side), np.uint32)
        self._rasterizer.draw(scene, array)
        image = QImage(array.data, side, side, 4 * side, QImage.Format.Format_RGB32)
        return image.copy()  # it outlives the array


def write_map(
    recordings: Sequence[Recording], path: Path, options: ExportOptions, progress: ProgressCallback
) -> None:
    """Write the maps of runs after a step side by side: PNG, SVG or PDF.

    Raises:
        InputError: if there are too many runs, or one has no frame.
    """
    steps = [(frame_step(recording, options.step),) for recording in recordings]
    write_sheet(map_sheet(recordings, steps, options, progress), path)


def map_sheet(
    recordings: Sequence[Recording],
    steps: Sequence[tuple[int, ...]],
    options: ExportOptions,
    progress: ProgressCallback,
    side: int = _SIDE,
) -> MapSheet:
    """The maps of runs at some steps of each.

    Raises:
        InputError: if there are too many runs, or a frame cannot be read.
    """
    maps, classes = run_maps(recordings, steps, options, progress)
    return MapSheet(maps, _legend(classes, options), sheet_note(recordings, options), side)


def run_maps(
    recordings: Sequence[Recording],
    steps: Sequence[tuple[int, ...]],
    options: ExportOptions,
    progress: ProgressCallback,
) -> tuple[list[RunMap], dict[str, int]]:
    """The map of each run at some steps, and the place of each class in the legend, by name.

    Raises:
        InputError: if there are too many runs, or a frame cannot be read.
    """
    check_runs(len(recordings), MOST_RUNS, "one picture")
    method = chosen_method(recordings, options, sorted({at for one in steps for at in one}))
    drawn = projections(recordings, steps, method, options, progress)
    titles = run_titles(tuple(recording.info for recording in recordings))
    classes = _classes(recordings, steps, options)
    maps = [
        _run_map(recording, title, projected, method, options, classes)
        for recording, title, projected in zip(recordings, titles, drawn, strict=True)
    ]
    return maps, classes


def _run_map(
    recording: Recording,
    title: RunTitle,
    projected: Sequence[Projection],
    method: str,
    options: ExportOptions,
    classes: Mapping[str, int],
) -> RunMap:
    images = watched(recording.frame(projected[-1].step), options.split)
    if not len(images.points.samples):
        raise InputError(f"{recording.folder} watches no {kind_of(options.split)} images.")
    names = [recording.info.class_name(label) for label in images.points.labels.tolist()]
    places = np.array([classes[name] for name in names], dtype=np.int64)
    look, original, synthetic = _styles(places, len(classes), by_class=options.by_class)
    kept = images.partner >= 0 if options.synthetic else np.zeros(len(original), dtype=bool)
    frames = []
    for one in projected:
        plane = one.train if options.split == TRAIN else one.test
        # writable copies, as the rasteriser wants them
        frames.append((plane.synthetic[kept], np.array(plane.original, order="C")))
    return RunMap(
        title.title,
        title.place,
        tuple(one.step for one in projected),
        tuple(frames),
        (synthetic[kept], original),
        look,
        method_info(method).label,
    )


def _classes(
    recordings: Sequence[Recording], steps: Sequence[tuple[int, ...]], options: ExportOptions
) -> dict[str, int]:
    """The place of each class of all runs in the legend, by name: runs number them differently."""
    names: dict[str, None] = {}
    for recording, own in zip(recordings, steps, strict=True):
        labels = watched(recording.frame(own[-1]), options.split).points.labels
        names |= dict.fromkeys(
            recording.info.class_name(label) for label in np.unique(labels).tolist()
        )
    return {name: place for place, name in enumerate(names)}


def _styles(
    places: IndexArray, count: int, *, by_class: bool
) -> tuple[Look, StyleArray, StyleArray]:
    """The look, and its rows for original and synthetic points."""
    if by_class:
        names = class_colours(count, dark=False)
        original: StyleArray = (places % len(names)).astype(np.uint16)
        colours = [_code(name, alpha) for alpha in (_OPAQUE, _FAINT) for name in names]
    else:
        names = (ORIGINAL_ON_LIGHT,)
        original = np.zeros(len(places), np.uint16)
        colours = [_code(ORIGINAL_ON_LIGHT, _OPAQUE), _code(SYNTHETIC_ON_LIGHT, _OPAQUE)]
    synthetic: StyleArray = (original + len(names)).astype(np.uint16)
    return Look(np.array(colours, np.uint32), np.zeros(len(colours), np.uint8)), original, synthetic


def _code(colour: str, alpha: int) -> int:
    """A colour as 0xAARRGGBB."""
    return alpha << 24 | int(colour[1:], 16)


def _legend(classes: Mapping[str, int], options: ExportOptions) -> list[tuple[str, str, Symbol]]:
    kinds = [(ORIGINAL_ON_LIGHT, "original", Symbol.CIRCLE)]
    if options.synthetic:
        kinds.append((SYNTHETIC_ON_LIGHT, "synthetic", Symbol.DIAMOND))
    if not options.by_class:
        return kinds
    shapes = [(MUTED, words, symbol) for _, words, symbol in kinds]
    colours = class_colours(len(classes), dark=False)
    return [
        *shapes,
        *((colours[at % len(colours)], name, Symbol.CIRCLE) for name, at in classes.items()),
    ]


def sheet_note(recordings: Sequence[Recording], options: ExportOptions) -> str:
    """How many images are shown, of how many, and of which dataset."""
    recording = recordings[0]
    images = watched(recording.frame(recording.state.frame_steps[-1]), options.split)
    shown, info = len(images.points.samples), recording.info
    total = info.train_count if options.split == TRAIN else info.test_count
    note = f"{shown:,} of {max(total or 0, shown):,} {kind_of(options.split)} images"
    return " · ".join(filter(None, (note, info.dataset)))


def _transform(bounds: Bounds, side: int) -> Transform:
    """All of the bounds in a square picture, both axes at one scale."""
    scale = side / max(bounds.width, bounds.height)
    left = side / 2 - scale * (bounds.left + bounds.right) / 2
    top = side / 2 + scale * (bounds.bottom + bounds.top) / 2
    return Transform(scale, left, -scale, top)
