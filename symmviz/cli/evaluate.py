"""``symmviz evaluate``: the scores of a run as JSON."""

import argparse
import json
import sys
from argparse import Namespace

from symmcore.errors import InputError
from symmcore.runs.formats.layout import METRICS
from symmcore.runs.formats.metrics import Scores
from symmcore.runs.reading.recording import Recording, open_runs
from symmviz.cli.paths import user_path
from symmviz.cli.streams import output_status


def add_evaluate(parser: argparse.ArgumentParser) -> None:
    """Say what ``symmviz evaluate`` takes."""
    parser.set_defaults(run=evaluate)
    parser.add_argument(
        "run_folder", type=user_path, metavar="RUN", help="the folder of a run or a comparison"
    )


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
    text = json.dumps(json.loads(json.dumps(shown), parse_constant=lambda _: None), indent=2)
    sys.stdout.write(f"{text}\n")
    return output_status()


def _last_evaluation(run: Recording) -> Scores:
    run.read_whole()
    scores = run.state.last_evaluation
    if scores is None:
        raise InputError(
            f"{run.folder / METRICS} holds no evaluation: the run ended before its first."
        )
    return scores
