"""Image files with labels and a split, as found on disk and before any is decoded."""

from dataclasses import dataclass
from pathlib import Path

from symmcore.data.unused import Unused
from symmcore.records import IndexArray


@dataclass(frozen=True, slots=True, eq=False)
class ImageListing:
    """Which image files make up a dataset.

    Attributes:
        name: the dataset as the command line writes it, such as "folder:/photos".
        root: the folder that all files lie in.
        files: their paths below ``root``, with forward slashes; the position in this tuple
            is the position of the image in the dataset.
        labels: (N,) int64 in [0, len(class_names)).
        class_names: what each label is called.
        train: (T,) int64, positions of the training images, ascending.
        test: (S,) int64, positions of the test images, ascending.
        split: a sentence saying how the split was made.
        notes: sentences the user should read: a count that differs from the published one,
            classes that were left out, what is not used.
        unused: what lies in the folder and is not used, which ``notes`` say too.
    """

    name: str
    root: Path
    files: tuple[str, ...]
    labels: IndexArray
    class_names: tuple[str, ...]
    train: IndexArray
    test: IndexArray
    split: str
    notes: tuple[str, ...] = ()
    unused: tuple[Unused, ...] = ()
