"""``symmviz bench evaluation``."""

import argparse
from argparse import Namespace

from symmviz.cli.bench.definition import Bench, add_number, add_rounds, add_threads
from symmviz.cli.bench.report import Report


def _add_options(parser: argparse.ArgumentParser) -> None:
    add_rounds(parser, 3)
    add_number(parser, "--images", 60_502, "embeddings", least=4)
    add_number(parser, "--classes", 11_316, "classes", least=2)
    add_number(parser, "--dim", 512, "size of an embedding")
    add_threads(parser, 2)


def _measure(options: Namespace) -> Report:
    from symmviz.benchmarks.evaluation import Sizes, measure  # imports torch

    return measure(
        Sizes(
            images=options.images,
            classes=options.classes,
            dim=options.dim,
            rounds=options.rounds,
            threads=options.threads,
        )
    )


BENCH = Bench("evaluation", "what Recall@K and k-means take", _add_options, _measure)
