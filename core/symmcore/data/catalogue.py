"""The datasets symmviz knows; ``choice`` reads which of them a user's DATASET argument means.

Light to import: what reads a dataset is imported when it is read, and torch never.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

from symmcore.data.dataset import ImageDataset
from symmcore.data.listing import ImageListing
from symmcore.data.sources.splits import SplitRule
from symmcore.progress import ProgressCallback, ignore_progress


@dataclass(frozen=True, slots=True)
class DatasetEntry:
    """One dataset that can be chosen by name alone.

    Attributes:
        name: its name on the command line and in files.
        title: its name for people.
        description: one sentence: what it is and where it comes from.
        images: how many images it has.
        classes: how many classes it has.
        split: how it is split, for people.
        load: makes it; its seed decides a random split, and it is told how far it is.
        side: height and width of its images in pixels; None where that is not known.
        variant: how another number of its images is asked for on the command line, if it can be.
        with_settings: makes it anew of what follows a colon after its name, if it takes settings;
            raises ``InputError`` if these are wrong.
    """

    name: str
    title: str
    description: str
    images: int
    classes: int
    split: str
    load: Callable[[int, ProgressCallback], ImageDataset]
    side: int | None = None
    variant: str | None = None
    with_settings: "Callable[[str], DatasetEntry] | None" = None

    can_split: ClassVar[bool] = False
    """Whether the user can choose another split."""
    can_download: ClassVar[bool] = False
    """Whether it can be fetched."""
    can_follow_links: ClassVar[bool] = False
    """Whether it lies in files that may be links."""


@dataclass(frozen=True, slots=True)
class DatasetSource:
    """A kind of dataset that needs to be told where it lies or which it is.

    Attributes:
        name: what the argument begins with: "folder" for "folder:PATH".
        argument: what follows the colon, for people: "PATH".
        title: its name for people.
        description: one sentence: what it is and what it needs.
        images: how many images it has, where that is known.
        classes: how many classes it has, where that is known.
        split: how it is split, for people.
        can_split: whether the user can choose another split.
        can_download: whether it can be fetched.
        can_follow_links: whether it lies in files of the user's, which may be links.
        read: reads or lists it; told how far a download is.
    """

    name: str
    argument: str
    title: str
    description: str
    images: int | None
    classes: int | None
    split: str
    can_split: bool
    can_download: bool
    can_follow_links: bool
    read: "Callable[[DatasetChoice, int, ProgressCallback], ImageDataset | ImageListing]"


@dataclass(frozen=True, slots=True)
class DatasetChoice:
    """What a DATASET argument stands for; nothing has been read yet.

    Attributes:
        kind: the dataset or the kind of dataset that was named.
        name: the dataset as the command line writes it: "digits", "folder:/photos".
        argument: what follows the colon: "/photos".
        split: which split was asked for.
        download: whether it may be fetched if it is not there.
        follow_links: whether links to folders and out of its folder are followed.
    """

    kind: DatasetEntry | DatasetSource
    name: str
    argument: str = ""
    split: SplitRule = SplitRule.AUTO
    download: bool = False
    follow_links: bool = False

    @property
    def folder_name(self) -> str:
        """The name as part of a folder's name: "folder-photos"."""
        kind = self.kind.name.partition(":")[0]
        last = re.split(r"[/\\]", self.argument.rstrip("/\\"))[-1].strip(".")
        text = f"{kind}-{last}" if last else kind
        return re.sub(r"[^\w.,=+-]+", "_", text)[:_LONGEST_FOLDER_NAME]

    def read(
        self, seed: int, on_progress: ProgressCallback = ignore_progress
    ) -> ImageDataset | ImageListing:
        """Read a dataset that is there in memory, list one that lies in files.

        Args:
            seed: decides a split by image.
            on_progress: told how far it is.

        Raises:
            InputError: naming the file or folder that is wrong.
        """
        if isinstance(self.kind, DatasetEntry):
            return self.kind.load(seed, on_progress)
        return self.kind.read(self, seed, on_progress)


def _load_digits(seed: int, _: ProgressCallback) -> ImageDataset:
    from symmcore.data.sources.digits import load_digits  # scikit-learn takes a second to import

    return load_digits(seed)


def _alphabets(settings: str) -> DatasetEntry:
    from symmcore.data.sources.alphabets import load_alphabets, parse_settings  # imports Pillow

    chosen = parse_settings(settings)
    return replace(
        ALPHABETS,
        name=chosen.name,
        images=chosen.classes * chosen.images,
        classes=chosen.classes,
        load=lambda _, on_progress: load_alphabets(chosen, on_progress),
    )


