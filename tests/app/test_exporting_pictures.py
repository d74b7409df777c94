import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import imageio.v2 as imageio
import numpy as np
import pytest
from helpers_runs import record_loop
from PIL import Image
from PySide6.QtWidgets import QApplication

from symmcore.errors import InputError
from symmcore.export import ExportOptions
from symmcore.palette import OKABE_ITO, RUNS_ON_LIGHT
from symmcore.progress import Progress, ignore_progress
from symmcore.runs import Recorder, Recording
from symmviz.exporting import export, export_kind
from symmviz.exporting.axis import nice_axis
from symmviz.exporting.maps import map_sheet
from symmviz.model.runs.titles import run_titles

SVG = "{http://www.w3.org/2000/svg}"
SHORT = ExportOptions(seconds=1.0)


@pytest.fixture
def runs(tmp_path: Path, qapp: QApplication) -> tuple[Recording, ...]:
    for name in ("one", "two"):
        record_loop(tmp_path / name, steps=6)
    return tuple(Recording.open(tmp_path / name) for name in ("one", "two"))


def write(
    runs: tuple[Recording, ...], what: str, path: Path, options: ExportOptions = SHORT
) -> Path:
    export(export_kind(what), runs, path, options, ignore_progress, overwrite=False)
    return path


def test_maps_have_the_colours_of_the_classes(runs: tuple[Recording, ...], tmp_path: Path) -> None:
    with Image.open(write(runs, "map", tmp_path / "map.png")) as picture:
        width, height = picture.size
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    assert width > 2 * height * 0.8, "two maps side by side"
    for half in (pixels[:, : width // 2], pixels[:, width // 2 :]):
        for colour in OKABE_ITO[:5]:
            wanted = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
            # points are opaque to seven eighths, on white
            near = abs(half - [round(255 - 0.88 * (255 - one)) for one in wanted]).max(axis=2) < 6
            assert near.sum() > 100, colour


@pytest.mark.parametrize("what", ["map", "figure8"])
def test_runs_have_the_marks_that_they_have_in_the_window(
    runs: tuple[Recording, ...], tmp_path: Path, what: str
) -> None:
    with Image.open(write(runs, what, tmp_path / "marked.png")) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    for title in run_titles(tuple(run.info for run in runs)):
        colour = RUNS_ON_LIGHT[title.place]
        wanted = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
        down, across = np.nonzero((pixels == wanted).all(axis=2))
        assert len(down) > 80, "one symbol, whole"
        assert max(np.ptp(down), np.ptp(across)) < 28
    assert len({title.place for title in run_titles(tuple(run.info for run in runs))}) == 2


@pytest.mark.parametrize("what", ["map", "curves"])
def test_pictures_are_what_their_endings_say(
    runs: tuple[Recording, ...], tmp_path: Path, what: str
) -> None:
    drawing = ET.parse(write(runs, what, tmp_path / "a.svg")).getroot()  # noqa: S314 - our own
    assert drawing.tag == f"{SVG}svg"
    words = " ".join("".join(text.itertext()) for text in drawing.iter(f"{SVG}text"))
    assert "one" in words
    assert "two" in words
    lines = len(list(drawing.iter(f"{SVG}polyline"))) + len(list(drawing.iter(f"{SVG}image")))
    assert lines >= 2
    content = write(runs, what, tmp_path / "a.pdf").read_bytes()
    assert content.startswith(b"%PDF-")
    assert content.rstrip().endswith(b"%%EOF")
    box = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)", content)
    assert box is not None
    with Image.open(write(runs, what, tmp_path / "a.png")) as picture:
        shape = picture.width / picture.height
    assert float(box[1]) / float(box[2]) == pytest.approx(shape, rel=0.01)


def test_a_line_goes_through_the_values(runs: tuple[Recording, ...], tmp_path: Path) -> None:
    """The loss, 1 / step, as the polyline with a point a step."""
    drawing = ET.parse(write(runs[:1], "curves", tmp_path / "a.svg")).getroot()  # noqa: S314
    lines = [
        np.array([pair.split(",") for pair in line.attrib["points"].split()], float)
        for line in drawing.iter(f"{SVG}polyline")
    ]
    (loss,) = [line for line in lines if len(line) == 6]
    wanted = 1 / np.arange(1, 7)
    assert np.polyfit(wanted, loss[:, 1], 1)[0] < 0, "larger values are higher"
    fitted = np.polyval(np.polyfit(wanted, loss[:, 1], 1), wanted)
    np.testing.assert_allclose(fitted, loss[:, 1], atol=0.1)
    np.testing.assert_allclose(np.diff(loss[:, 0]), np.diff(loss[:, 0])[0], atol=0.1)


def test_a_film_plays_the_frames(runs: tuple[Recording, ...], tmp_path: Path) -> None:
    reader: Any = imageio.get_reader(write(runs, "animation", tmp_path / "a.mp4"))
    with reader as film:
        about = film.get_meta_data()
        assert about["codec"] == "h264"
        assert about["fps"] == 25
        assert film.count_frames() == 25 + 25
        first, last = film.get_data(0).astype(int), film.get_data(40).astype(int)
    assert first.shape[0] % 2 == first.shape[1] % 2 == 0
    assert abs(first - last).max() > 100, "points have moved"
    assert np.median(first) > 250, "on white"


def test_a_gif_plays_the_frames_at_that_rate(runs: tuple[Recording, ...], tmp_path: Path) -> None:
    with Image.open(write(runs, "animation", tmp_path / "a.gif")) as film:
        durations = []
        for at in range(getattr(film, "n_frames", 1)):
            film.seek(at)
            durations.append(film.info["duration"])
    # equal pictures at the end may have become one
    assert sum(durations) == pytest.approx(2000, abs=100)
    assert durations[0] == 80


def test_a_cancelled_film_leaves_nothing(runs: tuple[Recording, ...], tmp_path: Path) -> None:
    def cancel(progress: Progress) -> None:
        if progress.what == "Drawing pictures" and progress.done > 5:
            raise KeyboardInterrupt

    there = sorted(tmp_path.iterdir())
    for ending in ("mp4", "gif"):
        with pytest.raises(KeyboardInterrupt):
            export(
                export_kind("animation"),
                runs,
                tmp_path / f"film.{ending}",
                SHORT,
                cancel,
                overwrite=False,
            )
        assert sorted(tmp_path.iterdir()) == there


def test_an_animation_takes_two_frames(tmp_path: Path, qapp: QApplication) -> None:
    record_loop(tmp_path / "run", steps=2)
    with pytest.raises(InputError, match="holds one frame: an animation takes two"):
        write((Recording.open(tmp_path / "run"),), "animation", tmp_path / "a.gif")


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1), (0.0, 0.0), (-3e-7, 2e-7), (5, 5), (1e12, 1e12 + 1), (-1, 1e9)]
)
def test_axes_show_all_with_round_numbers(low: float, high: float) -> None:
    axis = nice_axis(low, high, 5)
    assert axis.low <= low <= high <= axis.high
    assert 2 <= len(axis.ticks) <= 12
    assert all(
        axis.low <= tick * (1 + 1e-9) and tick <= axis.high * (1 + 1e-9) + 1e-9
        for tick in axis.ticks
    )


def test_a_class_has_one_colour_in_all_runs(tmp_path: Path, qapp: QApplication) -> None:
    named = {"one": ["ant", "bee"], "two": ["bee", "cat"]}
    for name, classes in named.items():
        with Recorder(tmp_path / name, labels=[0, 1], class_names=classes) as recorder:
            recorder.frame(1, [[1.0, 0.0, 0.5], [0.0, 1.0, 0.2]])
    runs = tuple(Recording.open(tmp_path / name) for name in named)
    sheet = map_sheet(runs, [(1,), (1,)], SHORT, ignore_progress)
    legend = {words: colour for colour, words, _ in sheet._legend[-3:]}
    assert list(legend) == ["ant", "bee", "cat"]
    for one, classes in zip(sheet._maps, named.values(), strict=True):
        colours = [f"#{one.look.colours[style] & 0xFFFFFF:06x}" for style in one.styles[1]]
        assert colours == [legend[name].lower() for name in classes]
