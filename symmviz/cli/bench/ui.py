"""``symmviz bench ui``."""

import argparse
from argparse import Namespace

from symmviz.cli.bench.definition import MOST_THREADS, Bench, add_rounds, between
from symmviz.cli.bench.report import Report


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--threads",
        type=between(1, MOST_THREADS),
        metavar="N",
        help="torch threads on the CPU (default: as many as the window takes)",
    )
    parser.add_argument("--scrub", action="store_true", help="move the time cursor all the while")
    add_rounds(parser, 10)


def _measure(options: Namespace) -> Report:
    from symmviz.benchmarks.ui import measure  # imports Qt

    return measure(options.rounds, options.threads, scrub=options.scrub)


BENCH = Bench(
    "ui",
    "how responsive the window stays, and what it costs",
    _add_options,
    _measure,
    needs_window=True,
)
