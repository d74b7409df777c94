"""``symmviz bench loss``."""

import argparse
from argparse import Namespace

from symmviz.cli.bench.definition import (
    LARGEST,
    Bench,
    add_number,
    add_rounds,
    add_threads,
    between,
)
from symmviz.cli.bench.report import Report


def _add_options(parser: argparse.ArgumentParser) -> None:
    add_rounds(parser, 15)
    parser.add_argument(
        "--groups",
        type=between(2, LARGEST),
        nargs="+",
        default=[64, 512, 2048],
        metavar="N",
        help="pair groups in a batch for N-pair (default 64 512 2048)",
    )
    add_number(
        parser, "--other-groups", 512, "pair groups in a batch for the other losses", least=2
    )
    add_number(
        parser,
        "--memory-groups",
        4096,
        "pair groups in the batch whose peak memory is taken",
        least=2,
    )
    add_number(parser, "--dim", 512, "size of an embedding")
    add_threads(parser, 2)


def _measure(options: Namespace) -> Report:
    from symmviz.benchmarks.loss import Sizes, measure  # imports torch

    return measure(
        Sizes(
            groups=tuple(options.groups),
            others=options.other_groups,
            memory=options.memory_groups,
            dim=options.dim,
            rounds=options.rounds,
            threads=options.threads,
        )
    )


BENCH = Bench("loss", "what the losses cost in time and memory", _add_options, _measure)
