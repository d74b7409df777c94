import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from helpers_recording import FakeRecording

from symmcore.runs.formats.info import RunStatus
from symmcore.runs.formats.layout import THUMBNAILS
from symmviz.model.display import PictureId
from symmviz.services.thumbnails import Thumbnails

PATIENCE = 20.0


@pytest.fixture
def thumbnails() -> Iterator[Thumbnails]:
    made = Thumbnails()
    yield made
    assert made.close(PATIENCE)


def wait(thumbnails: Thumbnails) -> None:
    while thumbnails.busy:
        pass


def test_a_picture_is_made_after_it_was_asked_for_and_once(thumbnails: Thumbnails) -> None:
    run = FakeRecording()
    thumbnails.show((run,))
    assert thumbnails.picture(PictureId(run.key, 7), 56) is None
    thumbnails.picture(PictureId(run.key, 7), 56)
    wait(thumbnails)
    picture = thumbnails.picture(PictureId(run.key, 7), 56)
    assert picture is not None
    assert picture.shape == (56, 56, 1)
    assert (picture == 7).all()
    assert run.reads == [("thumbnail", 7)]
    assert thumbnails.revision == 1


def test_a_picture_is_not_begun_while_it_is_to_give_way(thumbnails: Thumbnails) -> None:
    run = FakeRecording()
    way, waits = threading.Event(), threading.Event()

    def wait_for_turn() -> None:
        waits.set()
        assert way.wait(PATIENCE)

    thumbnails.wait_for_turn = wait_for_turn
    thumbnails.show((run,))
    thumbnails.picture(PictureId(run.key, 7), 56)
    assert waits.wait(PATIENCE)
    assert run.reads == []
    way.set()
    wait(thumbnails)
    assert thumbnails.picture(PictureId(run.key, 7), 56) is not None


def test_a_large_one_is_made_from_the_image_and_keeps_its_shape(thumbnails: Thumbnails) -> None:
    run = FakeRecording()
    thumbnails.show((run,))
    thumbnails.picture(PictureId(run.key, 7), 200)
    wait(thumbnails)
    picture = thumbnails.picture(PictureId(run.key, 7), 200)
    assert picture is not None
    assert picture.shape == (200, 100, 3)
    assert run.reads == [("image", 7)]


def test_what_a_run_has_not_written_yet_is_asked_for_again(
    thumbnails: Thumbnails, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = FakeRecording()
    seen = PictureId(run.key, 7)
    monkeypatch.setattr(run, "find_thumbnail", lambda _: None)
    thumbnails.show((run,))
    revision = thumbnails.revision
    assert thumbnails.picture(seen, 56) is None
    wait(thumbnails)
    assert thumbnails.picture(seen, 56) is None, "and no grey square in its place"
    until = time.monotonic() + PATIENCE
    while thumbnails.revision == revision:
        assert time.monotonic() < until, "who shows it asks again"
    monkeypatch.undo()
    thumbnails.picture(seen, 56)
    wait(thumbnails)
    assert thumbnails.picture(seen, 56) is not None


def test_what_a_run_that_has_ended_lacks_is_grey(
    thumbnails: Thumbnails, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run = FakeRecording()
    run.folder = tmp_path
    (tmp_path / THUMBNAILS).mkdir()
    (tmp_path / THUMBNAILS / "0000.safetensors").write_bytes(b"those of other images")
    run.change(status=RunStatus.FINISHED)
    monkeypatch.setattr(run, "find_thumbnail", lambda _: None)
    thumbnails.show((run,))
    thumbnails.picture(PictureId(run.key, 7), 56)
    wait(thumbnails)
    picture = thumbnails.picture(PictureId(run.key, 7), 56)
    assert picture is not None
    assert np.unique(picture).tolist() == [128]


def test_small_images_are_shown_as_their_pixels(
    thumbnails: Thumbnails, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = FakeRecording()
    image = np.random.default_rng(0).integers(0, 256, (8, 8, 1), dtype=np.uint8)
    monkeypatch.setattr(run, "thumbnail", lambda _: image)
    thumbnails.show((run,))
    thumbnails.picture(PictureId(run.key, 0), 56)
    wait(thumbnails)
    np.testing.assert_array_equal(
        thumbnails.picture(PictureId(run.key, 0), 56), np.kron(image, np.ones((7, 7, 1)))
    )


def test_an_image_that_cannot_be_read_is_grey_and_unknown_runs_have_none(
    thumbnails: Thumbnails, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = FakeRecording()

    def broken(_: int) -> None:
        raise OSError("gone")

    monkeypatch.setattr(run, "thumbnail", broken)
    thumbnails.show((run,))
    thumbnails.picture(PictureId(run.key, 0), 32)
    assert thumbnails.picture(PictureId("elsewhere", 0), 32) is None
    wait(thumbnails)
    picture = thumbnails.picture(PictureId(run.key, 0), 32)
    assert picture is not None
    assert np.unique(picture).tolist() == [128]
    assert thumbnails.picture(PictureId("elsewhere", 0), 32) is None


def test_wishes_beyond_a_page_are_dropped_and_can_be_made_again(thumbnails: Thumbnails) -> None:
    run = FakeRecording()
    thumbnails.show((run,))
    for sample in range(2_000):
        thumbnails.picture(PictureId(run.key, sample), 16)
    wait(thumbnails)
    assert thumbnails.picture(PictureId(run.key, 1_999), 16) is not None
    thumbnails.picture(PictureId(run.key, 0), 16)
    wait(thumbnails)
    assert thumbnails.picture(PictureId(run.key, 0), 16) is not None


def test_a_picture_that_cannot_be_scaled_is_grey(
    thumbnails: Thumbnails, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    run = FakeRecording()
    monkeypatch.setattr(run, "thumbnail", lambda _: np.zeros((0, 0, 1), np.uint8))
    thumbnails.show((run,))
    thumbnails.picture(PictureId(run.key, 0), 32)
    wait(thumbnails)
    picture = thumbnails.picture(PictureId(run.key, 0), 32)
    assert picture is not None
    assert np.unique(picture).tolist() == [128]
    assert thumbnails.revision > 0


@pytest.mark.parametrize("how", ["imported", "recorded"])
def test_a_run_without_any_image_says_so_and_is_asked_once(
    thumbnails: Thumbnails, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    given = {"imported_from": "embeddings.npy"} if how == "imported" else {}
    run = FakeRecording(settings={"settings": given})
    run.change(status=RunStatus.FINISHED)
    asked: list[int] = []
    monkeypatch.setattr(run, "find_thumbnail", asked.append)
    thumbnails.show((run,))
    assert not thumbnails.missing_reason(run.key)
    before = thumbnails.revision
    thumbnails.picture(PictureId(run.key, 7), 56)
    wait(thumbnails)
    assert thumbnails.missing_reason(run.key) == f"This run was {how} without images."
    assert thumbnails.revision > before
    assert thumbnails.picture(PictureId(run.key, 8), 56) is None
    wait(thumbnails)
    assert asked == [7]
    thumbnails.show((run,))  # they may be there by now
    assert not thumbnails.missing_reason(run.key)
