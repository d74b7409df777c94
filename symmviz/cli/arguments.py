"""What can be written on the command line."""

import argparse
from collections.abc import Callable, Container, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NoReturn

from symmcore.processes import usable_cores
from symmcore.settings.networks import NETWORKS
from symmcore.training.config import DEVICES
from symmviz.cli.bench_compare import add_bench_compare
from symmviz.cli.bench_defaults import add_bench_defaults
from symmviz.cli.bench_projection import add_bench_projection
from symmviz.cli.commands import (
    bench_curves,
    bench_data,
    bench_evaluation,
    bench_loss,
    bench_retrieve,
    bench_scatter,
    bench_scrub,
    bench_start,
    bench_train,
    bench_ui,
    evaluate,
    open_window,
)
from symmviz.cli.datasets import show_datasets
from symmviz.cli.embed import add_embed
from symmviz.cli.export import add_export
from symmviz.cli.importing import add_import
from symmviz.cli.paths import user_path
from symmviz.cli.results import add_results
from symmviz.cli.training import train
from symmviz.cli.training_options import add_setting, add_training_options

# Of anything a benchmark counts: tensors of two such sizes have a number of bytes.
_LARGEST = 10**9
_MOST_THREADS = 256
_SELECT = "--select"


class Options(argparse.Namespace):
    """The parsed command line; ``run`` carries it out.

    Attributes:
        paths: what the window is to open.
        select: a file that lists which images are selected there; None for none.
    """

    run: "Callable[[Options], int]"
    paths: Sequence[Path] = ()
    select: Path | None = None


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line; argparse would print its usage first."""

    def error(self, message: str) -> NoReturn:
        sentence = message[:1].upper() + message[1:]
        self.exit(2, f"{self.prog}: {sentence.rstrip('.')} (see {self.prog} --help).\n")


def parse_arguments(arguments: Sequence[str]) -> Options:
    """Read a command line; leaves the process with status 2 where it is wrong."""
    parser = _Parser(
        prog="symmviz",
        usage="%(prog)s [-h] [--version] [RUN ... [--select FILE] | COMMAND ...]",
        description="Watch a metric-learning embedding form. Without a command the window opens: "
        "on the runs or comparisons that are named, or with a folder of images chosen. "
        "--select FILE selects the images that a file lists.",
    )
    parser.add_argument("--version", action="version", version=version("symmviz"))
    parser.set_defaults(run=open_window)
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", parser_class=_Parser, prog="symmviz"
    )
    _add_train(commands.add_parser("train", help="train without a window"))
    evaluation = commands.add_parser("evaluate", help="print the scores of a run as JSON")
    evaluation.add_argument(
        "run_folder", type=user_path, metavar="RUN", help="the folder of a run or a comparison"
    )
    evaluation.set_defaults(run=evaluate)
    add_results(commands.add_parser("results", help="print a table of runs and their scores"))
    add_embed(commands.add_parser("embed", help="write embeddings of any images"))
    add_export(commands.add_parser("export", help="write runs as files for other programs"))
    add_import(commands.add_parser("import", help="record embeddings that were made elsewhere"))
    _add_datasets(commands.add_parser("datasets", help="list the datasets, or look into one"))
    _add_bench(commands.add_parser("bench", help="measure"))
    if arguments and _is_path(arguments[0], commands.choices):
        return _window_on(arguments, parser)
    return parser.parse_args(arguments, Options())


def _is_path(argument: str, commands: Container[str]) -> bool:
    return not argument.startswith("-") and argument not in commands


def _window_on(arguments: Sequence[str], parser: _Parser) -> Options:
    """Open the window on paths; a command that is misspelt is said to be none."""
    paths, select = _without_select(arguments, parser)
    for argument in paths:
        if argument.startswith("-"):
            parser.error(f"{argument} goes with a command, and {arguments[0]} is none")
        if not user_path(argument).exists():
            parser.error(f"there is no command, run or folder of images {argument!r}")
    return Options(
        run=open_window, paths=[user_path(argument) for argument in paths], select=select
    )


def _without_select(arguments: Sequence[str], parser: _Parser) -> tuple[Sequence[str], Path | None]:
    """The paths to open, and the file that --select names."""
    paths, select = [], None
    rest = iter(arguments)
    for argument in rest:
        option, is_joined, value = argument.partition("=")
        if option != _SELECT:
            paths.append(argument)
            continue
        value = value if is_joined else next(rest, "")
        if not value:
            parser.error(f"{_SELECT} takes a file that lists images")
        select = user_path(value)
    return paths, select


def _add_train(parser: argparse.ArgumentParser) -> None:
    parser.description = "Train without a window and record the run."
    parser.set_defaults(run=train)
    add_training_options(parser)


def _add_datasets(parser: argparse.ArgumentParser) -> None:
    parser.description = "List the datasets; with DATASET, say what that one holds."
    parser.set_defaults(run=show_datasets)
    add = parser.add_argument
    add("dataset", metavar="DATASET", nargs="?", help="a name, or the path of a folder")
    for name in ("split", "seed", "download", "follow_links"):
        add_setting(parser, name)


def _add_bench(parser: argparse.ArgumentParser) -> None:
    parser.description = "Measure, always as a ratio against something in the same run."
    names = parser.add_subparsers(
        title="what to measure", metavar="NAME", dest="name", required=True, parser_class=_Parser
    )
    window = names.add_parser("ui", help="how responsive the window stays, and what it costs")
    window.set_defaults(run=bench_ui)
    window.add_argument(
        "--threads",
        type=_between(1, _MOST_THREADS),
        metavar="N",
        help="torch threads on the CPU (default: as many as the window takes)",
    )
    window.add_argument("--scrub", action="store_true", help="move the time cursor all the while")
    start = names.add_parser("start", help="how soon the window and the first picture are there")
    start.set_defaults(run=bench_start)
    start.add_argument(
        "--cold", action="store_true", help="have the system forget the files before each launch"
    )
    scrub = names.add_parser("scrub", help="how fast a recorded frame is shown")
    scrub.set_defaults(run=bench_scrub)
    scatter = names.add_parser("scatter", help="how fast a map draws points that move")
    scatter.set_defaults(run=bench_scatter)
    scatter.add_argument(
        "--points",
        type=_between(2, _LARGEST),
        nargs="+",
        default=[4_000, 20_000, 120_000, 1_000_000],
        metavar="N",
        help="points that move, half of them synthetic (default 4000 20000 120000 1000000)",
    )
    retrieval = names.add_parser("retrieve", help="how fast a query's neighbours are shown")
    retrieval.set_defaults(run=bench_retrieve)
    curves = names.add_parser("curves", help="how fast plots of many steps are")
    curves.set_defaults(run=bench_curves)
    loss = names.add_parser("loss", help="what the losses cost in time and memory")
    loss.set_defaults(run=bench_loss)
    data = names.add_parser("data", help="how fast images come")
    data.set_defaults(run=bench_data)
    _add_bench_data(data)
    evaluation = names.add_parser("evaluation", help="what Recall@K and k-means take")
    evaluation.set_defaults(run=bench_evaluation)
    training = names.add_parser("train", help="what a training step takes, and Symm adds to it")
    training.set_defaults(run=bench_train)
    _add_bench_train(training)
    add_bench_compare(
        names.add_parser("compare", help="what two runs in lockstep take, against one")
    )
    add_bench_defaults(
        names.add_parser("defaults", help="whether every loss ends sound with the quick preset")
    )
    add_bench_projection(
        names.add_parser("projection", help="how true, steady and fast the map's methods are")
    )
    for bench, rounds in (
        (window, 10),
        (start, 3),
        (scrub, 200),
        (scatter, 100),
        (retrieval, 100),
        (curves, 100),
        (loss, 15),
        (data, 5),
        (evaluation, 3),
        (training, 5),
    ):
        bench.add_argument(
            "--json", type=user_path, metavar="FILE", help="write the numbers here too"
        )
        bench.add_argument(
            "--rounds",
            type=_between(1, _LARGEST),
            default=rounds,
            metavar="N",
            help="alternations of what is compared (default %(default)s)",
        )
    loss.add_argument(
        "--groups",
        type=_between(2, _LARGEST),
        nargs="+",
        default=[64, 512, 2048],
        metavar="N",
        help="pair groups in a batch for N-pair (default 64 512 2048)",
    )
    for bench, flag, least, default, text in (
        (loss, "--other-groups", 2, 512, "pair groups in a batch for the other losses"),
        (loss, "--memory-groups", 2, 4096, "pair groups in the batch whose peak memory is taken"),
        (loss, "--dim", 1, 512, "size of an embedding"),
        (loss, "--threads", 1, 2, "torch threads on the CPU"),
        (evaluation, "--images", 4, 60_502, "embeddings"),
        (evaluation, "--classes", 2, 11_316, "classes"),
        (evaluation, "--dim", 1, 512, "size of an embedding"),
        (evaluation, "--threads", 1, 2, "torch threads on the CPU"),
        (training, "--threads", 1, 2, "torch threads on the CPU"),
        (training, "--batch-size", 4, 128, "images in a batch"),
        (training, "--steps", 1, 10, "steps of each run in an alternation"),
        (curves, "--runs", 1, 6, "runs"),
        (curves, "--steps", 100, 1_000_000, "steps of each run"),
        (scrub, "--images", 2, 5_000, "images; each has a synthetic point as well"),
        (retrieval, "--images", 100, 60_502, "images that are searched"),
        (retrieval, "--dim", 2, 512, "dimensions of their embeddings"),
        (retrieval, "--runs", 1, 1, "runs that are searched at once"),
        (scrub, "--frames", 2, 200, "recorded frames"),
        (scrub, "--wander", 1, 2_000, "frames that are shown while memory is watched"),
    ):
        bench.add_argument(
            flag,
            type=_between(least, _MOST_THREADS if flag == "--threads" else _LARGEST),
            default=default,
            metavar="N",
            help=f"{text} (default %(default)s)",
        )


def _add_bench_train(parser: argparse.ArgumentParser) -> None:
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


def _add_bench_data(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "path",
        type=user_path,
        nargs="?",
        metavar="PATH",
        help="a folder with a folder for each class (default: generated images)",
    )
    for flag, default, text in (
        ("--images", 1024, "read at most N images"),
        ("--batch-size", 128, "images in a batch"),
        ("--workers", usable_cores(), "worker processes of every way that has any"),
    ):
        add(
            flag,
            type=_between(1, _LARGEST),
            default=default,
            metavar="N",
            help=f"{text} (default %(default)s)",
        )


def _between(least: int, most: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"{value} is less than {least}")
        if value > most:
            raise argparse.ArgumentTypeError(f"{value} is more than {most}")
        return value

    return number
