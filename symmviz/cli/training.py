"""``symmviz train``: one training, or one after the other over seeds."""

import argparse
import contextlib
import os
import signal
import sys
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import FrameType

from symmcore.data.names import display_name
from symmcore.errors import InputError
from symmcore.runs.continuing.continuation import ContinuationPlan
from symmcore.runs.continuing.seed_folder import SeedFolder, parse_seeds
from symmcore.runs.formats.layout import run_directories
from symmcore.runs.reading.recording import open_runs
from symmcore.runs.results import read_results
from symmcore.runs.writing.naming import run_folder
from symmcore.runs.writing.training_recorder import TrainingRecorder
from symmcore.training.config import TrainingConfig
from symmcore.training.control import Control
from symmcore.training.sink import Sinks
from symmcore.training.status import FinishReason
from symmviz.cli.continuation import continuation
from symmviz.cli.doctor import DoctorSink
from symmviz.cli.exit_status import FAILED, INTERRUPTED
from symmviz.cli.progress import ProgressSink
from symmviz.cli.results import seed_lines
from symmviz.cli.streams import output_status
from symmviz.cli.training_options import add_training_options, training_config

_STDERR = 2
_STOPPING = b"\nStopping after this batch and a last evaluation; Ctrl-C again ends at once.\n"
_SECONDS_FOR_THUMBNAILS = 60.0


@dataclass(frozen=True, slots=True)
class _End:
    """How a training ended.

    Attributes:
        is_over: whether nothing of it is left to train.
        status: the exit status of a command that it was all of.
    """

    is_over: bool
    status: int


def add_train(parser: argparse.ArgumentParser) -> None:
    """Say what ``symmviz train`` takes."""
    parser.description = "Train without a window and record the run."
    parser.set_defaults(run=train)
    add_training_options(parser)


def train(options: Namespace) -> int:
    """Train without a window."""
    if options.out == Path():
        raise InputError("--out is empty: name a folder to record in.")
    if options.seeds is not None and options.resume is None and options.branch is None:
        return _train_seeds(options, parse_seeds(options.seeds))
    plan = continuation(options)
    config = training_config(options) if plan is None else plan.config
    for note in () if plan is None else plan.notes:
        sys.stderr.write(f"{display_name(note)}\n")
    if plan is not None and plan.out is not None:
        return _train(config, plan.out, plan).status
    with _folder_to_record_in(options.out, config) as out:
        return _train(config, out, plan).status


def _train_seeds(options: Namespace, seeds: tuple[int, ...]) -> int:
    """Train one seed after the other, but for those that are finished, and compare them."""
    if options.seed is not None:
        raise InputError("--seed and --seeds both choose the seed: give one of them.")
    config = training_config(options)
    with _folder_to_record_in(options.out, config) as out:
        folder = SeedFolder(out, config, seeds)
        for place, seed in enumerate(folder.seeds):
            if folder.is_finished(seed):
                continue
            sys.stderr.write(f"Seed {seed} ({place + 1} of {len(folder.seeds)})\n")
            end = _train_seed(folder, seed)
            if not end.is_over:
                sys.stderr.write(
                    f"The same command with --out {display_name(str(out))} goes on from here.\n"
                )
                return end.status
        recordings = open_runs(out)
        for recording in recordings:
            recording.read_whole()
        results = read_results(recordings)
        for line in seed_lines(results):
            _say(line)
        return output_status() or (0 if all(one.is_whole for one in results) else FAILED)


def _train_seed(folder: SeedFolder, seed: int) -> _End:
    """Begin one seed, or go on with it; nothing that was asked for stays where none can begin."""
    try:
        plan = folder.plan(seed)
        if plan is None:
            return _train(folder.config(seed), folder.folder(seed), None)
        for note in plan.notes:
            sys.stderr.write(f"{display_name(note)}\n")
        return _train(plan.config, folder.folder(seed), plan)
    finally:
        folder.withdraw()


def _train(config: TrainingConfig, out: Path, plan: ContinuationPlan | None) -> _End:
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
    if status.reason is FinishReason.STOPPED:
        return _End(is_over=False, status=INTERRUPTED)
    sys.stderr.write(status.detail)
    if status.message:
        sys.stderr.write(f"symmviz: {display_name(status.message)}\n")
    if status.reason is FinishReason.COMPLETED:
        failed = recorder.unsaved or bool(progress.diverged)
        return _End(is_over=not recorder.unsaved, status=FAILED if failed else 0)
    return _End(is_over=status.reason is FinishReason.DIVERGED, status=FAILED)


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
