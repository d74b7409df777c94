"""All settings of a training, validated; light enough to import before torch."""

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from symmcore.data.catalogue import DatasetChoice
from symmcore.data.choice import dataset_choice
from symmcore.data.sources.splits import SplitRule
from symmcore.errors import InputError
from symmcore.settings.networks import (
    FROM_SCRATCH,
    IMAGENET,
    LARGEST_DIM,
    NETWORKS,
    TIMM,
    TIMM_EXAMPLE,
    check_weights_choice,
    network_info,
)
from symmcore.settings.presets import QUICK, preset
from symmcore.settings.schedule import Schedule
from symmcore.settings.setting import (
    LARGEST_NUMBER,
    Choice,
    Place,
    check_ranges,
    setting,
)
from symmcore.settings.symm import Symm
from symmcore.settings.transforms import TransformSettings
from symmcore.training.spec import RunSpec
from symmcore.training.watch_set import WatchRule

DEVICES = ("auto", "cpu", "cuda", "mps")


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """A training of one or more runs in lockstep, with every setting in its one place.

    The defaults are those of the preset "quick".

    Attributes:
        dataset: the dataset as the command line writes it: "digits", "folder:/photos".
        specs: one entry a run; no two alike.
        preset: name of the preset that the values were taken from where nothing else was
            said; every value is here too.
        schedule: how the learning rate falls.
        transform: how images are resized and augmented; None leaves it to what suits them.

    Raises:
        InputError: if a value is out of range or a name unknown.
    """

    dataset: str = "digits"
    specs: tuple[RunSpec, ...] = (RunSpec(symm=Symm()),)
    preset: str = QUICK.name
    schedule: Schedule = field(default_factory=Schedule)
    transform: TransformSettings | None = None
    steps: int = setting(
        300,
        label="Steps",
        noun="number of steps",
        help="batches to train on; a finished training can go on",
        least=1,
        form_range=(1, 1_000_000),
        step=100,
        place=Place.MAIN,
        protocol=True,
    )
    seed: int = setting(
        0,
        label="Seed",
        help="decides the split, batches, augmentation, initial weights and watched images",
        least=0,
        # torch takes seeds of 64 bits; a field of the form holds 31
        most=2**31 - 1,
        place=Place.MAIN,
    )
    device: str = setting(
        "auto",
        label="Device",
        help="where to train: auto (a GPU where torch finds one), cpu, cuda or mps",
        choices=(
            Choice("auto", "Automatic"),
            Choice("cpu", "CPU"),
            Choice("cuda", "GPU (CUDA)"),
            Choice("mps", "GPU (Apple)"),
        ),
        place=Place.MAIN,
    )
    network: str = setting(
        "conv3",
        label="Network",
        help=(
            f"the embedding network: {', '.join(info.name for info in NETWORKS)}, or timm:NAME "
            "with the library timm installed"
        ),
        choices=tuple(Choice(info.name, info.title, info.description) for info in NETWORKS),
        typed=Choice(
            TIMM, TIMM, f"A network of the library timm: go on with its name, {TIMM_EXAMPLE} say."
        ),
        place=Place.ADVANCED,
        protocol=True,
    )
    weights: str = setting(
        FROM_SCRATCH,
        label="Weights",
        help=(
            f"what a large network starts from: {FROM_SCRATCH}, {IMAGENET} (downloads "
            "torchvision's or timm's once), or a safetensors file or state dict"
        ),
        choices=(
            Choice(FROM_SCRATCH, "From scratch"),
            Choice(IMAGENET, "ImageNet (downloaded once)"),
        ),
        path=True,
        place=Place.ADVANCED,
    )
    split: str = setting(
        SplitRule.AUTO.value,
        label="Split",
        help=f"how a folder of images is split: {', '.join(SplitRule)}; other data has its own",
        choices=(
            Choice(SplitRule.AUTO, "Automatic"),
            Choice(SplitRule.CLASS, "By class: half of the classes is never seen"),
            Choice(SplitRule.IMAGE, "By image: a third of each class tests"),
            Choice(SplitRule.FOLDERS, "By the folders train and test (or val)"),
        ),
        place=Place.ADVANCED,
    )
    batch_size: int = setting(
        128,
        label="Batch size",
        help="images in a batch: pairs of one class, so an even number",
        least=4,
        # Mining compares every pair of a batch with every other: 8,192 pairs take a gigabyte.
        most=16_384,
        step=2,
        place=Place.ADVANCED,
        protocol=True,
    )
    dim: int = setting(
        64,
        label="Embedding size",
        help="numbers in an embedding",
        least=2,
        most=LARGEST_DIM,
        form_range=(2, 4096),
        step=32,
        place=Place.ADVANCED,
        protocol=True,
    )
    learning_rate: float = setting(
        3e-3,
        label="Learning rate",
        help="Adam's learning rate in the first step",
        flag="--lr",
        above=0,
        most=LARGEST_NUMBER,
        form_range=(1e-6, 1000.0),
        step=0.0005,
        decimals=6,
        place=Place.ADVANCED,
        protocol=True,
    )
    grad_clip: float | None = setting(
        None,
        label="Gradient clipping",
        help="largest norm of the gradient of all weights together; a larger one is scaled down",
        above=0,
        most=LARGEST_NUMBER,
        form_range=(0.0, 1e6),
        zero="none",
        place=Place.ADVANCED,
        protocol=True,
    )
    weight_decay: float = setting(
        0.0,
        label="Weight decay",
        help="adds N ||w||^2 / 2 to the loss, over all weights but those of norm layers",
        least=0,
        most=LARGEST_NUMBER,
        protocol=True,
    )
    eval_every: int | None = setting(
        None,
        label="Steps between evaluations",
        noun="number of steps between evaluations",
        help=(
            "steps between evaluations, which embed every test image and score Recall@1; automatic "
            "takes at most a tenth of the time"
        ),
        least=1,
        zero="automatic",
        form_range=(1, 100_000),
        step=5,
        place=Place.ADVANCED,
        protocol=True,
    )
    frames: int = setting(
        20,
        label="Frames",
        noun="number of frames",
        help=(
            "about how many frames, embeddings of the watch set, are kept; those of evaluations, "
            "of the first steps and of the last come in any case"
        ),
        least=0,
        protocol=True,
    )
    watch_limit: int | None = setting(
        None,
        label="Watch limit",
        help="most images of each split that are watched",
        least=2,
        zero="as many as keep frames under a tenth of the time, 200 to 2,000",
    )
    watch: str = setting(
        WatchRule.CLASSES.value,
        label="Watched",
        help="what is watched where not every image can be: whole classes, or images of all",
        choices=(
            Choice(WatchRule.CLASSES, "Whole classes"),
            Choice(WatchRule.IMAGES, "Images of all classes"),
        ),
        closed=True,
    )
    checkpoint_every: int | None = setting(
        None,
        label="Steps between checkpoints",
        noun="number of steps between checkpoints",
        help="steps between checkpoints",
        least=1,
        zero="about twenty in all",
    )
    bf16: bool = setting(
        False, label="bfloat16", help="compute the network's forward pass in bfloat16 (autocast)"
    )
    threads: int | None = setting(
        None,
        label="Threads",
        noun="number of threads",
        help=(
            "torch threads on the CPU, on which the numbers depend; automatic takes all cores, "
            "in the window all but one"
        ),
        least=1,
        # torch ends the process when it cannot start as many as it was told to
        most=256,
        zero="automatic",
        place=Place.ADVANCED,
    )
    recording_bytes: int = setting(
        4 * 10**9,
        label="Recording limit",
        noun="recording limit in bytes",
        help=(
            "most gigabytes that recorded test embeddings and checkpoints take; beyond it every "
            "second one is removed"
        ),
        flag="--record-gb",
        least=0,
        most=10**18,
        unit=10**9,
    )
    download: bool = setting(False, label="Download", help="fetch the dataset if it is not there")
    follow_links: bool = setting(
        False,
        label="Follow links",
        help="follow links to folders and out of the dataset's folder",
    )
    cache_bytes: int = setting(
        32 * 10**9,
        label="Cache limit",
        noun="cache limit in bytes",
        help="most gigabytes of disk that decoded images take",
        flag="--cache-gb",
        least=0,
        # no disk holds as much, and it is still a number of 64 bits
        most=10**18,
        unit=10**9,
    )

    def __post_init__(self) -> None:
        self.dataset_choice()
        preset(self.preset)
        check_weights_choice(network_info(self.network), self.weights)
        self._check_specs()
        check_ranges(self)
        if self.batch_size % 2:
            raise InputError(
                f"The batch size is {self.batch_size}: images come in pairs, so it must be even."
            )
        check_device(self.device)

    def dataset_choice(self) -> DatasetChoice:
        """What the dataset's name stands for; nothing of it is read."""
        return dataset_choice(self.dataset, self.split, self.download, self.follow_links)

    def with_steps(self, steps: int) -> "TrainingConfig":
        """The same training with another number of steps."""
        return dataclasses.replace(self, steps=steps)

    def learning_rate_of(self, spec: RunSpec) -> float:
        """The learning rate of a run in its first step."""
        return spec.learning_rate or self.learning_rate

    def dim_of(self, spec: RunSpec) -> int:
        """The size of a run's embeddings."""
        return spec.dim or self.dim

    def _check_specs(self) -> None:
        if not self.specs:
            raise InputError("There is nothing to train: name at least one loss.")
        whole = [self._with_defaults(spec) for spec in self.specs]
        for spec, settings in zip(self.specs, whole, strict=True):
            if whole.count(settings) > 1:
                raise InputError(f"{spec.name} is to be compared with itself: name each run once.")

    def _with_defaults(self, spec: RunSpec) -> RunSpec:
        """The same run with every setting said."""
        return spec.with_settings(learning_rate=self.learning_rate_of(spec), dim=self.dim_of(spec))


def preset_config(name: str, **given: Any) -> TrainingConfig:
    """The training of a preset, but for what is given.

    Args:
        name: of the preset.
        given: values of ``TrainingConfig`` that hold whatever the preset says.

    Raises:
        InputError: if there is no such preset, or a value is out of range.
    """
    values: dict[str, Any] = {**preset(name).overrides, "preset": name, **given}
    return TrainingConfig(**values)


def check_device(name: str) -> None:
    """Check that a device is one of ``DEVICES``, wherever it may be.

    Raises:
        InputError: if it is not.
    """
    if name not in DEVICES:
        raise InputError(f"Unknown device {name!r}: choose one of {', '.join(DEVICES)}.")
