"""All settings of a training, validated; light enough to import before torch."""

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from symmcore.data.catalogue import DatasetChoice, dataset_choice
from symmcore.errors import InputError
from symmcore.settings.checks import check_at_least, check_not_negative, check_positive
from symmcore.settings.losses import LossSettings, check_settings, loss_info
from symmcore.settings.networks import FROM_SCRATCH, check_weights_choice, network_info
from symmcore.settings.presets import QUICK, preset
from symmcore.settings.schedule import Schedule
from symmcore.settings.symm import PairSet, Symm
from symmcore.settings.transforms import TransformSettings

DEVICES = ("auto", "cpu", "cuda", "mps")
# torch takes seeds of 64 bits; a spin box holds 31.
LARGEST_SEED = 2**31 - 1
# Mining compares every pair of a batch with every other: 8,192 pairs take a gigabyte.
LARGEST_BATCH = 16_384
# The last layer of the largest network then takes half a gigabyte.
LARGEST_DIM = 65_536
# torch ends the process when it cannot start as many as it was told to.
MOST_THREADS = 256


@dataclass(frozen=True, slots=True)
class RunSpec:
    """What one of several compared runs does differently from the others.

    Attributes:
        loss: name of the loss, such as "npair".
        symm: settings of Symmetrical Synthesis; None trains the baseline.
        loss_settings: settings of the loss; defaults where nothing was said.
        learning_rate: of this run; None takes the training's.
    """

    loss: str = "npair"
    symm: Symm | None = None
    loss_settings: LossSettings = field(default_factory=LossSettings)
    learning_rate: float | None = None

    def __post_init__(self) -> None:
        self._check_loss()
        if self.learning_rate is not None:
            check_positive("learning rate", self.learning_rate)

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

    def _check_loss(self) -> None:
        try:
            info = loss_info(self.loss)
            check_settings(info, self.loss_settings)
        except (ValueError, TypeError) as error:
            raise as_input_error(error) from error
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
        return differences


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """A training of one or more runs in lockstep.

    The defaults are those of the preset "quick".

    Attributes:
        dataset: the dataset as the command line writes it: "digits", "folder:/photos".
        split: how a dataset without a split of its own is split, a ``SplitRule``.
        download: whether the dataset may be fetched if it is not there.
        cache_bytes: most bytes that decoded images of all datasets may take on disk.
        specs: one entry a run; no two alike.
        steps: optimiser steps of each run.
        seed: decides split, batches, augmentation, initial weights and watch set.
        device: "auto" takes a GPU where there is one.
        preset: name of the preset that the values were taken from where nothing else was
            said; every value is here too.
        network: name of the embedding network.
        weights: what the network starts from: "none", "imagenet" or the path of a file.
        dim: size of an embedding.
        batch_size: images in a batch; even, since they come in pairs.
        learning_rate: Adam's in the first step, for runs that name none.
        schedule: how the learning rate falls.
        weight_decay: factor of ||w||^2 / 2 in the loss, over all weights but those of norm
            layers.
        transform: how images are resized and augmented; None leaves it to what suits them.
        bf16: whether the network's forward pass is computed in bfloat16 (autocast).
        eval_every: steps between evaluations.
        frames: about how many frames, embeddings of the watch set, are kept; those of
            evaluations, of the first steps and of the last come in any case.
        watch_limit: most images of each split that the watch set holds; None leaves it to
            the rule in ``training.frame_schedule``.
        checkpoint_every: steps between checkpoints; None leaves it to a rule there.
        recording_bytes: most bytes that galleries and checkpoints of all runs may take on disk;
            beyond it every second one is removed, the first and the newest kept.
        threads: torch threads on the CPU; None leaves one core free.

    Raises:
        InputError: if a value is out of range or a name unknown.
    """

    dataset: str = "digits"
    split: str = "auto"
    download: bool = False
    cache_bytes: int = 32 * 10**9
    specs: tuple[RunSpec, ...] = (RunSpec(symm=Symm()),)
    steps: int = QUICK.steps
    seed: int = 0
    device: str = "auto"
    preset: str = QUICK.name
    network: str = QUICK.network
    weights: str = FROM_SCRATCH
    dim: int = QUICK.dim
    batch_size: int = QUICK.batch_size
    learning_rate: float = QUICK.learning_rate
    schedule: Schedule = QUICK.schedule
    weight_decay: float = QUICK.weight_decay
    transform: TransformSettings | None = QUICK.transform
    bf16: bool = False
    eval_every: int = QUICK.eval_every
    frames: int = 60
    watch_limit: int | None = None
    checkpoint_every: int | None = None
    recording_bytes: int = 4 * 10**9
    threads: int | None = None

    def __post_init__(self) -> None:
        self.dataset_choice()
        check_at_least("cache limit in bytes", self.cache_bytes, 0)
        preset(self.preset)
        check_weights_choice(network_info(self.network), self.weights)
        self._check_specs()
        check_at_least("number of steps", self.steps, 1)
        check_at_least("seed", self.seed, 0)
        if self.seed > LARGEST_SEED:
            raise InputError(f"The seed is {self.seed}: at most {LARGEST_SEED} is possible.")
        check_at_least("embedding size", self.dim, 2)
        if self.dim > LARGEST_DIM:
            raise InputError(f"The embedding size is {self.dim}: at most {LARGEST_DIM}.")
        check_at_least("batch size", self.batch_size, 4)
        if self.batch_size > LARGEST_BATCH:
            raise InputError(f"The batch size is {self.batch_size}: at most {LARGEST_BATCH}.")
        if self.batch_size % 2:
            raise InputError(
                f"The batch size is {self.batch_size}: images come in pairs, so it must be even."
            )
        check_positive("learning rate", self.learning_rate)
        check_not_negative("weight decay", self.weight_decay)
        check_at_least("number of steps between evaluations", self.eval_every, 1)
        self._check_recording()
        if self.threads is not None:
            check_at_least("number of threads", self.threads, 1)
            if self.threads > MOST_THREADS:
                raise InputError(f"{self.threads} threads are too many: at most {MOST_THREADS}.")
        if self.device not in DEVICES:
            raise InputError(f"Unknown device {self.device!r}: choose one of {', '.join(DEVICES)}.")

    def dataset_choice(self) -> DatasetChoice:
        """What the dataset's name stands for; nothing of it is read."""
        return dataset_choice(self.dataset, self.split, self.download)

    def with_steps(self, steps: int) -> "TrainingConfig":
        """The same training with another number of steps."""
        return dataclasses.replace(self, steps=steps)

    def _check_recording(self) -> None:
        check_at_least("number of frames", self.frames, 0)
        check_at_least("recording limit in bytes", self.recording_bytes, 0)
        if self.watch_limit is not None:
            check_at_least("watch limit", self.watch_limit, 2)
        if self.checkpoint_every is not None:
            check_at_least("number of steps between checkpoints", self.checkpoint_every, 1)

    def _check_specs(self) -> None:
        if not self.specs:
            raise InputError("There is nothing to train: name at least one loss.")
        whole = [self._with_defaults(spec) for spec in self.specs]
        for spec, settings in zip(self.specs, whole, strict=True):
            if whole.count(settings) > 1:
                raise InputError(f"{spec.name} is to be compared with itself: name each run once.")

    def _with_defaults(self, spec: RunSpec) -> RunSpec:
        """The same run with every setting said."""
        settings = loss_info(spec.loss).defaults.given() | spec.loss_settings.given()
        return dataclasses.replace(
            spec,
            loss_settings=LossSettings(**settings),
            learning_rate=spec.learning_rate or self.learning_rate,
        )


