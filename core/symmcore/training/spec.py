"""What one run of a training is: a loss, Symm and their settings, and the SPEC that names it."""

import dataclasses
from dataclasses import dataclass, field

from symmcore.errors import InputError
from symmcore.settings.losses import LossSettings, check_settings, loss_info
from symmcore.settings.networks import LARGEST_DIM
from symmcore.settings.setting import LARGEST_NUMBER, check_ranges, setting
from symmcore.settings.symm import PairSet, Symm


@dataclass(frozen=True, slots=True)
class RunSpec:
    """What one of several compared runs does differently from the others.

    Attributes:
        loss: name of the loss, such as "npair".
        symm: settings of Symmetrical Synthesis; None trains the baseline.
        loss_settings: settings of the loss; defaults where nothing was said.
        learning_rate: of this run; None takes the training's.
        dim: size of this run's embeddings; None takes the training's.
    """

    loss: str = "npair"
    symm: Symm | None = None
    loss_settings: LossSettings = field(default_factory=LossSettings)
    learning_rate: float | None = setting(
        None,
        label="Learning rate",
        help="Adam's learning rate in the first step, of this run",
        above=0,
        most=LARGEST_NUMBER,
    )
    dim: int | None = setting(
        None,
        label="Embedding size",
        help="dimensions of an embedding, of this run",
        least=2,
        most=LARGEST_DIM,
    )

    def __post_init__(self) -> None:
        self._check_loss()
        check_ranges(self)

    @property
    def name(self) -> str:
        """The SPEC that describes this run, in its shortest form: "npair+symm:rank=2"."""
        base = self.loss if self.symm is None else f"{self.loss}+symm"
        settings = ",".join(f"{key}={value}" for key, value in self._differences())
        return f"{base}:{settings}" if settings else base

    @property
    def folder_name(self) -> str:
        """The name as a folder: no colon, which some systems forbid."""
        return self.name.replace(":", "_")

    def with_settings(self, *, learning_rate: float | None, dim: int | None) -> "RunSpec":
        """The same run with every setting of the loss said, and these."""
        settings = loss_info(self.loss).defaults.given() | self.loss_settings.given()
        return dataclasses.replace(
            self, loss_settings=LossSettings(**settings), learning_rate=learning_rate, dim=dim
        )

    def _check_loss(self) -> None:
        try:
            info = loss_info(self.loss)
            check_settings(info, self.loss_settings)
        except (ValueError, TypeError) as error:
            raise _as_input_error(error) from error
        if self.symm is not None and self.symm.rank > info.max_rank(self.symm.pairs):
            raise InputError(
                f"The rank is {self.symm.rank}: {info.title} has "
                f"{info.max_rank(self.symm.pairs)} candidates with pairs={self.symm.pairs}."
            )

    def _differences(self) -> list[tuple[str, str]]:
        differences = []
        if self.symm is not None:
            default = Symm()
            for field in dataclasses.fields(Symm):
                value = getattr(self.symm, field.name)
                if value != getattr(default, field.name):
                    differences.append((field.name, _text(value)))
        for name, value in self.loss_settings.given().items():
            differences.append((name, _text(value)))
        if self.learning_rate is not None:
            differences.append(("lr", _text(self.learning_rate)))
        if self.dim is not None:
            differences.append(("dim", str(self.dim)))
        return differences


def parse_spec(text: str, pairs: PairSet = "paper") -> RunSpec:
    """Read a SPEC: a loss, ``+symm``, and settings, as in "npair+symm:rank=2,lr=0.001".

    Args:
        text: the SPEC.
        pairs: Symm's, where the SPEC says nothing of them.

    Raises:
        InputError: naming the part that is wrong and what would be right.
    """
    head, _, tail = text.partition(":")
    loss, plus, suffix = head.partition("+")
    if plus and suffix != "symm":
        raise InputError(f"{text!r} ends its loss with '+{suffix}': only '+symm' can follow.")
    symm: dict[str, float | int | str] = {}
    settings: dict[str, float] = {}
    learning_rate, dim = None, None
    given: set[str] = set()
    for item in filter(None, tail.split(",")):
        key, equals, value = item.partition("=")
        if not equals:
            raise InputError(f"{item!r} in {text!r} has no value: write setting=value.")
        if key in given:
            raise InputError(f"{text!r} sets {key} twice: say it once.")
        given.add(key)
        if key == "lr":
            learning_rate = _number(key, value, text)
        elif key == "dim":
            dim = _whole_number(key, value, text)
        elif key in _SYMM_KEYS:
            symm[key] = value if key == "pairs" else _number(key, value, text)
        elif key in _LOSS_KEYS:
            settings[key] = _number(key, value, text)
        else:
            known = ", ".join((*_SYMM_KEYS, *_LOSS_KEYS, "lr", "dim"))
            raise InputError(f"Unknown setting {key!r} in {text!r}: choose from {known}.")
    if symm and not plus:
        raise InputError(f"{next(iter(symm))!r} in {text!r} belongs to Symm: write {loss}+symm.")
    return RunSpec(
        loss,
        make_symm({"pairs": pairs} | symm) if plus else None,
        LossSettings(**settings),
        learning_rate,
        dim,
    )


def make_symm(settings: dict[str, float | int | str]) -> Symm:
    """Symm with some settings off their defaults.

    Raises:
        InputError: if one is out of range.
    """
    rank = settings.get("rank", 1)
    if isinstance(rank, float):
        if not rank.is_integer():
            raise InputError(f"The rank is {rank}: it must be a whole number.")
        settings = settings | {"rank": int(rank)}
    try:
        return Symm(**settings)  # type: ignore[arg-type]  # Symm checks the types itself
    except (ValueError, TypeError) as error:
        raise _as_input_error(error) from error


def _as_input_error(error: Exception) -> InputError:
    """What the core says of a bad value, as a sentence for the user."""
    text = str(error)
    if "_" in text.partition(" ")[0]:  # a name such as angle_deg has no capital
        return InputError(f"The setting {text}.")
    return InputError(f"{text[:1].upper()}{text[1:]}.")


_SYMM_KEYS = tuple(field.name for field in dataclasses.fields(Symm))
_LOSS_KEYS = tuple(field.name for field in dataclasses.fields(LossSettings))


def _number(key: str, value: str, text: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise InputError(f"{value!r} in {text!r} is not a number: {key} takes one.") from None


def _whole_number(key: str, value: str, text: str) -> int:
    number = _number(key, value, text)
    if not number.is_integer():
        raise InputError(f"{value!r} in {text!r} is no whole number: {key} takes one.")
    return int(number)


def _text(value: float | str) -> str:
    if isinstance(value, str):
        return value
    short = f"{value:g}"
    # two settings that differ must not have one name
    return short if float(short) == value else repr(value)
