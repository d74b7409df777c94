"""What can be written on the command line."""

import argparse
import sys
from collections.abc import Callable, Container, Sequence
from pathlib import Path
from typing import Any

from symmviz.cli.parser import AddArguments, Parser
from symmviz.cli.paths import user_path
from symmviz.cli.window import open_window

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


class _Version(argparse.Action):
    """Prints which version is installed, which takes long to find out."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from importlib.metadata import version

        sys.stdout.write(f"{version('symmviz')}\n")
        parser.exit()


def parse_arguments(arguments: Sequence[str]) -> Options:
    """Read a command line; leaves the process with status 2 where it is wrong."""
    parser = Parser(
        prog="symmviz",
        usage="%(prog)s [-h] [--version] [RUN ... [--select FILE] | COMMAND ...]",
        description="Watch a metric-learning embedding form. Without a command the window opens: "
        "on the runs or comparisons that are named, or with a folder of images chosen. "
        "--select FILE selects the images that a file lists.",
    )
    parser.add_argument(
        "--version", action=_Version, nargs=0, help="show program's version number and exit"
    )
    parser.set_defaults(run=open_window)
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", parser_class=Parser, prog="symmviz"
    )
    for name, text, add_arguments in _COMMANDS:
        commands.add_parser(name, help=text).add_when_chosen(add_arguments)
    if arguments and _is_path(arguments[0], commands.choices):
        return _window_on(arguments, parser)
    return parser.parse_args(arguments, Options())


def _is_path(argument: str, commands: Container[str]) -> bool:
    return not argument.startswith("-") and argument not in commands


def _window_on(arguments: Sequence[str], parser: Parser) -> Options:
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


def _without_select(arguments: Sequence[str], parser: Parser) -> tuple[Sequence[str], Path | None]:
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
    from symmviz.cli.training import add_train

    add_train(parser)


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    from symmviz.cli.evaluate import add_evaluate

    add_evaluate(parser)


def _add_results(parser: argparse.ArgumentParser) -> None:
    from symmviz.cli.results import add_results

    add_results(parser)


def _add_embed(parser: argparse.ArgumentParser) -> None:
    from symmviz.cli.embed import add_embed

    add_embed(parser)


def _add_export(parser: argparse.ArgumentParser) -> None:
    from symmviz.cli.export import add_export

    add_export(parser)


def _add_import(parser: argparse.ArgumentParser) -> None:
    from symmviz.cli.importing import add_import

    add_import(parser)


def _add_datasets(parser: argparse.ArgumentParser) -> None:
    from symmviz.cli.datasets import add_datasets

    add_datasets(parser)


def _add_bench(parser: argparse.ArgumentParser) -> None:
    from symmviz.cli.bench import add_bench

    add_bench(parser)


# Each imports its command once that is given: together they take longer than the window.
_COMMANDS: tuple[tuple[str, str, AddArguments], ...] = (
    ("train", "train without a window", _add_train),
    ("evaluate", "print the scores of a run as JSON", _add_evaluate),
    ("results", "print a table of runs and their scores", _add_results),
    ("embed", "write embeddings of any images", _add_embed),
    ("export", "write runs as files for other programs", _add_export),
    ("import", "record embeddings that were made elsewhere", _add_import),
    ("datasets", "list the datasets, or look into one", _add_datasets),
    ("bench", "measure", _add_bench),
)
