"""Links in a dataset's folder: left out and said, or followed when that is asked for."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from data_trees import check_listing, class_folders, members, refusal, touch
from PIL import Image

from symmcore.data.choice import dataset_choice
from symmcore.data.images.cache import CacheSettings, cache_key
from symmcore.data.listing import ImageListing
from symmcore.data.loading import load_listing
from symmcore.data.sources.cars196 import list_cars196
from symmcore.data.sources.cub200 import list_cub200
from symmcore.data.sources.file_tree import LeftOut, find_files
from symmcore.data.sources.folder import list_folder
from symmcore.data.sources.splits import SplitRule

CLASSES = dict.fromkeys("abcd", 3)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Where the images really lie."""
    return class_folders(tmp_path / "store", CLASSES)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


def listed(root: Path) -> ImageListing:
    listing = list_folder(root, SplitRule.AUTO, 0, follow_links=True)
    check_listing(listing)
    return listing


def test_class_folders_that_are_links(root: Path, store: Path) -> None:
    for name in CLASSES:
        (root / name).symlink_to(store / name)
    message = refusal(list_folder, root, SplitRule.AUTO, 0)
    assert "(--follow-links)" in message
    assert "4 links" in message
    listing = listed(root)
    assert listing.class_names == tuple("abcd")
    assert listing.files[:3] == ("a/1.png", "a/2.png", "a/3.png")
    assert listing.notes == (
        "4 links lead out of the dataset's folder and were followed: a, b, c, d.",
    )


def test_too_few_classes_without_the_links(root: Path, store: Path) -> None:
    class_folders(root, {"x": 3})
    for name in CLASSES:
        (root / name).symlink_to(store / name)
    message = refusal(list_folder, root, SplitRule.AUTO, 0)
    assert "images of one class only" in message
    assert "(--follow-links)" in message


def test_files_that_are_links_as_hubs_store_them(root: Path, tmp_path: Path) -> None:
    blobs = tmp_path / "blobs"
    blobs.mkdir()
    for number, file in enumerate(f"{name}/{n}.png" for name in "abcd" for n in range(3)):
        (blobs / f"{number:040x}").touch()
        (root / file).parent.mkdir(exist_ok=True)
        (root / file).symlink_to(Path("../../blobs") / f"{number:040x}")
    assert "(--follow-links)" in refusal(list_folder, root, SplitRule.AUTO, 0)
    listing = listed(root)
    assert len(listing.files) == 12
    assert listing.notes == (
        "12 links lead out of the dataset's folder and were followed: a/0.png, a/1.png, a/2.png, "
        "b/0.png, b/1.png and 7 more.",
    )


def test_split_folders_that_are_links(root: Path, store: Path, tmp_path: Path) -> None:
    (root / "train").symlink_to(store)
    (root / "val").symlink_to(class_folders(tmp_path / "other", CLASSES))
    listing = listed(root)
    assert listing.split == "by the folders train and val"
    assert len(listing.files) == 24


def test_circles_end_and_nothing_is_listed_twice(root: Path, tmp_path: Path) -> None:
    class_folders(root, CLASSES)
    (root / "a" / "up").symlink_to(root)
    (root / "b" / "parent").symlink_to(tmp_path)
    (root / "c" / "itself").symlink_to(root / "c")
    (root / "d" / "sister").symlink_to("../a")
    (root / "e").symlink_to(root / "a")
    (root / "x").symlink_to("/")
    outside = touch(tmp_path / "outside", "1.png", "2.png")
    (outside / "back").symlink_to(root)
    (outside / "again").symlink_to(outside)
    (root / "f").symlink_to(outside)
    (root / "g").symlink_to(outside)
    listing = listed(root)
    assert len(listing.files) == 14
    assert members(listing, range(14))["f"] == ["f/1.png", "f/2.png"]
    (repeated,) = listing.unused
    assert (repeated.reason, repeated.count) == (LeftOut.REPEATED_LINK, 9)
    assert "a/up, b/parent, c/itself, d/sister, e and 4 more" in repeated.sentence
    assert "1 link leads out of the dataset's folder and was followed: f." in listing.notes


def test_a_real_folder_goes_before_the_links_to_it(root: Path) -> None:
    class_folders(root, {"b": 3, "c": 3, "d": 3, "e": 3})
    (root / "a").symlink_to(root / "b")
    listing = listed(root)
    assert listing.class_names == tuple("bcde")
    tree = find_files(root.resolve(), follow_links=True)
    assert tree.without(LeftOut.REPEATED_LINK) == ("a",)