def _load_alphabets(seed: int, on_progress: ProgressCallback) -> ImageDataset:
    return _alphabets("").load(seed, on_progress)


def _read_folder(choice: DatasetChoice, seed: int, on_progress: ProgressCallback) -> ImageListing:
    from symmcore.data.sources.folder import list_folder

    return list_folder(
        choice.argument,
        choice.split,
        seed,
        on_progress=on_progress,
        follow_links=choice.follow_links,
    )


def _read_cub200(choice: DatasetChoice, _: int, on_progress: ProgressCallback) -> ImageListing:
    from symmcore.data.sources.cub200 import list_cub200

    return list_cub200(choice.argument, on_progress, follow_links=choice.follow_links)


def _read_cars196(choice: DatasetChoice, _: int, on_progress: ProgressCallback) -> ImageListing:
    from symmcore.data.sources.cars196 import list_cars196

    return list_cars196(choice.argument, on_progress, follow_links=choice.follow_links)


def _read_sop(choice: DatasetChoice, _: int, on_progress: ProgressCallback) -> ImageListing:
    from symmcore.data.sources.sop import list_sop

    return list_sop(choice.argument, on_progress, follow_links=choice.follow_links)


def _read_torchvision(
    choice: DatasetChoice, seed: int, on_progress: ProgressCallback
) -> ImageDataset | ImageListing:
    from symmcore.data.sources.torchvision_sets import read_torchvision_set

    return read_torchvision_set(
        choice.argument, choice.split, seed, download=choice.download, on_progress=on_progress
    )


# A file system takes 255 bytes; a letter may have four, and more words follow.
_LONGEST_FOLDER_NAME = 40
_BY_CLASS = "by class: the first half of the classes trains, the other half tests"

DIGITS = DatasetEntry(
    name="digits",
    title="Digits",
    description=(
        "Real handwritten digits of 8 x 8 pixels, scanned at NIST; bundled with "
        "scikit-learn, nothing is downloaded."
    ),
    images=1797,
    classes=10,
    split="by image: two thirds of each class train, one third tests",
    load=_load_digits,
    side=8,
)

ALPHABETS = DatasetEntry(
    name="alphabets",
    title="Alphabets (generated)",
    description="Generated characters of strokes, 28 x 28 pixels, in families of look-alikes.",
    images=4000,
    classes=200,
    split=_BY_CLASS,
    load=_load_alphabets,
    side=28,
    variant="alphabets:classes=1000,images=10,seed=1",
    with_settings=_alphabets,
)

DATASETS = (DIGITS, ALPHABETS)

FOLDER = DatasetSource(
    name="folder",
    argument="PATH",
    title="A folder of images",
    description="Your own images, one sub-folder a class, any depth below.",
    images=None,
    classes=None,
    split=(
        "by the folders train and test (or val) if there are such, else by class, or by image if "
        "asked: two thirds of each class train"
    ),
    can_split=True,
    can_download=False,
    can_follow_links=True,
    read=_read_folder,
)

SOURCES = (
    FOLDER,
    DatasetSource(
        name="cub200",
        argument="PATH",
        title="CUB-200-2011",
        description=(
            "Birds: the folder CUB_200_2011 of the official archive, with images.txt, "
            "image_class_labels.txt and images."
        ),
        images=11_788,
        classes=200,
        split="by class: 1-100 train, 101-200 test",
        can_split=False,
        can_download=False,
        can_follow_links=True,
        read=_read_cub200,
    ),
    DatasetSource(
        name="cars196",
        argument="PATH",
        title="Cars196",
        description=(
            "Cars: the folder with cars_annos.mat and car_ims, from the official archives."
        ),
        images=16_185,
        classes=196,
        split="by class: 1-98 train, 99-196 test",
        can_split=False,
        can_download=False,
        can_follow_links=True,
        read=_read_cars196,
    ),
    DatasetSource(
        name="sop",
        argument="PATH",
        title="Stanford Online Products",
        description=(
            "Products: the folder Stanford_Online_Products of the official archive, with "
            "Ebay_train.txt and Ebay_test.txt."
        ),
        images=120_053,
        classes=22_634,
        split="by class, by its own two lists",
        can_split=False,
        can_download=False,
        can_follow_links=True,
        read=_read_sop,
    ),
    DatasetSource(
        name="torchvision",
        argument="NAME",
        title="A torchvision dataset",
        description=(
            "Omniglot, Flowers102, FGVCAircraft, CIFAR100, Food101 or DTD; downloaded only when "
            "you ask for it."
        ),
        images=None,
        classes=None,
        split=_BY_CLASS,
        can_split=True,
        can_download=True,
        can_follow_links=False,
        read=_read_torchvision,
    ),
)
