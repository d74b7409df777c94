"""Batches made ahead, and a feed's state saved and restored."""

import dataclasses
import json
import threading
from collections.abc import Iterable
from functools import partial

import numpy as np
import pytest
import torch
from helpers_training import Recorder, add_dataset, tiny_config, tiny_dataset

from symmcore.data.feed.batches import BatchLoader
from symmcore.data.feed.sampler import PairSampler, SamplerState
from symmcore.data.feed.training_feed import FeedState, TrainingFeed
from symmcore.data.images.store import ImageStore
from symmcore.errors import InputError
from symmcore.records import IndexArray
from symmcore.settings.transforms import TransformSettings
from symmcore.training import preparation
from symmcore.training.control import Control
from symmcore.training.status import FinishReason
from symmcore.training.trainer import Trainer

CPU = torch.device("cpu")
CROP = TransformSettings(crop=6, flip=True, shift=1)
RESIDENT = 10**9


class Watched:
    """A store that counts its reads, and whose reads can fail."""

    def __init__(self, images: ImageStore) -> None:
        self._images = images
        self.threads: list[str] = []
        self.released = 0
        self.fail_at: int | None = None

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return self._images.shape

    def read(self, positions: IndexArray, out: np.ndarray | None = None) -> np.ndarray:
        self.threads.append(threading.current_thread().name)
        if self.fail_at == len(self.threads):
            raise InputError("a.png is gone.")
        return self._images.read(positions, out)

    def fingerprint(self) -> str:
        return self._images.fingerprint()

    def release(self) -> None:
        self.released += 1


Batch = tuple[torch.Tensor, torch.Tensor]


def make_feed(resident_bytes: int, seed: int = 3) -> tuple[TrainingFeed, Watched]:
    dataset = tiny_dataset(0)
    store = Watched(dataset.images)
    dataset = dataclasses.replace(dataset, images=store)
    loader = BatchLoader(dataset, CPU, seed, CROP, resident_bytes)
    return TrainingFeed(loader, PairSampler(dataset.labels, dataset.train, 6, seed)), store


def drawn(feed: TrainingFeed, count: int) -> list[Batch]:
    return [feed.next_batch() for _ in range(count)]


def assert_same(one: Iterable[Batch], other: Iterable[Batch]) -> None:
    for (images, labels), (images2, labels2) in zip(one, other, strict=True):
        assert torch.equal(images, images2)
        assert torch.equal(labels, labels2)


def test_batches_made_ahead_are_those_made_when_asked_for() -> None:
    ahead, store = make_feed(0)
    resident, whole = make_feed(RESIDENT)
    assert_same(drawn(ahead, 20), drawn(resident, 20))
    ahead.release()
    assert set(store.threads) == {"batches_0"}
    assert whole.threads == ["MainThread"], "read once"


def test_a_bounded_number_is_made_ahead() -> None:
    feed, store = make_feed(0)
    feed.next_batch()
    feed.release()  # joins
    assert len(store.threads) <= 3
    assert store.released == 1


def test_release_ends_the_thread_and_loses_no_batch() -> None:
    feed, _ = make_feed(0)
    other, _ = make_feed(RESIDENT)
    before = set(threading.enumerate())
    batches = drawn(feed, 3)
    assert any(thread.name == "batches_0" for thread in threading.enumerate())
    feed.release()
    assert set(threading.enumerate()) == before
    batches += drawn(feed, 3)
    feed.release()
    feed.release()
    assert_same(batches, drawn(other, 6))


@pytest.mark.parametrize("saved_ahead", [0, RESIDENT])
@pytest.mark.parametrize("restored_ahead", [0, RESIDENT])
@pytest.mark.parametrize("before", [0, 1, 7])
def test_a_state_restores_every_batch_to_come(
    saved_ahead: int, restored_ahead: int, before: int
) -> None:
    feed, _ = make_feed(saved_ahead)
    drawn(feed, before)
    text = json.dumps(dataclasses.asdict(feed.state()))
    to_come = drawn(feed, 15)
    feed.release()
    other, _ = make_feed(restored_ahead, seed=99)
    drawn(other, 4)
    other.restore(FeedState.from_json(json.loads(text)))
    assert_same(drawn(other, 15), to_come)
    other.restore(FeedState.from_json(json.loads(text)))
    assert json.loads(json.dumps(dataclasses.asdict(other.state()))) == json.loads(text)
    other.release()


