"""``symmviz bench projection``."""

import argparse
from argparse import Namespace
from collections.abc import Sequence

from symmcore.errors import InputError
from symmcore.projection.methods import METHODS, is_installed, what_to_install
from symmviz.cli.bench.definition import LARGEST, Bench, add_number, between
from symmviz.cli.bench.report import Report

_FEWEST_POINTS = 50


def _add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    names = tuple(info.name for info in METHODS)
    add("--methods", nargs="+", choices=names, metavar="NAME", help=f"of {', '.join(names)}")
    add(
        "--datasets",
        nargs="*",
        default=("alphabets", "digits"),
        metavar="NAME",
        help="datasets that are trained on (default alphabets digits)",
    )
    for flag, default, text in (
        ("--points", (10_000, 20_000), "numbers of generated points"),
        ("--live", (4_000, 10_000), "numbers of points that a new frame moves on the screen"),
    ):
        add(
            flag,
            nargs="*",
            type=between(_FEWEST_POINTS, LARGEST),
            default=default,
            metavar="N",
            help=f"{text} (default {' '.join(map(str, default))})",
        )
    add_number(parser, "--steps", 300, "steps of each training")
    add_number(parser, "--frames", 25, "frames of each training, at most", least=2)
    add_number(parser, "--generated-frames", 2, "frames of generated points", least=2)
    add_number(parser, "--seed", 0, "of all that is random", least=0)
    add(
        "--backlog",
        type=between(1, LARGEST),
        metavar="ROUNDS",
        help="measure this alone: what recording a backlog by the first of the methods costs a "
        "training beside it, in so many alternations of 15 seconds",
    )
    add(
        "--clock",
        type=between(1, LARGEST),
        metavar="ROUNDS",
        help="measure this alone: in how many seconds of a clock a new frame of --live points is "
        "on the screen, in so many rounds, with and without a training beside it",
    )


def _measure(options: Namespace) -> Report:
    methods = _installed(options.methods)
    if options.clock is not None:
        from symmviz.benchmarks import projection_live  # imports torch

        return projection_live.measure(methods, options.live, options.clock, options.seed)
    if options.backlog is not None:
        from symmviz.benchmarks import projection_backlog  # imports torch

        return projection_backlog.measure(methods[0], options.backlog, options.seed)
    from symmviz.benchmarks.projection import measure  # imports torch
    from symmviz.benchmarks.projection_report import Sizes

    return measure(
        Sizes(
            methods=methods,
            datasets=tuple(options.datasets),
            steps=options.steps,
            frames=options.frames,
            points=tuple(options.points),
            generated_frames=options.generated_frames,
            live=tuple(options.live),
            seed=options.seed,
        )
    )


def _installed(names: Sequence[str] | None) -> tuple[str, ...]:
    """The methods that were named, or all.

    Raises:
        InputError: if one is not installed.
    """
    infos = [info for info in METHODS if names is None or info.name in names]
    for info in infos:
        if not is_installed(info):
            raise InputError(f"{what_to_install(info)}.")
    return tuple(info.name for info in infos)


BENCH = Bench(
    "projection", "how true, steady and fast the map's methods are", _add_options, _measure
)
