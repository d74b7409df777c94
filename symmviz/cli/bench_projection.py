"""The command ``bench projection``."""

import argparse

from symmcore.errors import InputError
from symmcore.projection.methods import METHODS, is_installed, what_to_install
from symmviz.cli.paths import user_path
from symmviz.cli.reports import check_writable, report_on

_FEWEST_POINTS = 50


def add_bench_projection(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``bench projection``."""
    parser.set_defaults(run=_bench_projection)
    add = parser.add_argument
    names = tuple(info.name for info in METHODS)
    add("--methods", nargs="+", choices=names, metavar="NAME", help=f"of {', '.join(names)}")
    for flag, default, text in (
        ("--datasets", ("alphabets", "digits"), "datasets that are trained on"),
        ("--points", (10_000, 20_000), "numbers of generated points"),
        ("--live", (4_000, 10_000), "numbers of points that a new frame moves on the screen"),
    ):
        shown = " ".join(map(str, default))
        add(
            flag,
            nargs="*",
            type=int if isinstance(default[0], int) else str,
            default=default,
            metavar="NAME" if flag == "--datasets" else "N",
            help=f"{text} (default {shown})",
        )
    for flag, number, text in (
        ("--steps", 300, "steps of each training"),
        ("--frames", 25, "frames of each training, at most"),
        ("--generated-frames", 2, "frames of generated points"),
        ("--seed", 0, "of all that is random"),
    ):
        add(flag, type=int, default=number, metavar="N", help=f"{text} (default %(default)s)")
    add(
        "--backlog",
        type=int,
        metavar="ROUNDS",
        help="measure this alone: what recording a backlog by the first of the methods costs a "
        "training beside it, in so many alternations of 15 seconds",
    )
    add("--json", type=user_path, metavar="FILE", help="write the numbers here too")


def _bench_projection(options: argparse.Namespace) -> int:
    check_writable(options.json)
    for number in (*options.points, *options.live):
        if number < _FEWEST_POINTS:
            raise InputError(f"{number} points are too few: there must be {_FEWEST_POINTS}.")
    for flag, least in (("steps", 1), ("frames", 2), ("generated_frames", 2), ("seed", 0)):
        given = getattr(options, flag)
        if given < least:
            raise InputError(f"--{flag.replace('_', '-')} is {given}: it must be {least} at least.")
    infos = [info for info in METHODS if options.methods is None or info.name in options.methods]
    for info in infos:
        if not is_installed(info):
            raise InputError(f"{what_to_install(info)}.")
    if options.backlog is not None:
        return _bench_backlog(infos[0].name, options)
    from symmviz.benchmarks.projection import measure  # imports torch
    from symmviz.benchmarks.projection_report import Sizes

    sizes = Sizes(
        methods=tuple(info.name for info in infos),
        datasets=tuple(options.datasets),
        steps=options.steps,
        frames=options.frames,
        points=tuple(options.points),
        generated_frames=options.generated_frames,
        live=tuple(options.live),
        seed=options.seed,
    )
    return report_on(lambda: measure(sizes), options.json)


def _bench_backlog(method: str, options: argparse.Namespace) -> int:
    if options.backlog < 1:
        raise InputError(f"--backlog is {options.backlog}: it must be 1 at least.")
    from symmviz.benchmarks.projection_backlog import measure  # imports torch

    return report_on(lambda: measure(method, options.backlog, options.seed), options.json)
