"""What a DATASET argument stands for."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from data_trees import class_folders, refusal

from symmcore.data import catalogue
from symmcore.data.catalogue import (
    DATASETS,
    DIGITS,
    SOURCES,
    DatasetEntry,
    DatasetSource,
)
from symmcore.data.choice import dataset_choice, dataset_entry
from symmcore.data.dataset import ImageDataset
from symmcore.data.listing import ImageListing
from symmcore.data.sources.splits import SplitRule


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own to run in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "kind", "argument"),
    [
        ("folder:/a/b", "folder", "/a/b"),
        ("folder:a", "folder", "a"),
        ("folder:C:\\photos", "folder", "C:\\photos"),
        ("cub200:/data/CUB_200_2011", "cub200", "/data/CUB_200_2011"),
        ("cars196:~/cars", "cars196", "~/cars"),
        ("sop:.", "sop", "."),
        ("torchvision:Omniglot", "torchvision", "Omniglot"),
    ],
)
def test_a_source_and_its_argument(text: str, kind: str, argument: str) -> None:
    choice = dataset_choice(text)
    assert isinstance(choice.kind, DatasetSource)
    assert (choice.kind.name, choice.argument, choice.name) == (kind, argument, text)
    assert (choice.split, choice.download) == (SplitRule.AUTO, False)


@pytest.mark.parametrize(
    "text",
    [
        "/photos",
        "./digits",
        "photos/2024",
        "a:b/c",
        "http://x/y",
        "\u05ea\u05de\u05d5\u05e0\u05d5\u05ea/x",
        ".",
        "..",
        "~",
        "~/photos",
    ],
)
def test_a_path_is_a_folder(text: str) -> None:
    choice = dataset_choice(text)
    assert choice.kind.name == "folder"
    assert choice.argument == text
    assert choice.name == f"folder:{text}"
    assert dataset_choice(choice.name).argument == text


def test_a_folder_that_is_there_needs_no_separator(here: Path) -> None:
    for name in ("photos", "my photos: 2024", "folder", "digits"):
        (here / name).mkdir()
    assert dataset_choice("photos").name == "folder:photos"
    assert dataset_choice("my photos: 2024").name == "folder:my photos: 2024"
    assert dataset_choice("folder").name == "folder:folder"
    # what has a name keeps it
    assert isinstance(dataset_choice("digits").kind, DatasetEntry)


@pytest.mark.parametrize("entry", DATASETS, ids=lambda entry: entry.name)
def test_names_alone(entry: DatasetEntry) -> None:
    choice = dataset_choice(entry.name)
    assert choice.kind is entry or choice.kind.name == entry.name
    assert choice.name == entry.name
    assert choice.argument == ""


def test_alphabets_with_settings() -> None:
    choice = dataset_choice("alphabets:images=3,classes=8")
    assert choice.name == "alphabets:classes=8,images=3"
    assert (choice.kind.classes, choice.kind.images) == (8, 24)
    dataset = choice.read(5)
    assert isinstance(dataset, ImageDataset)
    assert dataset.name == choice.name
    assert dataset.images.shape[0] == 24
    # the seed of the run changes nothing
    again = choice.read(6)
    assert isinstance(again, ImageDataset)
    assert again.fingerprint() == dataset.fingerprint()
    assert dataset_entry("alphabets:classes=200").name == "alphabets"


def test_any_entry_may_take_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    made = replace(DIGITS, with_settings=lambda text: replace(DIGITS, name=f"digits:{text}"))
    monkeypatch.setattr(catalogue, "DATASETS", (made,))
    assert dataset_choice("digits").kind is made
    choice = dataset_choice("digits:of=3")
    assert (choice.name, choice.argument) == ("digits:of=3", "of=3")


def test_generated_is_always_said() -> None:
    (entry,) = (entry for entry in DATASETS if entry.name == "alphabets")
    assert "generated" in entry.title.lower()
    assert "generated" in entry.description.lower()
    assert "generated" in dataset_choice("alphabets:seed=1").kind.title


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("digit", "Unknown dataset 'digit': choose one of digits, alphabets"),
        ("", "Unknown dataset ''"),
        ("imagenet:", "Unknown dataset 'imagenet:'"),
        ("a\0b", "Unknown dataset"),
        ("x" * 5000, "Unknown dataset"),
        ("folder", "write folder:PATH"),
        ("cub200:", "write cub200:PATH"),
        ("torchvision", "write torchvision:NAME"),
        ("digits:5", "digits takes no settings"),
        ("alphabets:classes=0", "classes=0"),
        ("alphabets:classes=1/2", "'1/2'"),
    ],
)
def test_what_is_refused(text: str, said: str) -> None:
    assert said in refusal(dataset_choice, text)


@pytest.mark.parametrize("split", SplitRule)
def test_splits_are_for_datasets_without_their_own(split: SplitRule) -> None:
    for text in ("folder:x", "/x", "torchvision:DTD"):
        assert dataset_choice(text, split).split is split
    for text in ("digits", "alphabets", "cub200:x", "cars196:x", "sop:x"):
        if split is SplitRule.AUTO:
            dataset_choice(text, split)
        else:
            assert f"leave out --split {split}" in refusal(dataset_choice, text, split)


def test_unknown_split() -> None:
    message = refusal(dataset_choice, "folder:x", "random")
    assert message == "Unknown split 'random': choose one of auto, class, image, folders."


def test_only_torchvisions_sets_are_fetched() -> None:
    assert dataset_choice("torchvision:DTD", download=True).download
    for text in ("digits", "alphabets", "folder:x", "cub200:x", "cars196:x", "sop:x"):
        assert "leave out --download" in refusal(dataset_choice, text, download=True)


@pytest.mark.parametrize("name", [source.name for source in SOURCES if source.argument == "PATH"])
def test_reading_asks_the_right_source(name: str, here: Path) -> None:
    (here / "empty").mkdir()
    message = refusal(dataset_choice(f"{name}:empty").read, 0)
    expected = {"folder": "no images", "cub200": "images.txt", "cars196": "cars_annos.mat",
                "sop": "Ebay_train.txt"}  # fmt: skip
    assert expected[name] in message


def test_reading_passes_on_split_and_seed(here: Path) -> None:
    class_folders(here / "photos", dict.fromkeys("abcd", 6))
    by_class, one, other = (
        dataset_choice("./photos", split).read(seed)
        for split, seed in (("class", 0), ("image", 0), ("image", 1))
    )
    assert isinstance(one, ImageListing)
    assert by_class.split.startswith("by class")
    assert one.split == other.split == "by image, 2 to 1 within each class"
    assert not np.array_equal(one.train, other.train)
    assert one.name == "folder:./photos"


@pytest.mark.parametrize(
    ("text", "folder"),
    [
        ("digits", "digits"),
        ("alphabets:classes=8", "alphabets-classes=8"),
        ("folder:/data/My photos", "folder-My_photos"),
        ("/data/photos/", "folder-photos"),
        ("C:\\data\\photos/", "folder-photos"),
        ("../..", "folder"),
        ("torchvision:DTD", "torchvision-DTD"),
        ("/\u718a/\u718a", "folder-\u718a"),
        ("/", "folder"),
    ],
)
def test_names_for_folders(text: str, folder: str) -> None:
    name = dataset_choice(text).folder_name
    assert name == folder
    assert not re.search(r'[/\\:*?"<>|\0]', name)


def test_a_long_name_still_makes_a_folder() -> None:
    assert len(dataset_choice("/" + "\u718a" * 300).folder_name.encode()) <= 160


def test_every_source_says_what_it_needs() -> None:
    for source in SOURCES:
        assert source.description.endswith(".")
        assert source.argument in ("PATH", "NAME")
    published = {s.name: (s.images, s.classes) for s in SOURCES}
    assert published["cub200"] == (5_864 + 5_924, 200)
    assert published["cars196"] == (8_054 + 8_131, 196)
    assert published["sop"] == (59_551 + 60_502, 11_318 + 11_316)


def test_the_sets_of_torchvision_are_named() -> None:
    from symmcore.data.sources.torchvision_catalog import TORCHVISION_ENTRIES

    (source,) = (source for source in SOURCES if source.name == "torchvision")
    assert all(known.name in source.description for known in TORCHVISION_ENTRIES)


def test_the_catalogue_is_light() -> None:
    program = (
        "import sys, symmcore.data.choice as choice;"
        "choice.dataset_choice('folder:x'); choice.dataset_choice('torchvision:DTD');"
        "choice.dataset_choice('alphabets');"
        "heavy = {'torch', 'torchvision', 'PIL', 'scipy', 'sklearn'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
