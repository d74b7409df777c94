"""``symmviz bench retrieve``."""

import argparse
from argparse import Namespace

from symmviz.cli.bench.definition import Bench, add_number, add_rounds
from symmviz.cli.bench.report import Report


def _add_options(parser: argparse.ArgumentParser) -> None:
    add_rounds(parser, 100)
    add_number(parser, "--images", 60_502, "images that are searched", least=100)
    add_number(parser, "--dim", 512, "dimensions of their embeddings", least=2)
    add_number(parser, "--runs", 1, "runs that are searched at once")


def _measure(options: Namespace) -> Report:
    from symmviz.benchmarks.retrieve import measure  # imports Qt

    return measure(options.images, options.dim, options.runs, options.rounds)


BENCH = Bench(
    "retrieve",
    "how fast a query's neighbours are shown",
    _add_options,
    _measure,
    needs_window=True,
)
