"""``symmviz bench data``."""

import argparse
from argparse import Namespace

from symmcore.processes import usable_cores
from symmviz.cli.bench.definition import Bench, add_number, add_rounds
from symmviz.cli.bench.report import Report
from symmviz.cli.paths import user_path


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "path",
        type=user_path,
        nargs="?",
        metavar="PATH",
        help="a folder with a folder for each class (default: generated images)",
    )
    add_number(parser, "--images", 1024, "read at most N images")
    add_number(parser, "--batch-size", 128, "images in a batch")
    add_number(parser, "--workers", usable_cores(), "worker processes of every way that has any")
    add_rounds(parser, 5)


def _measure(options: Namespace) -> Report:
    from symmviz.benchmarks.data import Sizes, measure  # imports torch

    return measure(
        Sizes(
            path=options.path,
            images=options.images,
            batch=options.batch_size,
            workers=options.workers,
            rounds=options.rounds,
        )
    )


BENCH = Bench("data", "how fast images come", _add_options, _measure)