def test_the_order_of_the_disk_decides_nothing(
    root: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class_folders(root, CLASSES)
    for name in ("y", "x", "z"):
        (root / name).symlink_to(store)
    before = listed(root)
    assert "x/a/1.png" in before.files
    scandir = os.scandir

    class Backwards:
        def __init__(self, path: str | os.PathLike[str]) -> None:
            with scandir(path) as entries:
                self.entries = sorted(entries, key=lambda entry: entry.name, reverse=True)

        def __enter__(self) -> Iterator[os.DirEntry[str]]:
            return iter(self.entries)

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(os, "scandir", Backwards)
    assert listed(root).files == before.files


def test_what_leads_to_nothing_is_said_and_harmless(root: Path, tmp_path: Path) -> None:
    class_folders(root, CLASSES)
    (root / "a" / "gone.png").symlink_to("/no/such/file.png")
    (root / "b" / "one").symlink_to("two")
    (root / "b" / "two").symlink_to("one")
    os.mkfifo(tmp_path / "pipe")
    (root / "c" / "pipe.png").symlink_to(tmp_path / "pipe")
    assert listed(root).notes == (
        "Left out: 4 links to nothing: a/gone.png, b/one, b/two, c/pipe.png.",
    )


def test_without_the_option_it_lists_as_before(root: Path, store: Path) -> None:
    class_folders(root, CLASSES)
    (root / "e").symlink_to(store / "a")
    listing = list_folder(root, SplitRule.AUTO, 0)
    assert listing.class_names == tuple("abcd")
    assert [str(one.reason) for one in listing.unused] == ["link"]


def test_fingerprint_and_cache_follow_too(root: Path, store: Path, tmp_path: Path) -> None:
    for number, path in enumerate(sorted(store.rglob("*.png"))):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(path)
    for name in CLASSES:
        (root / name).symlink_to(store / name)
    copy = shutil.copytree(root, tmp_path / "copy")
    cache = CacheSettings(folder=tmp_path / "cache")
    linked, copied = (load_listing(listed(one), cache, size=8) for one in (root, copy))
    assert linked.fingerprint() == copied.fingerprint()
    assert "4 links" in " ".join(linked.notes)
    key = cache_key(listed(root), 8)
    assert cache_key(listed(root), 8) == key
    Image.new("RGB", (8, 8), "white").save(store / "a" / "1.png")
    assert cache_key(listed(root), 8) != key
    assert load_listing(listed(root), cache, size=8).fingerprint() != linked.fingerprint()


def test_only_what_lies_in_files_of_the_users_has_links() -> None:
    for text in ("folder:x", "/x", "cub200:x", "cars196:x", "sop:x"):
        assert dataset_choice(text, follow_links=True).follow_links
    for text in ("digits", "alphabets", "torchvision:DTD"):
        assert "leave out --follow-links" in refusal(dataset_choice, text, follow_links=True)


def test_an_archive_of_links(tmp_path: Path) -> None:
    whole = tmp_path / "store" / "CUB_200_2011"
    files = [f"{n:03}.Bird/{n}_{k}.jpg" for n in (1, 2, 101, 102) for k in range(3)]
    touch(whole / "images", *files)
    lines = [f"{n} {file}\n" for n, file in enumerate(files, 1)]
    (whole / "images.txt").write_text("".join(lines))
    lines = [f"{n} {int(file[:3])}\n" for n, file in enumerate(files, 1)]
    (whole / "image_class_labels.txt").write_text("".join(lines))
    root = tmp_path / "data"
    root.mkdir()
    for path in whole.iterdir():
        (root / path.name).symlink_to(path)
    assert "(--follow-links)" in refusal(list_cub200, root)
    (root / "images.txt").unlink()
    (root / "image_class_labels.txt").unlink()
    for name in ("images.txt", "image_class_labels.txt"):
        shutil.copy(whole / name, root)
    assert "through a link: follow links (--follow-links)" in refusal(list_cub200, root)
    (root / "images.txt").unlink()
    (root / "images.txt").symlink_to(whole / "images.txt")
    listing = list_cub200(root, follow_links=True)
    check_listing(listing)
    assert listing.files == tuple(f"images/{file}" for file in files)
    assert listing.root == root
    assert listing.notes[-1] == (
        "2 links lead out of the dataset's folder and were followed: images, images.txt."
    )


def test_matlab_files_that_are_links(tmp_path: Path) -> None:
    root = tmp_path / "cars"
    root.mkdir()
    touch(tmp_path, "cars_annos.mat")
    (root / "cars_annos.mat").symlink_to(tmp_path / "cars_annos.mat")
    assert "(--follow-links)" in refusal(list_cars196, root)
    assert "damaged" in refusal(list_cars196, root, follow_links=True)
