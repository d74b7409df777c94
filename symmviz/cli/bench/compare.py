"""``symmviz bench compare``."""

import argparse
from argparse import Namespace

from symmviz.cli.bench.definition import Bench, add_number, add_rounds, add_threads
from symmviz.cli.bench.report import Report


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--dataset", default="alphabets", metavar="NAME", help="a dataset (default %(default)s)"
    )
    add_number(parser, "--steps", 30, "steps of each training")
    add_rounds(parser, 5)
    add_threads(parser, 1)


def _measure(options: Namespace) -> Report:
    from symmviz.benchmarks.compare import Sizes, measure  # imports torch

    return measure(Sizes(options.dataset, options.steps, options.rounds, options.threads))


BENCH = Bench("compare", "what two runs in lockstep take, against one", _add_options, _measure)
