"""``symmviz bench``: a module for each measurement, which holds its options."""

import argparse

from symmviz.cli.bench import (
    compare,
    curves,
    data,
    defaults,
    evaluation,
    loss,
    projection,
    retrieve,
    scatter,
    scrub,
    start,
    train,
    ui,
)
from symmviz.cli.parser import Parser

BENCHES = (
    ui.BENCH,
    start.BENCH,
    scrub.BENCH,
    scatter.BENCH,
    retrieve.BENCH,
    curves.BENCH,
    loss.BENCH,
    data.BENCH,
    evaluation.BENCH,
    train.BENCH,
    compare.BENCH,
    defaults.BENCH,
    projection.BENCH,
)


def add_bench(parser: argparse.ArgumentParser) -> None:
    """Say what ``symmviz bench`` takes."""
    parser.description = "Measure, always as a ratio against something in the same run."
    names = parser.add_subparsers(
        title="what to measure", metavar="NAME", dest="name", required=True, parser_class=Parser
    )
    for bench in BENCHES:
        names.add_parser(bench.name, help=bench.help).add_when_chosen(bench.add_arguments)
