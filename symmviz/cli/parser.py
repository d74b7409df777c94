"""Parsers of the command line."""

import argparse
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from symmviz.cli.exit_status import BAD_INPUT

AddArguments = Callable[[argparse.ArgumentParser], None]


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line; argparse would print its usage first."""

    _add_arguments: AddArguments | None = None

    def add_when_chosen(self, add_arguments: AddArguments) -> None:
        """Have a command's arguments added once it is chosen.

        What only one command needs, nobody waits for who gives another.
        """
        self._add_arguments = add_arguments

    def parse_known_args(self, args: Iterable[str] | None = None, namespace: Any = None) -> Any:
        """What argparse calls of the command that was chosen, and of no other."""
        add, self._add_arguments = self._add_arguments, None
        if add is not None:
            add(self)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """End the process with status 2, after one line."""
        sentence = message[:1].upper() + message[1:]
        self.exit(BAD_INPUT, f"{self.prog}: {sentence.rstrip('.')} (see {self.prog} --help).\n")
