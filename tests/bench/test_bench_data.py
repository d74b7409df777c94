"""That ``symmviz bench data`` measures what it says; how fast anything is decides nothing here."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from symmviz.benchmarks.data import Row
from symmviz.cli import main

SMALL = ["--images", "12", "--rounds", "1", "--workers", "1", "--batch-size", "4"]
WAYS = [
    "ImageFolder, DataLoader",
    "from disk, decoded",
    "from cache",
    "from cache, augmented",
]


def test_the_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    threads = torch.get_num_threads()
    path = tmp_path / "report.json"
    assert main(["bench", "data", *SMALL, "--json", str(path)]) == 0
    assert torch.get_num_threads() == threads
    report = json.loads(path.read_text())
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("12 images (generated, 500 x 400 JPEG), batches of 4 on ")
    assert [row["what"] for row in report["rows"]] == WAYS
    assert all(row["speed"] > 0 and row["ratio"] > 0 for row in report["rows"])
    assert report["rows"][0]["ratio"] == 1
    assert [row["bar"] for row in report["rows"]] == [None, None, 3.0, None]
    for row, line in zip(report["rows"], lines[2:], strict=True):
        assert line.startswith(row["what"])
        assert ("bar: at least 3x" in line) == (row["bar"] is not None)


def test_a_folder_of_ones_own_without_its_bad_images_and_what_links_lead_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    random = np.random.default_rng(0)
    for number in range(12):
        folder = tmp_path / "tree" / f"class{number % 2}"
        folder.mkdir(parents=True, exist_ok=True)
        pixels = random.integers(0, 256, (30, 40, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    shutil.copytree(tmp_path / "tree", tmp_path / "beside")
    (tmp_path / "tree" / "class0" / "round").symlink_to(tmp_path / "tree")
    (tmp_path / "tree" / "out").symlink_to(tmp_path / "beside")
    (tmp_path / "tree" / "class0" / "bad.png").write_bytes(b"")
    before = sorted(tmp_path.rglob("*"))
    assert main(["bench", "data", str(tmp_path / "tree"), *SMALL, "--images", "99"]) == 0
    assert capsys.readouterr().out.startswith(f"12 images of {tmp_path / 'tree'}, ")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_a_folder_without_images(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    assert main(["bench", "data", str(tmp_path / name), *SMALL]) == 2
    assert capsys.readouterr().err == (
        f"symmviz: {tmp_path / name} has no folders of images: give one that holds a folder for "
        "each class.\n"
    )


def test_a_bar_is_met_at_least() -> None:
    assert Row("a", 30.0, 3.0, 3.0).met is True
    assert Row("a", 30.0, 2.9, 3.0).met is False
    assert "NOT met" in Row("a", 30.0, 2.9, 3.0).line()
    assert Row("a", 30.0, 2.9, None).met is None
