"""Settings described where they are declared: label, help, range and flag of a dataclass field.

The command line, the form of the window and the checks are made from these descriptions, so
that a new setting is one field of a dataclass and the code that uses it.
"""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from types import NoneType
from typing import Any, TypeVar, cast, get_args, get_type_hints

from symmcore.errors import InputError

_Value = TypeVar("_Value")
_KEY = "setting"

LARGEST_NUMBER = 1e30
"""Far above what trains, and far enough below where 32 bits end (3e38) to be computed with."""


class Place(Enum):
    """Where a setting can be chosen; the command line has all of them."""

    MAIN = "main"
    ADVANCED = "advanced"
    COMMAND_LINE = "command line"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the values that a form offers: the value, its title and what it means."""

    value: str
    title: str
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Description of one setting.

    Attributes:
        label: its name in the form: "Learning rate".
        help: what it is, without a capital and a full stop; a default is added to it.
        flag: its name on the command line; empty for the field's name in dashes.
        noun: its name within a sentence: "number of steps"; empty for the label in small letters.
        least: the smallest value that is possible.
        above: a bound that the value must exceed.
        most: the largest value that is possible.
        form_range: the values that the form offers, where these are fewer.
        step: how far one click on an arrow of the form's field goes.
        decimals: digits behind the point in the form.
        zero: what 0 stands for, where it is written for None: "never", "automatic".
        choices: the values that the form offers; their titles and descriptions.
        closed: whether no other values are possible.
        typed: what other values begin with that can be typed into the form; None where none can.
        unit: how much of the field's own unit the command line counts as one.
        path: whether it may name a file.
        place: where it can be chosen.
        protocol: whether it belongs to the protocol, which a preset sets as a whole.
    """

    label: str
    help: str
    flag: str = ""
    noun: str = ""
    least: float | None = None
    above: float | None = None
    most: float | None = None
    form_range: tuple[float, float] | None = None
    step: float = 1
    decimals: int = 3
    zero: str = ""
    choices: tuple[Choice, ...] = ()
    closed: bool = False
    typed: Choice | None = None
    unit: float = 1
    path: bool = False
    place: Place = Place.COMMAND_LINE
    protocol: bool = False

    @property
    def tip(self) -> str:
        """The help as a sentence."""
        return f"{self.help[:1].upper()}{self.help[1:]}."


@dataclass(frozen=True, slots=True)
class NamedSetting:
    """A setting with what its field says of it.

    Attributes:
        name: of the field, in files and in Python.
        kind: int, float, str or bool.
        default: the field's default.
        setting: its description.
    """

    name: str
    kind: type
    default: Any  # of the field, whatever its type
    setting: Setting

    @property
    def flag(self) -> str:
        """The option on the command line: "--batch-size"."""
        return self.setting.flag or f"--{self.name.replace('_', '-')}"

    @property
    def noun(self) -> str:
        """What it is called within a sentence."""
        return self.setting.noun or self.setting.label.lower()


def setting(default: _Value, /, **description: Any) -> _Value:
    """Declare a dataclass field with a default and a description, the fields of ``Setting``."""
    metadata = {_KEY: Setting(**description)}
    # The decorator makes the default of it, which is what a type checker takes it for.
    return dataclasses.field(default=default, metadata=metadata)


@cache
def settings_of(owner: type) -> tuple[NamedSetting, ...]:
    """All settings that a dataclass declares, in order."""
    hints = get_type_hints(owner)
    return tuple(
        NamedSetting(field.name, _kind(hints[field.name]), field.default, field.metadata[_KEY])
        for field in dataclasses.fields(owner)
        if _KEY in field.metadata
    )


def check_ranges(settings: object) -> None:
    """Check every described field of a dataclass instance against its range.

    Raises:
        InputError: one sentence that names the setting, its value and what would be right.
    """
    owner: Any = type(settings)  # a class, which the checker does not know to be hashable
    for named in settings_of(owner):
        value = getattr(settings, named.name)
        if value is not None and named.kind in (int, float):
            check_range(named, value)


def check_range(named: NamedSetting, value: float) -> None:
    """Check a number against the range of its setting.

    Raises:
        InputError: one sentence that names the setting, its value and what would be right.
    """
    described, text = named.setting, value if named.kind is int else f"{value:g}"
    if named.kind is float and not math.isfinite(value):
        raise InputError(f"The {named.noun} is {text}: it must be a finite number.")
    if described.above is not None and value <= described.above:
        raise InputError(f"The {named.noun} is {text}: it must be more than {described.above:g}.")
    if described.least is not None and value < described.least:
        raise InputError(f"The {named.noun} is {text}: it must be at least {described.least:g}.")
    if described.most is not None and value > described.most:
        most = f"{described.most:g}" if named.kind is float else int(described.most)
        raise InputError(f"The {named.noun} is {text}: it must be at most {most}.")


def with_given(base: _Value, given: Mapping[str, object]) -> _Value:
    """A copy of a settings dataclass in which the given fields hold instead of its own."""
    # The checker knows no dataclass of every type.
    return cast(_Value, dataclasses.replace(cast(Any, base), **given))


def _kind(hint: object) -> type:
    kinds = [kind for kind in get_args(hint) if kind is not NoneType]
    kind = kinds[0] if kinds else hint
    return kind if isinstance(kind, type) else str
