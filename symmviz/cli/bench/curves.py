"""``symmviz bench curves``."""

import argparse
from argparse import Namespace

from symmviz.cli.bench.definition import Bench, add_number, add_rounds
from symmviz.cli.bench.report import Report


def _add_options(parser: argparse.ArgumentParser) -> None:
    add_rounds(parser, 100)
    add_number(parser, "--runs", 6, "runs")
    add_number(parser, "--steps", 1_000_000, "steps of each run", least=100)


def _measure(options: Namespace) -> Report:
    from symmviz.benchmarks.curves import measure  # imports Qt

    return measure(options.runs, options.steps, options.rounds)


BENCH = Bench(
    "curves", "how fast plots of many steps are", _add_options, _measure, needs_window=True
)
