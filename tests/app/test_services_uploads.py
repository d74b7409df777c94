import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import monotonic, sleep

import numpy as np
import pytest
from helpers_recording import FakeRecording
from helpers_records import make_snapshot
from PIL import Image

from symmcore.processes import CallError
from symmcore.records import FloatArray
from symmcore.runs import Recording
from symmviz.model.resolve import SearchTarget
from symmviz.model.retrieval.query import RunNeighbours, Split, Upload
from symmviz.services.retrieval import uploads as module
from symmviz.services.retrieval.embed_request import EmbedJob
from symmviz.services.retrieval.search_index import SearchIndex, searched_images
from symmviz.services.retrieval.uploads import Uploads

PATIENCE = 20.0


def index(recording: Recording, step: int, split: Split) -> SearchIndex:
    return SearchIndex(searched_images(recording, step, split), step)


@pytest.fixture
def run() -> FakeRecording:
    made = FakeRecording()
    made.add_frame(0)
    return made


@pytest.fixture
def uploads() -> Iterator[Uploads]:
    made = Uploads(index)
    yield made
    assert made.close(PATIENCE)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, run: FakeRecording) -> list[EmbedJob]:
    """Have images embedded as the run's third one is; those called broken are refused."""
    jobs: list[EmbedJob] = []

    def embed(wanted: Sequence[EmbedJob], folder: Path, look: object) -> list[FloatArray | str]:
        jobs.extend(wanted)
        assert all(job.image.is_file() for job in wanted)
        third = make_snapshot(0, run.seed).searched.embeddings[2]
        return [
            f"{job.image} is not an image." if "broken" in job.image.name else third
            for job in wanted
        ]

    monkeypatch.setattr(module, "embed_in_subprocess", embed)
    return jobs


def found(uploads: Uploads, run: FakeRecording, upload: Upload) -> RunNeighbours | str | None:
    target = SearchTarget(run.key, 0, upload, 3)
    uploads.request((target,), {run.key: run})
    deadline = monotonic() + PATIENCE
    while uploads.busy:
        assert monotonic() < deadline
        sleep(0.005)
    return uploads.found(target)


def test_a_file_is_embedded_once_and_searched_without_a_class(
    uploads: Uploads, run: FakeRecording, asked: list[EmbedJob], tmp_path: Path
) -> None:
    path = tmp_path / "cat.png"
    Image.new("RGB", (30, 10)).save(path)
    (upload,) = uploads.add_files((path,))
    result = found(uploads, run, upload)
    assert isinstance(result, RunNeighbours)
    gallery = make_snapshot(0, run.seed).searched
    assert result.neighbours[0].sample == gallery.samples[2]
    assert result.neighbours[0].similarity == pytest.approx(1.0)
    assert {one.correct for one in result.neighbours} == {None}
    assert result.first_right is None
    assert result.searched == len(gallery.samples)
    assert found(uploads, run, upload) is result
    assert asked == [EmbedJob(run.folder, 0, path)]
    assert uploads.read(upload.number, 60).shape == (20, 60, 3)


def test_a_pasted_image_is_handed_over_as_a_file(
    uploads: Uploads, run: FakeRecording, asked: list[EmbedJob]
) -> None:
    upload = uploads.add_pixels(np.zeros((10, 20, 3), dtype=np.uint8))
    assert upload.path is None
    assert isinstance(found(uploads, run, upload), RunNeighbours)
    assert not asked[0].image.exists(), "it is gone afterwards"
    assert uploads.read(upload.number, 40).shape == (20, 40, 3)


def test_what_is_no_image_says_so(
    uploads: Uploads, run: FakeRecording, asked: list[EmbedJob], tmp_path: Path
) -> None:
    path = tmp_path / "broken.png"
    path.write_text("no image")
    (upload,) = uploads.add_files((path,))
    assert found(uploads, run, upload) == f"{path} is not an image."


def test_a_process_that_fails_is_told(
    uploads: Uploads,
    run: FakeRecording,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise CallError("its process ended with code 1")

    monkeypatch.setattr(module, "embed_in_subprocess", fail)
    upload = uploads.add_pixels(np.zeros((4, 4, 3), dtype=np.uint8))
    assert "could not be embedded: its process ended" in str(found(uploads, run, upload))


def test_a_full_disk_is_told(
    uploads: Uploads, run: FakeRecording, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise FileNotFoundError("no usable temporary directory")

    monkeypatch.setattr(tempfile, "TemporaryDirectory", fail)
    upload = uploads.add_pixels(np.zeros((4, 4, 3), dtype=np.uint8))
    said = "The image could not be embedded: no usable temporary directory."
    assert found(uploads, run, upload) == said


def test_a_fault_of_any_kind_is_an_answer(
    uploads: Uploads, run: FakeRecording, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _: None)

    def fail(*_: object) -> None:
        raise ArithmeticError("odd")

    monkeypatch.setattr(module, "embed_in_subprocess", fail)
    upload = uploads.add_pixels(np.zeros((4, 4, 3), dtype=np.uint8))
    assert found(uploads, run, upload) == "The search failed (ArithmeticError: odd)."


def test_images_that_are_no_longer_listed_are_dropped_and_numbers_stay_apart(
    uploads: Uploads, run: FakeRecording, asked: list[EmbedJob]
) -> None:
    pixels = np.zeros((4, 4, 3), dtype=np.uint8)
    first, second = uploads.add_pixels(pixels), uploads.add_pixels(pixels)
    uploads.keep_only(frozenset({second.number}))
    assert uploads.read(second.number, 4).shape == (4, 4, 3)
    with pytest.raises(LookupError, match="no longer listed"):
        uploads.read(first.number, 4)
    assert "open or paste it again" in str(found(uploads, run, first))
    assert uploads.add_pixels(pixels).number not in {first.number, second.number}


def test_what_was_under_way_when_all_was_forgotten_is_not_kept(
    uploads: Uploads, run: FakeRecording, monkeypatch: pytest.MonkeyPatch
) -> None:
    def embed(wanted: Sequence[EmbedJob], *_: object) -> list[FloatArray | str]:
        uploads.clear()
        return ["of the run before"] * len(wanted)

    monkeypatch.setattr(module, "embed_in_subprocess", embed)
    upload = uploads.add_pixels(np.zeros((4, 4, 3), dtype=np.uint8))
    assert found(uploads, run, upload) is None
