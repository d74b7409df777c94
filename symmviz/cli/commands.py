"""What each command does; each imports only what it needs."""

import json
import os
import signal
import sys
from argparse import Namespace

from symmcore.errors import InputError
from symmcore.runs.layout import METRICS
from symmcore.runs.metrics import Scores
from symmcore.runs.recording import Recording, open_runs
from symmviz.cli.opened import images_folder
from symmviz.cli.reports import check_writable, report_on
from symmviz.cli.streams import output_status

_INTERRUPTED = 130


def open_window(options: Namespace) -> int:
    """Open the window, on the runs or the folder of images that were named."""
    from symmviz.qt_check import check_window_possible

    paths = tuple(options.paths)
    images = images_folder(paths)
    selection = None
    if options.select is not None:
        from symmviz.cli.selected import selection_from

        selection = selection_from(options.select, () if images else paths)
    check_window_possible()
    # Importing Qt turns an exception into another one or none. Nothing is to be lost before
    # the window is there, and from then on it has a handler of its own.
    signal.signal(signal.SIGINT, lambda *_: os._exit(_INTERRUPTED))
    from symmviz.app import run_window  # imports Qt

    run_window(() if images else paths, images, selection)


def evaluate(options: Namespace) -> int:
    """Print the newest scores of a run, or of each run of a comparison, as JSON."""
    folder = options.run_folder
    runs = open_runs(folder)
    shown: Scores | dict[str, Scores] = {
        run.folder.relative_to(folder).as_posix(): _last_evaluation(run) for run in runs
    }
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

    return report_on(
        lambda: measure(options.rounds, options.threads, scrub=options.scrub), options.json
    )


def bench_start(options: Namespace) -> int:
    """Measure how soon the window and the first picture are there."""
    from symmviz.qt_check import check_window_possible

    check_window_possible()
    check_writable(options.json)
    from symmviz.benchmarks.start import measure

    return report_on(lambda: measure(options.rounds, cold=options.cold), options.json)


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


def bench_scatter(options: Namespace) -> int:
    """Measure how fast a map draws points that move, while a training runs."""
    from symmviz.qt_check import check_window_possible

    check_window_possible()
    check_writable(options.json)
    from symmviz.benchmarks.scatter import measure  # imports Qt and torch

    return report_on(lambda: measure(tuple(options.points), options.rounds), options.json)


def bench_retrieve(options: Namespace) -> int:
    """Measure how fast a query's neighbours are shown."""
    from symmviz.qt_check import check_window_possible

    check_window_possible()
    check_writable(options.json)
    from symmviz.benchmarks.retrieve import measure  # imports Qt

    return report_on(
        lambda: measure(options.images, options.dim, options.runs, options.rounds), options.json
    )


def bench_curves(options: Namespace) -> int:
    """Measure how fast plots of many steps are."""
    from symmviz.qt_check import check_window_possible

    check_window_possible()
    check_writable(options.json)
    from symmviz.benchmarks.curves import measure  # imports Qt

    return report_on(lambda: measure(options.runs, options.steps, options.rounds), options.json)


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


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
