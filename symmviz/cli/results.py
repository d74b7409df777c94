"""``symmviz results``: the table of runs and what they came to."""

import argparse
import sys
from argparse import Namespace

from symmcore.data.names import display_name
from symmcore.errors import InputError
from symmcore.runs.reading.opening import read_runs
from symmcore.runs.results import RunResult, read_results
from symmviz.cli.output_file import check_writable, write_file
from symmviz.cli.paths import user_path
from symmviz.cli.run_warnings import tell_warnings
from symmviz.cli.streams import output_status
from symmviz.model.results import Format, formatted, results_table

_OF_SEEDS = ("recall_at_1", "nmi", "f1")


def add_results(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.description = (
        "Print what runs came to: Recall@K, NMI, F1, MAP@R, time, memory; means over seeds, "
        "paired differences to the baseline with their 95%% interval, and the paper's rows."
    )
    add = parser.add_argument
    add(
        "run_folders",
        nargs="+",
        type=user_path,
        metavar="RUN",
        help="the folder of a run, of a comparison, or of several seeds",
    )
    add(
        "--format",
        choices=[one.value for one in Format],
        default=Format.TEXT.value,
        help="how to write the table (default %(default)s)",
    )
    add("--out", type=user_path, metavar="FILE", help="write it here instead of printing it")
    parser.set_defaults(run=show_results)


def show_results(options: Namespace) -> int:
    """Print the table of some runs, or write it to a file."""
    check_writable(options.out)
    recordings = read_runs(options.run_folders)
    text = formatted(results_table(read_results(recordings)), Format(options.format))
    tell_warnings(recordings)
    if options.out is None:
        for line in text.splitlines():
            sys.stdout.write(f"{display_name(line)}\n")
        return output_status()
    try:
        write_file(options.out, text.encode())
    except OSError as error:
        raise InputError(f"{options.out} cannot be written ({error.strerror or error}).") from error
    return 0


def seed_lines(results: tuple[RunResult, ...]) -> list[str]:
    """What the trainings of several seeds came to, in lines."""
    table = results_table(results, scores=_OF_SEEDS, runs=False)
    return [display_name(line) for line in formatted(table, Format.TEXT).splitlines()]
