"""``symmviz datasets``: the table, and what one dataset holds."""

import os
from pathlib import Path

import numpy as np
import pytest
from image_files import write_png

from symmcore.data.catalogue import DATASETS, SOURCES
from symmviz.cli import main


def photos(root: Path, classes: int = 4, images: int = 6) -> Path:
    for label in range(classes):
        folder = root / f"class {label}"
        folder.mkdir(parents=True)
        for image in range(images):
            (folder / f"{image}.jpg").touch()
    return root


def test_the_table_names_all_and_what_each_needs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["datasets"]) == 0
    out = capsys.readouterr().out
    for entry in DATASETS:
        assert f"\n{entry.name} " in out
    for source in SOURCES:
        assert f"\n{source.name}:{source.argument} " in out
    for row in (*DATASETS, *SOURCES):
        assert row.description in out
        assert row.split in out
    assert "1,797" in out
    assert "22,634" in out


def test_what_a_folder_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photos(tmp_path)
    (tmp_path / "loose.jpg").touch()
    assert main(["datasets", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"folder:{tmp_path}: 24 images of 4 classes, split by class, the first 2 train and the "
        "other 2 test.",
        "Training: 12 images of 2 classes.",
        "Test: 12 images of 2 classes.",
        "Left out: 1 image outside the folders of the classes: loose.jpg.",
    ]


def test_the_range_of_values_of_more_than_8_bits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    random = np.random.default_rng(0)
    photos(tmp_path)
    for label in range(4):
        values = random.integers(0, 4096, (8, 8)).astype(np.uint16)
        values[0] = 4095
        write_png(tmp_path / f"class {label}" / "deep.png", values)
    assert main(["datasets", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == (
        "4 images have integers of more than 8 bits: 0 to 4,095 become 0 to 255, the same way in "
        "all."
    )


def test_another_split(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photos(tmp_path)
    assert main(["datasets", f"folder:{tmp_path}", "--split", "image", "--seed", "3"]) == 0
    out = capsys.readouterr().out
    assert "Training: 16 images of 4 classes.\nTest: 8 images of 4 classes.\n" in out


def test_links_are_followed_when_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store, folder = photos(tmp_path / "store"), tmp_path / "data"
    folder.mkdir()
    for path in store.iterdir():
        (folder / path.name).symlink_to(path)
    assert main(["datasets", str(folder)]) == 2
    assert "--follow-links" in capsys.readouterr().err
    assert main(["datasets", str(folder), "--follow-links"]) == 0
    out = capsys.readouterr().out
    assert "24 images of 4 classes" in out
    assert "4 links lead out of the dataset's folder and were followed: class 0" in out


def test_a_generated_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["datasets", "alphabets:classes=6,images=2"]) == 0
    assert "12 images of 6 classes" in capsys.readouterr().out


def test_a_path_that_is_no_text_can_still_be_printed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    try:
        photos(folder)
    except (OSError, UnicodeError):
        pytest.skip("this file system takes only text")
    assert main(["datasets", str(folder)]) == 0
    assert "/\ufffd: 24 images" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["digit"], "'digit'"),
        (["/no/such/folder"], "/no/such/folder does not exist"),
        (["digits", "--split", "class"], "leave out --split class"),
        (["digits", "--follow-links"], "leave out --follow-links"),
        (["digits", "--download"], "leave out --download"),
        (["folder:x", "--split", "half"], "'half'"),
        (["torchvision:nope"], "'nope'"),
        (["cub200"], "cub200:PATH"),
        (["folder:x", "--seed", "-1"], "-1"),
        (["digits", "--seed", "99999999999999999999"], "99999999999999999999"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["datasets", *arguments]) == 2
    out, error = capsys.readouterr()
    assert out == ""
    assert len(error.splitlines()) == 1
    assert said in error