def test_taking_a_state_changes_nothing() -> None:
    one, _ = make_feed(RESIDENT)
    other, _ = make_feed(RESIDENT)
    for _ in range(5):
        one.state()
        assert_same(drawn(one, 1), drawn(other, 1))


def test_an_error_of_the_thread_reaches_who_asks() -> None:
    feed, store = make_feed(0)
    store.fail_at = 3
    drawn(feed, 2)
    with pytest.raises(InputError, match="is gone"):
        feed.next_batch()
    feed.release()


@pytest.mark.parametrize("resident_bytes", [0, RESIDENT])
def test_evaluation_batches_are_in_order_and_whole(resident_bytes: int) -> None:
    dataset = tiny_dataset(0)
    loader = BatchLoader(dataset, CPU, 0, CROP, resident_bytes)
    positions = np.random.default_rng(0).permutation(72)
    parts = list(loader.evaluation_batches(positions, 10))
    assert [len(part) for part in parts] == [10] * 7 + [2]
    expected = dataset.images.read(positions)[:, 1:7, 1:7].transpose(0, 3, 1, 2)
    np.testing.assert_allclose(torch.cat(parts).numpy(), expected / 127.5 - 1, atol=1e-6)
    assert list(loader.evaluation_batches(positions[:0], 10)) == []
    for part in loader.evaluation_batches(positions, 10):
        assert torch.equal(part, parts[0])
        break  # leaves what is under way to release
    loader.release()


def test_training_is_the_same_with_batches_made_ahead_and_leaves_no_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add_dataset(monkeypatch)
    before = set(threading.enumerate())
    recorders = []
    for resident_bytes in (RESIDENT, 0):
        monkeypatch.setattr(
            preparation, "BatchLoader", partial(BatchLoader, resident_bytes=resident_bytes)
        )
        recorders.append(Recorder())
        trained = Trainer(tiny_config("npair+symm"), recorders[-1])
        trained.run(Control())
        assert set(threading.enumerate()) == before
        trained.extend(3)  # goes on with the batches that were drawn ahead
        assert trained.run(Control()).reason is FinishReason.COMPLETED
        assert set(threading.enumerate()) == before
    assert recorders[0].steps() == recorders[1].steps()
    assert recorders[0].evaluations() == recorders[1].evaluations()
    assert len(recorders[0].steps()) == 7


@pytest.mark.skipif(not torch.cuda.is_available(), reason="compares a GPU with the CPU")
@pytest.mark.parametrize("resident_bytes", [0, RESIDENT])
def test_a_gpu_gets_the_batches_of_the_cpu(resident_bytes: int) -> None:
    dataset = tiny_dataset(0)
    here, _ = make_feed(RESIDENT)
    loader = BatchLoader(dataset, torch.device("cuda"), 3, CROP, resident_bytes)
    there = TrainingFeed(loader, PairSampler(dataset.labels, dataset.train, 6, 3))
    for _ in range(30):
        for one, other in zip(there.next_batch(), here.next_batch(), strict=True):
            assert one.is_cuda
            torch.testing.assert_close(one.cpu(), other)
    there.release()


class TestSamplerState:
    def test_restored_by_json(self) -> None:
        labels = np.repeat(np.arange(7), 5)
        one = PairSampler(labels, np.arange(35), 4, 0)
        for _ in range(9):
            one.next_batch()
        text = json.dumps(dataclasses.asdict(one.state()))
        to_come = [one.next_batch() for _ in range(20)]
        other = PairSampler(labels, np.arange(35), 4, 1)
        other.restore(SamplerState.from_json(json.loads(text)))
        np.testing.assert_array_equal([other.next_batch() for _ in range(20)], to_come)

    def test_a_state_does_not_change_afterwards(self) -> None:
        labels = np.repeat(np.arange(3), 5)
        sampler = PairSampler(labels, np.arange(15), 4, 0)
        state = sampler.state()
        before = json.dumps(dataclasses.asdict(state))
        sampler.next_batch()
        assert json.dumps(dataclasses.asdict(state)) == before

    def test_of_another_dataset(self) -> None:
        labels = np.repeat(np.arange(4), 5)
        sampler = PairSampler(labels, np.arange(20), 4, 0)
        fewer = PairSampler(labels, np.arange(15), 4, 0)
        with pytest.raises(ValueError, match="state is of 3 classes, not 4"):
            sampler.restore(fewer.state())
        other = PairSampler(np.roll(labels, 2), np.arange(20), 4, 0)
        other.next_batch()
        with pytest.raises(ValueError, match="images of another dataset"):
            sampler.restore(other.state())
