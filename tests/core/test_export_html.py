import base64
import io
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers_runs import COUNT, embeddings, images, labels
from PIL import Image

from symmcore.export import KINDS, ExportOptions
from symmcore.progress import ignore_progress
from symmcore.projection.pca import PcaProjector
from symmcore.runs import Recorder, Recording

STEPS = (2, 4, 6)
CLASS = "</script><script>alert(1)</script>"


class Page(HTMLParser):
    """The page's scripts, and what it would fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts: list[tuple[str, str]] = []
        self.fetched: list[str] = []
        self._kind: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.fetched += [given[name] or "" for name in ("src", "href", "action") if name in given]
        if tag == "script":
            self._kind = given.get("type") or "text/javascript"

    def handle_data(self, data: str) -> None:
        if self._kind is not None:
            self.scripts.append((self._kind, data))
            self._kind = None


@pytest.fixture
def page(tmp_path: Path) -> Page:
    names = [CLASS, "b", "ü", "d", "e"]
    folder = tmp_path / "run"
    with Recorder(folder, labels=labels(), images=images(), class_names=names) as recorder:
        for step in STEPS:
            recorder.scalars(step, loss=1 / step, other=float("nan") if step == 4 else 2.0)
            recorder.frame(step, embeddings(step))
    recording = Recording.open(folder)
    kind = next(kind for kind in KINDS if kind.name == "html")
    kind.write((recording,), tmp_path / "page.html", ExportOptions(), ignore_progress)
    return Page((tmp_path / "page.html").read_text(encoding="utf-8"))


def data(page: Page) -> Any:
    (text,) = [script for kind, script in page.scripts if kind == "application/json"]
    return json.loads(text)


def test_it_fetches_nothing(page: Page) -> None:
    assert page.fetched == []
    assert len(page.scripts) == 2, "a class's name begins no script"
    program = page.scripts[1][1]
    assert not re.search(r"https?:|import\s*\(|fetch\(|XMLHttpRequest|innerHTML", program)


def test_the_map_is_that_of_the_frames(page: Page, tmp_path: Path) -> None:
    found = data(page)
    assert found["steps"] == list(STEPS)
    assert found["classes"] == [CLASS, "b", "ü", "d", "e"]
    assert found["labels"] == labels().tolist()
    points = np.frombuffer(base64.b64decode(found["points"]), "<i2")
    points = points.reshape(len(STEPS), 2, COUNT, 2).astype(float)
    recording = Recording.open(tmp_path / "run")
    start = None
    expected = []
    for step in STEPS:
        (start,) = PcaProjector().project((recording.frame(step),), (start,))
        expected.append((start.test.synthetic, start.test.original))
    flat = np.array(expected).astype(float)
    scale = np.ptp(points) / np.ptp(flat - (flat.max((0, 1, 2)) + flat.min((0, 1, 2))) / 2)
    moved = points - points.mean((0, 1, 2)) - scale * (flat - flat.mean((0, 1, 2)))
    assert abs(moved).max() < 5, "on a grid of 65,535"


def test_curves_and_failures_are_those_of_the_run(page: Page) -> None:
    found = data(page)
    lines = {panel["title"]: panel["lines"][0] for panel in found["curves"]}
    assert lines["Loss"]["y"] == [0.5, 0.25, pytest.approx(1 / 6, rel=1e-5)]
    assert lines["other"]["y"] == [2.0, None, 2.0]
    unit = embeddings(6) / np.linalg.norm(embeddings(6), axis=1, keepdims=True)
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -2)
    wrong = np.flatnonzero(labels()[cosines.argmax(1)] != labels())
    failures = found["failures"]
    assert failures["count"] == len(wrong)
    assert {row["query"]["sample"] for row in failures["rows"]} == set(wrong.tolist())
    surest = [row["found"][0]["similarity"] for row in failures["rows"]]
    assert surest == sorted(surest, reverse=True)


def test_pictures_are_in_the_page(page: Page) -> None:
    found = data(page)
    for sprite in (found["sprite"], found["failures"]["sprite"]):
        kind, _, coded = sprite["src"].partition(",")
        assert kind == "data:image/jpeg;base64"
        with Image.open(io.BytesIO(base64.b64decode(coded))) as picture:
            assert picture.width == sprite["tile"] * sprite["across"]


def test_the_program_is_javascript(page: Page, tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed, which knows whether a program is JavaScript")
    program = tmp_path / "page.js"
    program.write_text(page.scripts[1][1], encoding="utf-8")
    subprocess.run([node, "--check", program], check=True)


def test_everything_is_of_the_step_that_was_asked_for(tmp_path: Path) -> None:
    with Recorder(tmp_path / "run", labels=labels(), images=images()) as recorder:
        for step in (1, 2, 3):
            recorder.scalars(step, loss=1 / step)
            recorder.frame(step, embeddings(step))
    recording = Recording.open(tmp_path / "run")
    kind = next(kind for kind in KINDS if kind.name == "html")
    path = tmp_path / "page.html"
    kind.write((recording,), path, ExportOptions(step=2), ignore_progress)
    found = data(Page(path.read_text(encoding="utf-8")))
    assert found["steps"] == [1, 2]
    assert found["failures"]["step"] == 2
    assert [line["x"] for panel in found["curves"] for line in panel["lines"]] == [[1, 2], [1, 2]]
    recall = recording.state.metrics["test_recall_at_1"].values[1]
    assert found["scores"] == [["Recall@1", pytest.approx(recall)]]


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_scores_that_are_no_numbers_are_left_out(tmp_path: Path, value: str) -> None:
    with Recorder(tmp_path / "run", labels=labels()) as recorder:
        recorder.frame(1, embeddings(1))
    with (tmp_path / "run" / "metrics.jsonl").open("a") as file:
        file.write(f'{{"kind": "eval", "step": 2, "test_recall_at_1": 0.5, "test_nmi": {value}}}\n')
    recording = Recording.open(tmp_path / "run")
    kind = next(kind for kind in KINDS if kind.name == "html")
    path = tmp_path / "page.html"
    kind.write((recording,), path, ExportOptions(), ignore_progress)
    assert data(Page(path.read_text(encoding="utf-8")))["scores"] == [["Recall@1", 0.5]]
    assert (recording.state.last_evaluation or {})["test_nmi"] is None