def preset_config(name: str, **given: Any) -> TrainingConfig:
    """The training of a preset, but for what is given.

    Args:
        name: of the preset.
        given: values of ``TrainingConfig`` that hold whatever the preset says.

    Raises:
        InputError: if there is no such preset, or a value is out of range.
    """
    chosen = preset(name)
    values = {
        field.name: getattr(chosen, field.name)
        for field in dataclasses.fields(TrainingConfig)
        if hasattr(chosen, field.name)
    }
    return TrainingConfig(**(values | {"preset": name} | given))


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
    learning_rate = None
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
        elif key in _SYMM_KEYS:
            symm[key] = value if key == "pairs" else _number(key, value, text)
        elif key in _LOSS_KEYS:
            settings[key] = _number(key, value, text)
        else:
            known = ", ".join((*_SYMM_KEYS, *_LOSS_KEYS, "lr"))
            raise InputError(f"Unknown setting {key!r} in {text!r}: choose from {known}.")
    if symm and not plus:
        raise InputError(f"{next(iter(symm))!r} in {text!r} belongs to Symm: write {loss}+symm.")
    return RunSpec(
        loss,
        make_symm({"pairs": pairs} | symm) if plus else None,
        LossSettings(**settings),
        learning_rate,
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
        raise as_input_error(error) from error


def as_input_error(error: Exception) -> InputError:
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


def _text(value: float | str) -> str:
    if isinstance(value, str):
        return value
    short = f"{value:g}"
    # two settings that differ must not have one name
    return short if float(short) == value else repr(value)
