"""Which datasets torchvision can fetch, and which of them lie in the user's cache folder.

Light to import: ``torchvision_fetch`` fetches them, ``torchvision_sets`` reads them.
"""

from dataclasses import dataclass
from pathlib import Path

from symmcore.errors import InputError
from symmcore.folders import NoCacheFolderError, user_cache_folder

_MB = 10**6


@dataclass(frozen=True, slots=True)
class TorchvisionEntry:
    """A dataset that torchvision can fetch.

    Attributes:
        name: torchvision's name of it.
        images: how many it has.
        classes: how many classes it has.
        download: about how many bytes are downloaded.
        marker: a file or folder, below the set's own, that is there once it is fetched.
    """

    name: str
    images: int
    classes: int
    download: int
    marker: str

    @property
    def folder(self) -> Path:
        """Where it lies once it is fetched.

        Raises:
            InputError: if there is no folder for such sets.
        """
        return cache_folder() / self.name

    @property
    def is_fetched(self) -> bool:
        """Whether it is there; what may not be looked into is not."""
        try:
            return (self.folder / self.marker).exists()
        except (OSError, InputError):
            return False


OMNIGLOT = TorchvisionEntry("Omniglot", 32_460, 1_623, 16 * _MB, "omniglot-py/images_evaluation")
FLOWERS102 = TorchvisionEntry("Flowers102", 8_189, 102, 345 * _MB, "flowers-102/imagelabels.mat")
FGVC_AIRCRAFT = TorchvisionEntry(
    "FGVCAircraft", 10_000, 100, 2_750 * _MB, "fgvc-aircraft-2013b/data"
)
CIFAR100 = TorchvisionEntry("CIFAR100", 60_000, 100, 169 * _MB, "cifar-100-binary/test.bin")
FOOD101 = TorchvisionEntry("Food101", 101_000, 101, 5_000 * _MB, "food-101/images")
DTD = TorchvisionEntry("DTD", 5_640, 47, 625 * _MB, "dtd/dtd/images")

TORCHVISION_ENTRIES = (OMNIGLOT, FLOWERS102, FGVC_AIRCRAFT, CIFAR100, FOOD101, DTD)


def torchvision_entry(name: str) -> TorchvisionEntry:
    """Look up a set by torchvision's name, in any case.

    Raises:
        InputError: if it is not offered.
    """
    for known in TORCHVISION_ENTRIES:
        if known.name.lower() == name.lower():
            return known
    names = ", ".join(known.name for known in TORCHVISION_ENTRIES)
    raise InputError(f"Unknown torchvision dataset {name!r}: choose one of {names}.")


def cache_folder() -> Path:
    """Where fetched datasets are kept.

    Raises:
        InputError: if there is no such folder.
    """
    try:
        return user_cache_folder() / "torchvision"
    except NoCacheFolderError as error:
        raise InputError(f"Datasets of torchvision cannot be kept: {error}.") from error
