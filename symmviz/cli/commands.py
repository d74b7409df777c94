"""What each command does; each imports only what it needs."""

import contextlib
import json
import os
import signal
import sys
from argparse import Namespace
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import FrameType

from symmcore.data.sources.file_tree import display_name
from symmcore.errors import InputError
from symmcore.runs.continuation import ContinuationPlan
from symmcore.runs.layout import METRICS, run_directories
from symmcore.runs.metrics import Scores
from symmcore.runs.naming import run_folder
from symmcore.runs.recording import Recording, open_runs
from symmcore.runs.training_recorder import TrainingRecorder
from symmcore.training.config import TrainingConfig
from symmcore.training.control import Control
from symmcore.training.sink import Sinks
from symmcore.training.status import FinishReason
from symmviz.cli.continuation import continuation
from symmviz.cli.doctor import DoctorSink
from symmviz.cli.opened import images_folder
from symmviz.cli.progress import ProgressSink
from symmviz.cli.reports import check_writable, report_on
from symmviz.cli.streams import output_status
from symmviz.cli.training_options import training_config

_FAILED = 1
_INTERRUPTED = 130
_STDERR = 2
_STOPPING = b"\nStopping after this batch and a last evaluation; Ctrl-C again ends at once.\n"
_SECONDS_FOR_THUMBNAILS = 60.0


def open_window(options: Namespace) -> int:
    """Open the window, on the runs or the folder of images that were named."""
    from symmviz.qt_check import check_window_possible

    paths = tuple(options.paths)
    images = images_folder(paths)
    check_window_possible()
    # Importing Qt turns an exception into another one or none. Nothing is to be lost before
    # the window is there, and from then on it has a handler of its own.
    signal.signal(signal.SIGINT, lambda *_: os._exit(_INTERRUPTED))
    from symmviz.app import run_window  # imports Qt

    run_window(() if images else paths, images)


def train(options: Namespace) -> int:
    """Train without a window."""
    if options.out == Path():
        raise InputError("--out is empty: name a folder to record in.")
    plan = continuation(options)
    config = training_config(options) if plan is None else plan.config
    for note in () if plan is None else plan.notes:
        sys.stderr.write(f"{display_name(note)}\n")
    if plan is not None and plan.out is not None:
        return _train(config, plan.out, plan)
    with _folder_to_record_in(options.out, config) as out:
        return _train(config, out, plan)


def _train(config: TrainingConfig, out: Path, plan: ContinuationPlan | None) -> int:
    progress = ProgressSink(config)
    doctor = DoctorSink(config, progress.problem)
    resumes = plan is not None and plan.out is not None
    recorder = TrainingRecorder(out, config, resume=resumes, on_problem=progress.problem)
    control = Control()
    with _interrupt_stops(control), contextlib.closing(recorder):
        if plan is not None:
            plan.check_newest()  # now that nobody else writes what is resumed
        from symmcore.training.trainer import Trainer  # imports torch

        start = None if plan is None else plan.start
        status = Trainer(config, Sinks([recorder, progress, doctor]), start).run(control)
        recorder.finish_thumbnails(_SECONDS_FOR_THUMBNAILS)
    if status.reason is FinishReason.INVALID:
        raise InputError(status.message)
    for line in progress.final_scores():
        _say(line)
    for directory in run_directories(out, config):
        if progress.began and directory.is_dir():
            _say(f"Recorded in {directory}")
    if status.reason is FinishReason.COMPLETED:
        return _FAILED if recorder.unsaved else 0
    if status.reason is FinishReason.STOPPED:
        return _INTERRUPTED
    sys.stderr.write(status.detail)
    sys.stderr.write(f"symmviz: {display_name(status.message)}\n")
    return _FAILED


def evaluate(options: Namespace) -> int:
    """Print the newest scores of a run, or of each run of a comparison, as JSON."""
    folder = options.run_folder
    runs = open_runs(folder)
    shown: Scores | dict[str, Scores] = {run.folder.name: _last_evaluation(run) for run in runs}
    if runs[0].folder == folder:
        shown = _last_evaluation(runs[0])
    # Python reads and writes NaN, which JSON does not have.
    _say(json.dumps(json.loads(json.dumps(shown), parse_constant=lambda _: None), indent=2))
    return output_status()


