"""How fast a click on the Retrieve page is answered, and how smoothly its gallery scrolls.

A run of generated embeddings with the shape of Stanford Online Products' test set is recorded
beforehand and opened in the real window. Measured is the time from a click on an image until its
neighbours are on the page and have been painted; then from moving the gallery's scroll bar until
the gallery has been painted. It draws on the screen there is, or on Qt's offscreen one where
``QT_QPA_PLATFORM`` says so.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEventLoop, QSettings, QTimer
from PySide6.QtWidgets import QApplication

from symmcore.records import EmbeddedSet, Frame, WatchedSet
from symmcore.runs.config_file import own_loop_settings
from symmcore.runs.info import RunStatus
from symmcore.runs.run_writer import RunWriter
from symmviz.app import Launched, launch
from symmviz.model.display import ImageCard

_WATCHED = 1000
_IMAGES_A_CLASS = 5
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
        click_p50: median of the clicks after it.
        click_p99: their 99th percentile.
        click_longest: the longest of them.
        ranking_p50: median while all queries are ranked beside.
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
            f"Scrolling the gallery: p50 {self.scroll_p50:.1f} ms, p99 {self.scroll_p99:.1f} ms "
            f"(bar: {_SCROLL_BAR_MS:.0f} ms)",
        ]

    def as_json(self) -> dict[str, object]:
        """The report for programs."""
        return asdict(self)


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
            _record(path, images, dimensions, run)
        launched = launch(app, folders)
        bench = _Bench(launched, runs)
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
        first=1000 * first,
        click_p50=_percentile(times, 50),
        click_p99=_percentile(times, 99),
        click_longest=1000 * max(times),
        ranking_p50=_percentile(ranking, 50),
        scroll_p50=_percentile(scrolls, 50),
        scroll_p99=_percentile(scrolls, 99),
    )


class _Bench:
    """The window under measurement."""

    def __init__(self, launched: Launched, runs: int) -> None:
        self._launched = launched
        self._runs = runs
        self._page = launched.window.retrieve_page
        self._workspace = launched.controller.workspace
        self._random = np.random.default_rng(1)

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

    def click(self) -> float:
        """Click any image; seconds until its neighbours are painted."""
        shown, total = self._page.gallery.counts()
        assert shown == total, "nothing is filtered"
        at = int(self._random.integers(shown))
        _process()
        before = [self._page.row(run).cards() for run in range(self._page.row_count())]
        began = time.perf_counter()
        self._page.gallery.choose(at)
        self._wait(lambda: self._is_answered(before))
        self._page.repaint()
        return time.perf_counter() - began

    def scroll(self) -> float:
        """Scroll somewhere; seconds until it is painted."""
        bar = self._page.gallery.verticalScrollBar()
        _process()
        began = time.perf_counter()
        bar.setValue(int(self._random.integers(bar.maximum())))
        self._page.gallery.viewport().repaint()
        return time.perf_counter() - began

    def _is_answered(self, before: list[tuple[ImageCard, ...]]) -> bool:
        page = self._page
        if page.row_count() != self._runs:
            return False
        now = [page.row(run).cards() for run in range(self._runs)]
        return all(now) and now != before

    def _wait(self, has_come: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not has_come():
            _process()
            if time.monotonic() > deadline:
                raise TimeoutError("the window did not answer")


def _record(run: Path, images: int, dimensions: int, seed: int) -> None:
    """A run of one frame: images in classes of a few, each class around a point of its own."""
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


def _watched(gallery: EmbeddedSet, count: int) -> WatchedSet:
    points = EmbeddedSet(
        gallery.samples[:count], gallery.labels[:count], gallery.embeddings[:count]
    )
    return WatchedSet(points, np.full(count, -1), points.embeddings)


def _fail(problem: str) -> None:
    raise OSError(problem)


def _percentile(seconds: list[float], share: float) -> float:
    return float(np.percentile(seconds, share)) * 1000


def _process() -> None:
    """Let the window do what is due, and wait for no longer than a millisecond."""
    loop = QEventLoop()
    QTimer.singleShot(1, loop.quit)
    loop.exec()
