"""``symmviz bench start``."""

import argparse
from argparse import Namespace

from symmviz.cli.bench.definition import Bench, add_rounds
from symmviz.cli.bench.report import Report


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--cold", action="store_true", help="have the system forget the files before each launch"
    )
    add_rounds(parser, 3)


def _measure(options: Namespace) -> Report:
    from symmviz.benchmarks.start import measure

    return measure(options.rounds, cold=options.cold)


BENCH = Bench(
    "start",
    "how soon the window and the first picture are there",
    _add_options,
    _measure,
    needs_window=True,
)
