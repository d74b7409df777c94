"""How fast a click on the Retrieve page is answered, and how smoothly its gallery scrolls.

A run of generated embeddings and thumbnails with the shape of Stanford Online Products' test set
is recorded beforehand and opened in the real window. Every other click presses the mouse on an
image that the gallery shows, once it was scrolled somewhere; those between go on from the last
neighbour that was found, which the gallery then scrolls to. Measured is the time from a click
until the window has painted what was found: the neighbours' names, similarities and marks, and
then all of their pictures. After that, from moving the gallery's scroll bar until the gallery has
been painted. It draws on the screen there is, or on Qt's offscreen one where ``QT_QPA_PLATFORM``
says so.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPointF, QSettings, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget

from symmcore.records import EmbeddedSet, Frame, WatchedSet
from symmcore.runs.formats.config_file import own_loop_settings
from symmcore.runs.formats.files import write_whole
from symmcore.runs.formats.info import RunStatus
from symmcore.runs.formats.layout import SAFETENSORS, THUMBNAILS
from symmcore.runs.formats.thumbnails import LONGEST_SIDE, chunk_bytes, encode
from symmcore.runs.writing.run_writer import RunWriter
from symmviz.app import Launched, launch
from symmviz.benchmarks.event_loop import process_for
from symmviz.model.display import ImageCard

_TURN = 0.001  # seconds for the window to do what is due
_WATCHED = 1000
_IMAGES_A_CLASS = 5
_PICTURES = 32  # different ones, each that of many images: coding 60,000 takes a minute
_PATIENCE = 60.0
_CLICK_BAR_MS = 100.0
_SCROLL_BAR_MS = 1000 / 30
_STEP = 1


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured; times in milliseconds.

    Attributes:
        images: that are searched.
        dimensions: of their embeddings.
        runs: that are searched at once.
        first: of the first click; the embeddings may still be read.
        click_p50: median of the clicks after it, until the neighbours are painted.
        click_p99: their 99th percentile.
        click_longest: the longest of them.
        pictures_p50: median until the neighbours' pictures are painted, too.
        pictures_p99: its 99th percentile.
        ranking_p50: median until the neighbours are painted, while all queries are ranked beside.
        scroll_p50: median of moving and painting the gallery.
        scroll_p99: its 99th percentile.
    """

    images: int
    dimensions: int
    runs: int
    first: float
    click_p50: float
    click_p99: float
    click_longest: float
    pictures_p50: float
    pictures_p99: float
    ranking_p50: float
    scroll_p50: float
    scroll_p99: float

    def lines(self) -> list[str]:
        """The report for people."""
        return [
            f"{self.images:,} images x {self.dimensions}, {self.runs} run(s), platform "
            f"{QApplication.platformName()}",
            f"First click: {self.first:.0f} ms",
            f"From a click to the painted neighbours: p50 {self.click_p50:.1f} ms, p99 "
            f"{self.click_p99:.1f} ms, longest {self.click_longest:.1f} ms "
            f"(bar: {_CLICK_BAR_MS:.0f} ms); p50 {self.ranking_p50:.1f} ms while all queries are "
            "ranked",
            f"With their pictures: p50 {self.pictures_p50:.1f} ms, p99 {self.pictures_p99:.1f} ms",
            f"Scrolling the gallery: p50 {self.scroll_p50:.1f} ms, p99 {self.scroll_p99:.1f} ms "
            f"(bar: {_SCROLL_BAR_MS:.0f} ms)",
        ]

    def as_json(self) -> dict[str, object]:
        """The report for programs."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Click:
    """Seconds from a click until something has been painted.

    Attributes:
        neighbours: their names, similarities and marks.
        pictures: their pictures, too.
    """

    neighbours: float
    pictures: float


def measure(images: int, dimensions: int, runs: int, clicks: int) -> Report:
    """Measure with a real window.

    Args:
        images: that are searched.
        dimensions: of their embeddings.
        runs: that are searched at once.
        clicks: that are timed.
    """
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication), "made just now"
    with tempfile.TemporaryDirectory() as folder:
        # the user's own settings are not to remember where this window was
        QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, folder)
        folders = tuple(Path(folder) / f"run-{run}" for run in range(runs))
        for run, path in enumerate(folders):
            record(path, images, dimensions, run)
        launched = launch(app, folders)
        bench = Bench(launched, runs)
        try:
            bench.open_page()
            first = bench.click()
            times = [bench.click() for _ in range(clicks)]
            scrolls = [bench.scroll() for _ in range(clicks)]
            bench.rank()
            ranking = [bench.click() for _ in range(max(clicks // 4, 1))]
        finally:
            launched.window.close_without_asking()
            launched.session.close(30)
    return Report(
        images=images,
        dimensions=dimensions,
        runs=runs,
        first=1000 * first.neighbours,
        click_p50=_percentile([one.neighbours for one in times], 50),
        click_p99=_percentile([one.neighbours for one in times], 99),
        click_longest=1000 * max(one.neighbours for one in times),
        pictures_p50=_percentile([one.pictures for one in times], 50),
        pictures_p99=_percentile([one.pictures for one in times], 99),
        ranking_p50=_percentile([one.neighbours for one in ranking], 50),
        scroll_p50=_percentile(scrolls, 50),
        scroll_p99=_percentile(scrolls, 99),
    )


class Bench:
    """The window under measurement."""

    def __init__(self, launched: Launched, runs: int) -> None:
        self._launched = launched
        self._runs = runs
        self._page = launched.window.retrieve_page
        self._workspace = launched.controller.workspace
        self._random = np.random.default_rng(1)
        self._clicks = 0

    def open_page(self) -> None:
        """Turn to the page, and wait for its gallery and for torch's import."""
        self._wait(lambda: len(self._workspace.recordings) == self._runs)
        self._workspace.browse = replace(self._workspace.browse, ranking=False)
        self._launched.window.show_page(self._page)
        self._wait(lambda: self._page.gallery.counts()[0] > 0)
        self._wait(lambda: self._launched.session.warm)

    def rank(self) -> None:
        """Have all queries ranked from now on."""
        self._workspace.browse = replace(self._workspace.browse, ranking=True)

    def click(self) -> Click:
        """Click an image that the gallery shows, or in turn the last neighbour of the first run."""
        self._clicks += 1
        press = self._press_in_gallery if self._clicks % 2 else self._press_neighbour
        prepared = press()
        self._settle()
        before = self._cards()
        painted = _Painted(self._page, lambda: self._is_answered(before), self._has_pictures)
        began = time.perf_counter()
        prepared()
        self._wait(lambda: painted.neighbours)
        neighbours = time.perf_counter() - began
        self._wait(lambda: painted.pictures)
        pictures = time.perf_counter() - began
        painted.end()
        return Click(neighbours, pictures)

    def scroll(self) -> float:
        """Scroll somewhere; seconds until it is painted."""
        process_for(_TURN)
        began = time.perf_counter()
        self._scroll()
        self._page.gallery.viewport().repaint()
        return time.perf_counter() - began

    def _scroll(self) -> None:
        bar = self._page.gallery.verticalScrollBar()
        bar.setValue(int(self._random.integers(bar.maximum())))

    def _press_in_gallery(self) -> Callable[[], None]:
        """Scroll somewhere; what presses the mouse on an image that is seen then."""
        gallery = self._page.gallery
        self._scroll()
        viewport = gallery.viewport()
        spot = QPointF(
            int(self._random.integers(viewport.width() // 2)),
            int(self._random.integers(viewport.height())),
        )
        return lambda: _press(viewport, spot)

    def _press_neighbour(self) -> Callable[[], None]:
        row = self._page.row(0)
        return row.tile(len(row.cards()) - 1).click

    def _settle(self) -> None:
        """Wait until nothing is read and drawn any more."""
        session = self._launched.session
        self._wait(lambda: not (session.thumbnails.busy or session.busy))
        end = time.monotonic() + 0.1
        self._wait(lambda: time.monotonic() > end)

    def _cards(self) -> list[tuple[ImageCard, ...]]:
        return [self._page.row(run).cards() for run in range(self._page.row_count())]

    def _is_answered(self, before: list[tuple[ImageCard, ...]]) -> bool:
        now = self._cards()
        return len(now) == self._runs and all(now) and now != before

    def _has_pictures(self) -> bool:
        return not any(self._page.row(run).waits for run in range(self._runs))

    def _wait(self, has_come: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not has_come():
            process_for(_TURN)
            if time.monotonic() > deadline:
                raise TimeoutError("the window did not answer")


class _Painted(QObject):
    """Notes when a page is painted with what is waited for.

    Args:
        page: that is painted; what changes in it has the page painted around it.
        is_answered: whether what was found is shown.
        has_pictures: whether no picture of it is missing.
    """

    def __init__(
        self, page: QWidget, is_answered: Callable[[], bool], has_pictures: Callable[[], bool]
    ) -> None:
        super().__init__()
        self.neighbours = self.pictures = False
        self._is_answered = is_answered
        self._has_pictures = has_pictures
        self._window = page.window()
        self._window.installEventFilter(self)

    def end(self) -> None:
        """Look no longer."""
        self._window.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt calls it
        """Take in that the window is about to paint whatever has changed."""
        if event.type() is QEvent.Type.UpdateRequest and self._is_answered():
            self.neighbours = True
            self.pictures = self._has_pictures()
        return False


def record(run: Path, images: int, dimensions: int, seed: int) -> None:
    """Record a run of one frame: images in classes of a few, each around a point of its own."""
    random = np.random.default_rng(seed)
    labels = np.arange(images) // _IMAGES_A_CLASS
    centres = random.standard_normal((int(labels[-1]) + 1, dimensions), dtype=np.float32)
    embeddings = random.standard_normal((images, dimensions), dtype=np.float32)
    embeddings += centres[labels]
    gallery = EmbeddedSet(np.arange(images), labels, embeddings)
    watched = _watched(gallery, min(_WATCHED, images))
    run.mkdir()
    writer = RunWriter(run, 4 * 10**9, _fail)
    writer.begin(own_loop_settings(f"bench-{seed}", run.name, "bench", images, {}), (), None, ())
    writer.add_frame(Frame(_STEP, _watched(gallery, 0), watched), gallery)
    writer.end(RunStatus.FINISHED, "")
    writer.close()
    _write_thumbnails(run, images, random)


def _write_thumbnails(run: Path, images: int, random: np.random.Generator) -> None:
    """Smooth pictures in colour, of which a JPEG is as large as one of a photograph."""
    ramp = np.linspace(0, np.pi, LONGEST_SIDE)
    waves = random.uniform(1, 9, (_PICTURES, 2, 3))
    coded = [
        encode(
            (127 * (1 + np.sin(ramp[:, None, None] * down + ramp[:, None] * across))).astype("u1")
        )
        for down, across in waves
    ]
    (run / THUMBNAILS).mkdir(exist_ok=True)
    content = chunk_bytes((sample, coded[sample % _PICTURES]) for sample in range(images))
    write_whole(run / THUMBNAILS / f"0000{SAFETENSORS}", content)


def _watched(gallery: EmbeddedSet, count: int) -> WatchedSet:
    points = EmbeddedSet(
        gallery.samples[:count], gallery.labels[:count], gallery.embeddings[:count]
    )
    return WatchedSet(points, np.full(count, -1), points.embeddings)


def _fail(problem: str) -> None:
    raise OSError(problem)


def _percentile(seconds: list[float], share: float) -> float:
    return float(np.percentile(seconds, share)) * 1000


def _press(widget: QWidget, spot: QPointF) -> None:
    """Press the left button of the mouse, and let it go."""
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    for kind in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonRelease):
        held = left if kind is QEvent.Type.MouseButtonPress else Qt.MouseButton.NoButton
        event = QMouseEvent(kind, spot, widget.mapToGlobal(spot), left, held, none)
        QApplication.sendEvent(widget, event)
