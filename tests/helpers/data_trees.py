"""Small image folders and archives in the official layouts, for tests of what lists them."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
import pytest

from symmcore.data.listing import ImageListing
from symmcore.errors import InputError


def touch(root: Path, *files: str) -> Path:
    """Make empty files, and the folders they lie in."""
    for file in files:
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def class_folders(root: Path, sizes: Mapping[str, int], ending: str = "png") -> Path:
    """One folder a class, with so many images each."""
    return touch(
        root, *(f"{name}/{n}.{ending}" for name, size in sizes.items() for n in range(1, size + 1))
    )


def refusal(make: Callable[..., object], *arguments: object, **settings: object) -> str:
    """The one sentence that something is refused with."""
    with pytest.raises(InputError) as caught:
        make(*arguments, **settings)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert message.endswith(".")
    assert not message.endswith("..")
    message.encode("utf-8")
    return message


def members(listing: ImageListing, positions: Iterable[int]) -> dict[str, list[str]]:
    """The files at some positions, by the name of their class."""
    found: dict[str, list[str]] = {}
    for position in positions:
        name = listing.class_names[listing.labels[position]]
        found.setdefault(name, []).append(listing.files[position])
    return found


def check_listing(listing: ImageListing) -> None:
    """What holds of every listing."""
    count = len(listing.files)
    assert len(set(listing.files)) == count
    assert listing.labels.shape == (count,)
    assert listing.labels.dtype == listing.train.dtype == listing.test.dtype == np.int64
    assert set(listing.labels) == set(range(len(listing.class_names)))
    for positions in (listing.train, listing.test):
        assert (np.diff(positions) > 0).all()
        assert positions.min() >= 0
        assert positions.max() < count
    assert not set(listing.train) & set(listing.test)
    assert min(np.unique(listing.labels[listing.train], return_counts=True)[1]) >= 2
    for file in listing.files:
        assert not file.startswith("/")
        assert ".." not in file.split("/")
        assert (listing.root / file).is_file()
    assert not listing.split.endswith(".")
    for note in listing.notes:
        assert note.endswith(".")
        assert "\n" not in note
