"""The command ``bench compare``."""

import argparse

from symmcore.errors import InputError
from symmviz.cli.paths import user_path
from symmviz.cli.reports import check_writable, report_on


def add_bench_compare(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``bench compare``."""
    parser.set_defaults(run=_bench_compare)
    add = parser.add_argument
    add("--dataset", default="alphabets", metavar="NAME", help="a dataset (default %(default)s)")
    for flag, default, text in (
        ("--steps", 30, "steps of each training"),
        ("--rounds", 5, "alternations of what is compared"),
        ("--threads", 1, "torch threads on the CPU"),
    ):
        add(flag, type=int, default=default, metavar="N", help=f"{text} (default %(default)s)")
    add("--json", type=user_path, metavar="FILE", help="write the numbers here too")


def _bench_compare(options: argparse.Namespace) -> int:
    given = {"steps": options.steps, "rounds": options.rounds, "threads": options.threads}
    for name, value in given.items():
        if value < 1:
            raise InputError(f"--{name} is {value}: it must be at least 1.")
    check_writable(options.json)
    from symmviz.benchmarks.compare import Sizes, measure  # imports torch

    return report_on(lambda: measure(Sizes(options.dataset, **given)), options.json)
