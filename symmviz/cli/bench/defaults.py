"""``symmviz bench defaults``."""

import argparse
from argparse import Namespace

from symmcore.runs.continuing.seed_folder import parse_seeds
from symmviz.cli.bench.definition import Bench, add_threads
from symmviz.cli.bench.report import Report
from symmviz.cli.output_file import check_writable
from symmviz.cli.paths import user_path


def _add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--seeds", default="100-104", metavar="SEEDS", help="a list or range (default %(default)s)")
    add("--datasets", nargs="+", metavar="NAME", help="datasets (default digits alphabets)")
    add("--runs", nargs="+", metavar="SPEC", help="runs (default every loss, and with Symm)")
    add_threads(parser, 1)
    add(
        "--results",
        type=user_path,
        metavar="FILE",
        help="add a line of JSON for each run; those it holds are not trained again",
    )


def _measure(options: Namespace) -> Report:
    check_writable(options.results)
    seeds = parse_seeds(options.seeds)
    from symmviz.benchmarks.defaults import Sizes, measure  # imports torch

    given = {"datasets": options.datasets, "specs": options.runs}
    return measure(
        Sizes(
            seeds=seeds,
            threads=options.threads,
            results=options.results,
            **{name: tuple(value) for name, value in given.items() if value},
        )
    )


BENCH = Bench(
    "defaults", "whether every loss ends sound with the quick preset", _add_options, _measure
)
