"""``symmviz bench scatter``."""

import argparse
from argparse import Namespace

from symmviz.cli.bench.definition import LARGEST, Bench, add_rounds, between
from symmviz.cli.bench.report import Report


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--points",
        type=between(2, LARGEST),
        nargs="+",
        default=[4_000, 20_000, 120_000, 1_000_000],
        metavar="N",
        help="points that move, half of them synthetic (default 4000 20000 120000 1000000)",
    )
    add_rounds(parser, 100)


def _measure(options: Namespace) -> Report:
    from symmviz.benchmarks.scatter import measure  # imports Qt and torch

    return measure(tuple(options.points), options.rounds)


BENCH = Bench(
    "scatter", "how fast a map draws points that move", _add_options, _measure, needs_window=True
)
