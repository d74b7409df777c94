import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from helpers_recording import FakeRecording, make_projection

from symmcore.errors import InputError
from symmcore.records import EmbeddedSet
from symmviz.model.display import ColourBy
from symmviz.model.loaded import ShareTarget
from symmviz.services.frames.facts import FramePart, FrameWanted
from symmviz.services.frames.loader import FrameLoader

PATIENCE = 20.0


@pytest.fixture
def loader() -> Iterator[FrameLoader]:
    made = FrameLoader()
    yield made
    assert made.close(PATIENCE)


@pytest.fixture
def run() -> FakeRecording:
    made = FakeRecording()
    made.add_frame(0, 10, 20)
    return made


def request(loader: FrameLoader, run: FakeRecording, *steps: int | None) -> None:
    loader.request(tuple(FrameWanted(run, "pca", step) for step in steps))
    while loader.busy:
        pass


def test_of_a_frame_only_the_projection_is_read_but_for_the_first(
    loader: FrameLoader, run: FakeRecording
) -> None:
    request(loader, run, 10, 20)
    assert run.reads == [("frame", 10), ("projection", 10), ("projection", 20)]
    assert loader.projection(run.key, "pca", 20) is run.projections[20]
    images = loader.images(run.key)
    assert images is not None
    assert (len(images.train.samples), len(images.test.samples)) == (12, 9)
    before = loader.revision
    request(loader, run, 10, 20)
    assert loader.revision == before
    assert len(run.reads) == 3


def test_the_gallery_is_read_once_and_again_when_there_is_a_real_one(
    loader: FrameLoader, run: FakeRecording
) -> None:
    run.change(gallery_steps=())
    request(loader, run, None)
    request(loader, run, None)
    assert run.reads == [("gallery", 20)]
    run.change(gallery_steps=(10,))
    request(loader, run, None)
    request(loader, run, None)
    assert run.reads[1:] == [("gallery", 10)]
    assert loader.gallery(run.key) is not None


def test_a_projection_that_is_missing_is_looked_for_once_until_it_is_there(
    loader: FrameLoader, run: FakeRecording
) -> None:
    run.add_frame(30, projected=False)
    request(loader, run, 30)
    run.reads.clear()
    request(loader, run, 30)
    assert run.reads == []
    loader.put(run.key, make_projection(30))
    assert loader.projection(run.key, "pca", 30) is not None


def test_a_projection_that_another_process_has_stored_meanwhile_is_read(
    loader: FrameLoader, run: FakeRecording
) -> None:
    run.add_frame(30, projected=False)
    request(loader, run, 30)
    run.store_projection(make_projection(30))
    request(loader, run, 30)
    assert loader.projection(run.key, "pca", 30) is not None


def test_what_cannot_be_read_says_why_and_is_not_read_for_ever(
    loader: FrameLoader, run: FakeRecording
) -> None:
    run.broken.add(10)
    request(loader, run, 10)
    assert loader.failure(run.key, 10) == "frame 10 is broken"
    run.reads.clear()
    request(loader, run, 10)
    assert run.reads == []
    request(loader, run, 20)
    assert loader.projection(run.key, "pca", 20) is not None


def test_what_is_kept_is_bounded_over_thousands_of_frames(
    loader: FrameLoader, run: FakeRecording
) -> None:
    for step in range(2_000):
        loader.put(run.key, make_projection(step))
    assert sum(loader.projection(run.key, "pca", step) is not None for step in range(2_000)) <= 96


def test_runs_that_are_no_longer_shown_are_forgotten(
    loader: FrameLoader, run: FakeRecording
) -> None:
    request(loader, run, 10, None)
    loader.keep_only(frozenset())
    assert loader.images(run.key) is None
    assert loader.gallery(run.key) is None


DRIFT = ShareTarget("npair", 10, ColourBy.DRIFT)


@pytest.mark.parametrize(
    "part", [*(part for part in FramePart if part is not FramePart.POINTS), None], ids=str
)
def test_whatever_cannot_be_read_is_read_again_only_when_the_run_has_other_files(
    run: FakeRecording, part: FramePart | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    made = FrameLoader(said.append)
    wish = FrameWanted(run, "pca", 10, part) if part else FrameWanted(run, "pca", None)
    if part is FramePart.SHARES:
        wish = replace(wish, shares=DRIFT)
    run.broken.add(10)

    def broken(step: int) -> EmbeddedSet:
        run.reads.append(("gallery", step))
        raise InputError("gallery is broken")

    monkeypatch.setattr(run, "gallery", broken)
    for _ in range(5):
        wait(made, wish)
    assert len(run.reads) == 1
    what = "Step 10" if part else "All test images"
    reason = "frame 10 is broken" if part else "gallery is broken"
    assert said == [f"{what} of {run.folder} cannot be shown: {reason}."]
    run.add_frame(30)
    wait(made, wish)
    assert len(run.reads) == 2
    assert len(said) == 1
    assert made.close(PATIENCE)


def wait(loader: FrameLoader, wish: FrameWanted) -> None:
    loader.request((wish,))
    while loader.busy:
        pass


def test_a_fault_of_any_kind_is_remembered(
    loader: FrameLoader, run: FakeRecording, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _: None)

    def fail(step: int) -> None:
        run.reads.append(("frame", step))
        raise MemoryError

    monkeypatch.setattr(run, "frame", fail)
    for _ in range(3):
        request(loader, run, 10)
    assert run.reads == [("frame", 10)]
    assert loader.failure(run.key, 10) == "MemoryError"


def test_what_was_under_way_when_a_run_was_forgotten_is_not_kept(
    loader: FrameLoader, run: FakeRecording, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(method: str, step: int) -> object:
        loader.forget(run.key)
        return make_projection(step)

    monkeypatch.setattr(run, "projection", read)
    request(loader, run, 10)
    assert loader.projection(run.key, "pca", 10) is None
