"""What a benchmark is on the command line, and the options that many have."""

import argparse
from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass

from symmviz.cli.bench.report import Report, report_on
from symmviz.cli.output_file import check_writable
from symmviz.cli.parser import AddArguments
from symmviz.cli.paths import user_path

LARGEST = 10**9
"""Of anything that is counted: tensors of two such sizes have a number of bytes."""
MOST_THREADS = 256


@dataclass(frozen=True, slots=True)
class Bench:
    """One benchmark.

    Attributes:
        name: what follows ``symmviz bench``.
        help: what it measures.
        add_options: adds the options that are its own.
        measure: measures, as its options say; imports what it measures itself, since Qt and
            torch take long and may be missing.
        needs_window: whether it opens one.
    """

    name: str
    help: str
    add_options: AddArguments
    measure: Callable[[Namespace], Report]
    needs_window: bool = False

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add all that it takes."""
        parser.set_defaults(run=self.run)
        parser.add_argument(
            "--json", type=user_path, metavar="FILE", help="write the numbers here too"
        )
        self.add_options(parser)

    def run(self, options: Namespace) -> int:
        """Measure and report; returns the exit status.

        Raises:
            InputError: if it cannot be measured, or the file not be written.
        """
        if self.needs_window:
            from symmviz.qt_check import check_window_possible

            check_window_possible()
        check_writable(options.json)
        return report_on(lambda: self.measure(options), options.json)


def add_rounds(parser: argparse.ArgumentParser, default: int) -> None:
    """Add ``--rounds``."""
    add_number(parser, "--rounds", default, "alternations of what is compared")


def add_threads(parser: argparse.ArgumentParser, default: int) -> None:
    """Add ``--threads``."""
    add_number(parser, "--threads", default, "torch threads on the CPU", most=MOST_THREADS)


def add_number(
    parser: argparse.ArgumentParser,
    flag: str,
    default: int,
    text: str,
    least: int = 1,
    most: int = LARGEST,
) -> None:
    """Add an option that takes a whole number."""
    parser.add_argument(
        flag,
        type=between(least, most),
        default=default,
        metavar="N",
        help=f"{text} (default %(default)s)",
    )


def between(least: int, most: int) -> Callable[[str], int]:
    """A reader of whole numbers that refuses those out of a range."""

    def number(text: str) -> int:
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"{value} is less than {least}")
        if value > most:
            raise argparse.ArgumentTypeError(f"{value} is more than {most}")
        return value

    return number
