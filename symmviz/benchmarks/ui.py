"""How responsive the window stays while two runs train, and what it costs them.

Two measurements, on digits, N-pair with and without Symm in lockstep:

It draws on the screen there is, or on Qt's offscreen one where ``QT_QPA_PLATFORM`` says so.

1. A 5 ms timer ticks in the GUI thread for 30 s from Start on. A tick's lateness is how
   long after its due time it came. The gap of importing torch, which is over before Start
   can be clicked by a person, is printed apart. With ``scrub`` the time cursor meanwhile
   jumps to another recorded frame ten times a second.
2. Training speed with the window open, drawing and projecting, against the same training
   while the window's thread sleeps and nothing is projected; in alternation, each in a process
   as the window trains in, with the same torch threads, both recorded to disk.
"""

import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PySide6.QtCore import QSettings, QTimer
from PySide6.QtWidgets import QApplication

from symmcore.processes import default_threads, usable_cores
from symmviz.app import Launched, launch
from symmviz.benchmarks.event_loop import TICK_MS, Ticker, process_for, process_until
from symmviz.benchmarks.training import ENDLESS_STEPS, EndlessTraining
from symmviz.services.training.thread import SPARE_CORES
from symmviz.views.window.window_size import PREFERRED

_EVAL_EVERY = 10  # steps: more pictures than anyone asks for by default
_LATENESS_SECONDS = 30.0
_LONG_GAP_MS = 30.0
_ROUND_SECONDS = 6.0
_SETTLE_SECONDS = 1.5
_POLL_SECONDS = 0.05
_SCRUB_MS = 100
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured; times in milliseconds.

    Attributes:
        cores: cores this process may use.
        threads: torch threads of the training.
        torch_import_gap: the longest lateness while torch was imported behind the Start page.
        ticks: how many were measured.
        lateness_p50: median lateness of a tick.
        lateness_p99: 99th percentile.
        lateness_max: the latest tick.
        share_in_long_gaps: share of the time spent in gaps over 30 ms.
        with_window: steps a second of each round with the window.
        without_window: the same without, in the same order.
        ratio_median: median of the rounds' ratios, with over without.
        ratio_low: first quartile of the ratios.
        ratio_high: third quartile.
        gui_share: CPU seconds a second that the window's thread takes.
    """

    cores: int
    threads: int
    torch_import_gap: float
    ticks: int
    lateness_p50: float
    lateness_p99: float
    lateness_max: float
    share_in_long_gaps: float
    with_window: tuple[float, ...]
    without_window: tuple[float, ...]
    ratio_median: float
    ratio_low: float
    ratio_high: float
    gui_share: float

    def lines(self) -> list[str]:
        """The report for people."""
        return [
            f"{self.cores} cores, {self.threads} torch threads, "
            f"platform {QApplication.platformName()}",
            f"Importing torch behind the Start page: longest gap {self.torch_import_gap:.0f} ms",
            f"Lateness of {self.ticks:,} ticks from Start on: p50 {self.lateness_p50:.1f} ms, "
            f"p99 {self.lateness_p99:.1f} ms, max {self.lateness_max:.0f} ms, "
            f"{self.share_in_long_gaps:.2%} of the time in gaps over {_LONG_GAP_MS:.0f} ms "
            "(bars: p99 16 ms, max 100 ms)",
            f"Training with the window against without, {len(self.with_window)} alternations: "
            f"median ratio {self.ratio_median:.3f}, quartiles {self.ratio_low:.3f} to "
            f"{self.ratio_high:.3f} (bar: 0.95); medians "
            f"{statistics.median(self.with_window):.1f} against "
            f"{statistics.median(self.without_window):.1f} steps/s",
            f"The window's thread takes {self.gui_share:.1%} of a core",
        ]

    def as_json(self) -> dict[str, object]:
        """The report for programs."""
        return asdict(self)


def measure(rounds: int, threads: int | None = None, *, scrub: bool = False) -> Report:
    """Measure with a real window.

    Args:
        rounds: alternations of the second measurement.
        threads: torch threads of the training; None takes as many as the window does.
        scrub: whether the user moves the time cursor all the while.
    """
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication), "made just now"
    with tempfile.TemporaryDirectory() as folder:
        # the user's own settings are not to remember where this window was
        QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, folder)
        launched = launch(app)
        launched.window.resize(PREFERRED)  # on any screen the same is drawn
        chosen = threads or default_threads(SPARE_CORES)
        bench = _Bench(launched, Path(folder), chosen, scrub=scrub)
        try:
            return bench.run(rounds)
        finally:
            launched.window.close_without_asking()
            launched.session.close(30)


class _Bench:
    """The window under measurement."""

    def __init__(self, launched: Launched, folder: Path, threads: int, *, scrub: bool) -> None:
        self._launched = launched
        self._threads = threads
        self._scrubbing = QTimer()
        self._scrubbing.setInterval(_SCRUB_MS)
        self._scrubbing.timeout.connect(self._jump)
        self._scrub = scrub
        self._random = np.random.default_rng(0)
        self._folder = folder
        self._ticker = Ticker()
        self._number = 0
        self._gui_shares: list[float] = []

    def run(self, rounds: int) -> Report:
        import_gaps = self._import_torch()
        gaps = self._watch_ticks()
        speeds = [self._alternation() for _ in range(rounds)]
        ratios = [with_window / without for with_window, without in speeds]
        low, median, high = np.percentile(ratios, [25, 50, 75])
        lateness = np.maximum(gaps - TICK_MS, 0)
        return Report(
            cores=usable_cores(),
            threads=self._threads,
            torch_import_gap=float(import_gaps.max() - TICK_MS),
            ticks=len(gaps),
            lateness_p50=float(np.percentile(lateness, 50)),
            lateness_p99=float(np.percentile(lateness, 99)),
            lateness_max=float(lateness.max()),
            share_in_long_gaps=float(gaps[gaps > _LONG_GAP_MS].sum() / gaps.sum()),
            with_window=tuple(pair[0] for pair in speeds),
            without_window=tuple(pair[1] for pair in speeds),
            ratio_median=float(median),
            ratio_low=float(low),
            ratio_high=float(high),
            gui_share=statistics.median(self._gui_shares),
        )

    def _import_torch(self) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
        self._ticker.start()
        process_until(lambda: self._launched.session.warm, 120)
        return self._ticker.stop()

    def _watch_ticks(self) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
        """Ticks from Start on, with the Watch page drawing."""
        controller, page = self._launched.controller, self._launched.window.start_page
        page.set_runs_folder(self._folder)
        page.set_dataset("digits")
        page.set_settings(
            {"steps": ENDLESS_STEPS, "eval_every": _EVAL_EVERY, "threads": self._threads}
        )
        self._ticker.start()
        controller.start(compare=True)
        self._set_scrubbing(self._scrub)
        process_for(_LATENESS_SECONDS)
        gaps = self._ticker.stop()
        self._stop()
        return gaps

    def _alternation(self) -> tuple[float, float]:
        """Steps a second with the window and without, first one or the other in turn."""
        self._number += 1
        if self._number % 2:
            with_window = self._speed_with_window()
            return with_window, self._speed_without_window()
        without = self._speed_without_window()
        return self._speed_with_window(), without

    def _speed_with_window(self) -> float:
        """Steps a second, once the training has settled, with everything drawn."""
        controller = self._launched.controller
        controller.start(compare=True)
        self._set_scrubbing(self._scrub)
        process_until(lambda: self._step() > 0, _PATIENCE)
        process_for(_SETTLE_SECONDS)
        first, began, cpu = self._step(), time.perf_counter(), time.thread_time()
        process_for(_ROUND_SECONDS)
        seconds = time.perf_counter() - began
        speed = (self._step() - first) / seconds
        self._gui_shares.append((time.thread_time() - cpu) / seconds)
        self._stop()
        return speed

    def _step(self) -> int:
        status = self._launched.controller.status
        return 0 if status is None else status.step

    def _speed_without_window(self) -> float:
        """The same training in another process of its own; this thread, the window's, sleeps."""
        training = EndlessTraining(self._threads, _EVAL_EVERY)
        while not training.step:
            time.sleep(_POLL_SECONDS)
        time.sleep(_SETTLE_SECONDS)
        first, began = training.step, time.perf_counter()
        time.sleep(_ROUND_SECONDS)
        speed = (training.step - first) / (time.perf_counter() - began)
        training.close()
        return speed

    def _set_scrubbing(self, scrubbing: bool) -> None:
        if scrubbing:
            self._scrubbing.start()
        else:
            self._scrubbing.stop()

    def _jump(self) -> None:
        """Show one of the frames that there are by now, as the slider would."""
        slider = self._launched.window.time_slider
        frames = slider.state.frames
        if frames:
            slider.moved.emit(int(self._random.choice(frames)))

    def _stop(self) -> None:
        self._set_scrubbing(False)
        session = self._launched.session
        session.abort()
        process_until(lambda: not session.running, 60)
        process_for(0.3)