def _last_evaluation(run: Recording) -> Scores:
    run.read_whole()
    scores = run.state.last_evaluation
    if scores is None:
        raise InputError(
            f"{run.folder / METRICS} holds no evaluation: the run ended before its first."
        )
    return scores


def bench_ui(options: Namespace) -> int:
    """Measure the window's responsiveness and its cost to training."""
    from symmviz.qt_check import check_window_possible

    check_window_possible()
    check_writable(options.json)
    from symmviz.benchmarks.ui import measure  # imports Qt

    return report_on(lambda: measure(options.rounds, scrub=options.scrub), options.json)


def bench_scrub(options: Namespace) -> int:
    """Measure how fast a recorded frame is shown."""
    from symmviz.qt_check import check_window_possible

    check_window_possible()
    check_writable(options.json)
    from symmviz.benchmarks.scrub import measure  # imports Qt

    return report_on(
        lambda: measure(options.images, options.frames, options.rounds, options.wander),
        options.json,
    )


def bench_data(options: Namespace) -> int:
    """Measure how fast images come."""
    check_writable(options.json)
    from symmviz.benchmarks.data import Sizes, measure  # imports torch

    sizes = Sizes(
        path=options.path,
        images=options.images,
        batch=options.batch_size,
        workers=options.workers,
        rounds=options.rounds,
    )
    return report_on(lambda: measure(sizes), options.json)


def bench_loss(options: Namespace) -> int:
    """Measure what the losses cost."""
    check_writable(options.json)
    from symmviz.benchmarks.loss import Sizes, measure  # imports torch

    sizes = Sizes(
        groups=tuple(options.groups),
        others=options.other_groups,
        memory=options.memory_groups,
        dim=options.dim,
        rounds=options.rounds,
        threads=options.threads,
    )
    return report_on(lambda: measure(sizes), options.json)


def bench_train(options: Namespace) -> int:
    """Measure what a whole training step takes."""
    check_writable(options.json)
    from symmviz.benchmarks.train import Sizes, measure  # imports torch

    sizes = Sizes(
        network=options.network,
        device=options.device,
        batch=options.batch_size,
        steps=options.steps,
        rounds=options.rounds,
        threads=options.threads,
        bf16=options.bf16,
    )
    return report_on(lambda: measure(sizes), options.json)


def bench_evaluation(options: Namespace) -> int:
    """Measure what evaluation takes."""
    check_writable(options.json)
    from symmviz.benchmarks.evaluation import Sizes, measure  # imports torch

    sizes = Sizes(
        images=options.images,
        classes=options.classes,
        dim=options.dim,
        rounds=options.rounds,
        threads=options.threads,
    )
    return report_on(lambda: measure(sizes), options.json)


@contextlib.contextmanager
def _folder_to_record_in(chosen: Path | None, config: TrainingConfig) -> Iterator[Path]:
    """The folder that was chosen, or a new one, which goes again if nothing was recorded."""
    if chosen is not None:
        yield chosen
        return
    runs = Path("runs")
    new = () if runs.exists() else (runs,)
    out = _claimed(runs, config)
    try:
        yield out
    finally:
        for folder in (out, *new):
            with contextlib.suppress(OSError):  # it is not empty, or was never made
                folder.rmdir()


def _claimed(runs: Path, config: TrainingConfig) -> Path:
    """A new folder, made at once: another start in this second takes another one."""
    while True:
        out = run_folder(runs, config, datetime.now())
        try:
            out.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError:
            pass  # recording says of any folder why it cannot be written
        return out


@contextlib.contextmanager
def _interrupt_stops(control: Control) -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        # a second one ends the process at once
        signal.signal(signal.SIGINT, signal.default_int_handler)
        control.stop()
        os.write(_STDERR, _STOPPING)

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before or signal.SIG_DFL)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
