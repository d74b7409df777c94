"""``symmviz bench train``."""

import argparse
from argparse import Namespace

from symmcore.settings.networks import NETWORKS
from symmcore.training.config import DEVICES
from symmviz.cli.bench.definition import Bench, add_number, add_rounds, add_threads
from symmviz.cli.bench.report import Report


def _add_options(parser: argparse.ArgumentParser) -> None:
    names = ", ".join(info.name for info in NETWORKS)
    add = parser.add_argument
    add("--network", metavar="NAME", help=f"{names} (default googlenet on a GPU, else conv3)")
    add(
        "--device",
        choices=DEVICES,
        default="auto",
        metavar="NAME",
        help=f"{', '.join(DEVICES)} (default %(default)s)",
    )
    add("--bf16", action="store_true", help="compute the forward pass in bfloat16")
    add_rounds(parser, 5)
    add_threads(parser, 2)
    add_number(parser, "--batch-size", 128, "images in a batch", least=4)
    add_number(parser, "--steps", 10, "steps of each run in an alternation")


def _measure(options: Namespace) -> Report:
    from symmviz.benchmarks.train import Sizes, measure  # imports torch

    return measure(
        Sizes(
            network=options.network,
            device=options.device,
            batch=options.batch_size,
            steps=options.steps,
            rounds=options.rounds,
            threads=options.threads,
            bf16=options.bf16,
        )
    )


BENCH = Bench("train", "what a training step takes, and Symm adds to it", _add_options, _measure)
