"""``symmviz bench scrub``."""

import argparse
from argparse import Namespace

from symmviz.cli.bench.definition import Bench, add_number, add_rounds
from symmviz.cli.bench.report import Report


def _add_options(parser: argparse.ArgumentParser) -> None:
    add_rounds(parser, 200)
    add_number(parser, "--images", 5_000, "images; each has a synthetic point as well", least=2)
    add_number(parser, "--frames", 200, "recorded frames", least=2)
    add_number(parser, "--wander", 2_000, "frames that are shown while memory is watched")


def _measure(options: Namespace) -> Report:
    from symmviz.benchmarks.scrub import measure  # imports Qt

    return measure(options.images, options.frames, options.rounds, options.wander)


BENCH = Bench(
    "scrub", "how fast a recorded frame is shown", _add_options, _measure, needs_window=True
)
