"""The command ``bench defaults``."""

import argparse

from symmcore.errors import InputError
from symmcore.runs.seed_folder import parse_seeds
from symmviz.cli.paths import user_path
from symmviz.cli.reports import check_writable, report_on


def add_bench_defaults(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``bench defaults``."""
    parser.set_defaults(run=_bench_defaults)
    add = parser.add_argument
    add("--seeds", default="100-104", metavar="SEEDS", help="a list or range (default %(default)s)")
    add("--datasets", nargs="+", metavar="NAME", help="datasets (default digits alphabets)")
    add("--runs", nargs="+", metavar="SPEC", help="runs (default every loss, and with Symm)")
    add("--threads", type=int, default=1, metavar="N", help="torch threads (default %(default)s)")
    add("--json", type=user_path, metavar="FILE", help="write the numbers here too")
    add(
        "--results",
        type=user_path,
        metavar="FILE",
        help="add a line of JSON for each run; those it holds are not trained again",
    )


def _bench_defaults(options: argparse.Namespace) -> int:
    if options.threads < 1:
        raise InputError(f"The number of threads is {options.threads}: it must be at least 1.")
    check_writable(options.json)
    check_writable(options.results)
    seeds = parse_seeds(options.seeds)
    from symmviz.benchmarks.defaults import Sizes, measure  # imports torch

    given = {"datasets": options.datasets, "specs": options.runs}
    sizes = Sizes(
        seeds=seeds,
        threads=options.threads,
        results=options.results,
        **{name: tuple(value) for name, value in given.items() if value},
    )
    return report_on(lambda: measure(sizes), options.json)
