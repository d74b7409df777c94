import dataclasses
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from helpers_training import add_dataset, tiny_config, tiny_dataset

from symmcore.data.dataset import ImageDataset
from symmcore.data.feed.batches import BatchLoader
from symmcore.errors import InputError
from symmcore.evaluation import clustering_scores, precision_at_r
from symmcore.records import EvalRecord, IndexArray, Snapshot
from symmcore.settings.transforms import DRAWINGS
from symmcore.training import evaluator as evaluator_module
from symmcore.training.evaluator import Evaluator
from symmcore.training.learner import Learner

CPU = torch.device("cpu")

pytestmark = pytest.mark.usefixtures("tiny")


class Evaluation(NamedTuple):
    record: EvalRecord
    snapshot: Snapshot


def evaluate(
    spec: str = "npair+symm",
    *,
    final: bool = True,
    step: int = 7,
    dataset: ImageDataset | None = None,
    checkpoint: Callable[[], None] = lambda: None,
    **settings: Any,
) -> Evaluation:
    config = tiny_config(spec, **settings)
    dataset = dataset or tiny_dataset(0)
    evaluator = Evaluator(dataset, BatchLoader(dataset, CPU, 0, DRAWINGS), config)
    learner = Learner(config.specs[0], config, 1, CPU)
    embedded = evaluator.embed([(learner, config.specs[0])], step, checkpoint)[0]
    record = evaluator.score(embedded, 1.5, checkpoint, final=final)
    return Evaluation(record, embedded.snapshot)


def recall_at(embeddings: np.ndarray, labels: np.ndarray, k: int) -> float:
    """Recall@K image by image, in float64."""
    points = embeddings.astype(np.float64)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    right = 0
    for query in range(len(points)):
        order = np.argsort(-(points @ points[query]), kind="stable")
        nearest = [other for other in order if other != query][:k]
        right += any(labels[other] == labels[query] for other in nearest)
    return right / len(points)


def reflected(points: np.ndarray, axes: np.ndarray, alpha: float, beta: float) -> np.ndarray:
    """Eq. 1-2 row by row, in float64."""
    rows = []
    for x, axis in zip(points.astype(np.float64), axes.astype(np.float64), strict=True):
        r = (x @ axis) / (axis @ axis) * axis
        moved = alpha * (r - x) + x
        if alpha != 2:
            moved *= np.linalg.norm(x) / np.linalg.norm(moved)
        rows.append(beta * moved)
    return np.array(rows)


def test_scores_are_those_of_the_embeddings_that_are_kept() -> None:
    evaluation = evaluate()
    record, frame, gallery = (
        evaluation.record,
        evaluation.snapshot.frame,
        evaluation.snapshot.searched,
    )
    assert (record.step, record.seconds, frame.step) == (7, 1.5, 7)
    train = frame.train.points
    assert record.train_recall_at_1 == recall_at(train.embeddings, train.labels, 1)
    assert record.test_recall_at_1 == recall_at(gallery.embeddings, gallery.labels, 1)
    assert dict(record.test_recall_at) == {
        k: recall_at(gallery.embeddings, gallery.labels, k) for k in (1, 2, 4, 8)
    }
    scores = clustering_scores(torch.tensor(gallery.embeddings), torch.tensor(gallery.labels), 0)
    assert (record.test_nmi, record.test_f1) == (scores.nmi, scores.f1)
    precision = precision_at_r(torch.tensor(gallery.embeddings), torch.tensor(gallery.labels))
    assert record.test_map_at_r == precision.map_at_r
    assert record.test_r_precision == precision.r_precision


def test_synthetic_recall_is_that_of_the_synthetic_points_for_the_papers_reflection() -> None:
    # The watch set is all of both splits here, and has the partners that the score has.
    evaluation = evaluate()
    for watched, score in (
        (evaluation.snapshot.frame.train, evaluation.record.train_synthetic_recall_at_1),
        (evaluation.snapshot.frame.test, evaluation.record.test_synthetic_recall_at_1),
    ):
        assert score == recall_at(watched.synthetic, watched.points.labels, 1)


def test_only_the_last_evaluation_has_the_final_scores() -> None:
    record = evaluate(final=False).record
    assert record.test_recall_at == ()
    assert record.test_nmi is None
    assert record.test_f1 is None
    same = evaluate(final=True).record
    assert (same.peak_memory_bytes or 0) > 10_000_000  # torch alone takes more
    without = dataclasses.replace(
        same,
        test_recall_at=(),
        test_nmi=None,
        test_f1=None,
        test_map_at_r=None,
        test_r_precision=None,
        peak_memory_bytes=None,
    )
    assert without == record


@pytest.mark.parametrize(
    ("spec", "alpha", "beta"),
    [("npair", 2, 1), ("npair+symm", 2, 1), ("npair+symm:alpha=1.5,beta=0.5", 1.5, 0.5)],
)
def test_synthetic_points_are_made_as_the_run_makes_them(
    spec: str, alpha: float, beta: float
) -> None:
    frame = evaluate(spec).snapshot.frame
    for watched in (frame.train, frame.test):
        points = watched.points.embeddings
        expected = reflected(points, points[watched.partner], alpha, beta)
        np.testing.assert_allclose(watched.synthetic, expected, rtol=1e-4, atol=1e-6)


def test_a_partner_is_another_image_of_the_class() -> None:
    frame = evaluate().snapshot.frame
    for watched in (frame.train, frame.test):
        labels, partner = watched.points.labels, watched.partner
        assert (labels[partner] == labels).all()
        assert (partner != np.arange(len(partner))).all()


def test_everything_is_watched_where_it_fits() -> None:
    dataset = tiny_dataset(0)
    snapshot = evaluate(dataset=dataset).snapshot
    np.testing.assert_array_equal(snapshot.frame.train.points.samples, dataset.train)
    np.testing.assert_array_equal(snapshot.frame.test.points.samples, dataset.test)
    np.testing.assert_array_equal(snapshot.searched.samples, dataset.test)
    np.testing.assert_array_equal(snapshot.searched.labels, dataset.labels[dataset.test])


def test_the_watch_set_is_limited_the_gallery_is_not() -> None:
    dataset = tiny_dataset(0)
    snapshots = [evaluate(watch_limit=10, seed=seed).snapshot for seed in (0, 0, 1)]
    for snapshot in snapshots:
        for watched, split in (
            (snapshot.frame.train, dataset.train),
            (snapshot.frame.test, dataset.test),
        ):
            samples = watched.points.samples
            # a fourth of ten images from each of four classes
            assert len(samples) == len(watched.partner) == len(watched.synthetic) == 8
            assert (np.diff(samples) > 0).all()
            assert set(samples) <= set(split)
            np.testing.assert_array_equal(watched.points.labels, dataset.labels[samples])
        assert len(snapshot.searched.samples) == len(dataset.test)
    first, same, other = (snapshot.frame.test.points.samples for snapshot in snapshots)
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)


def test_watched_test_images_are_the_gallerys_rows() -> None:
    snapshot = evaluate(watch_limit=10).snapshot
    rows = {int(sample): row for row, sample in enumerate(snapshot.searched.samples)}
    points = snapshot.frame.test.points
    for sample, embedding in zip(points.samples, points.embeddings, strict=True):
        np.testing.assert_array_equal(embedding, snapshot.searched.embeddings[rows[int(sample)]])


@pytest.mark.parametrize("spec", ["npair", "npair+symm:alpha=1.5,beta=0.5"])
def test_an_image_alone_in_its_class_has_no_partner_and_no_synthetic_point(spec: str) -> None:
    dataset = tiny_dataset(0)
    alone = dataset.test[np.flatnonzero(dataset.labels[dataset.test] == 2)[1:]]
    dataset = dataclasses.replace(dataset, test=np.setdiff1d(dataset.test, alone))
    watched = evaluate(spec, dataset=dataset, final=False).snapshot.frame.test
    lonely = np.flatnonzero(watched.partner == -1)
    np.testing.assert_array_equal(watched.points.labels[lonely], [2])
    np.testing.assert_array_equal(watched.synthetic[lonely], watched.points.embeddings[lonely])


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_watch_set_without_two_images_of_a_class_is_refused(split: str) -> None:
    dataset = tiny_dataset(0)
    of_each = np.array(
        [getattr(dataset, split)[dataset.labels[getattr(dataset, split)] == c][0] for c in range(4)]
    )
    chosen: dict[str, Any] = {split: np.sort(of_each)}
    dataset = dataclasses.replace(dataset, **chosen)
    with pytest.raises(InputError, match=r"^None of the 4 watched images .* watch limit\.$"):
        evaluate(dataset=dataset)


def test_nothing_of_a_snapshot_can_be_written() -> None:
    snapshot = evaluate(watch_limit=10).snapshot
    arrays = [
        array
        for points in (snapshot.searched, snapshot.frame.train.points, snapshot.frame.test.points)
        for array in (points.samples, points.labels, points.embeddings)
    ]
    for watched in (snapshot.frame.train, snapshot.frame.test):
        arrays += [watched.partner, watched.synthetic]
    assert not any(array.flags.writeable for array in arrays)
    assert {array.dtype for array in arrays} == {np.dtype(np.int64), np.dtype(np.float32)}


def test_it_can_be_stopped_between_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluator_module, "_LARGEST_BATCH", 10)
    calls: list[None] = []
    evaluate(checkpoint=lambda: calls.append(None), final=False)
    assert len(calls) == 5 + 3  # 48 training and 24 test images

    class Stopped(Exception):  # noqa: N818 - a signal, as a stop is
        pass

    def stop() -> None:
        if len(calls) == 8 + 6:
            raise Stopped
        calls.append(None)

    with pytest.raises(Stopped):
        evaluate(checkpoint=stop, final=False)


def test_the_size_of_evaluation_batches_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = evaluate(final=False).snapshot.searched.embeddings
    monkeypatch.setattr(evaluator_module, "_LARGEST_BATCH", 7)
    parts = evaluate(final=False).snapshot.searched.embeddings
    np.testing.assert_allclose(whole, parts, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("batch_size", "largest"), [(12, 64), (64, 64), (128, 128), (512, 512), (2048, 512)]
)
def test_no_more_images_are_embedded_at_once_than_a_step_embeds(
    batch_size: int, largest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []
    original = BatchLoader.evaluation_batches

    def counted(loader: BatchLoader, positions: IndexArray, size: int) -> Iterator[torch.Tensor]:
        for batch in original(loader, positions, size):
            sizes.append(len(batch))
            yield batch

    monkeypatch.setattr(BatchLoader, "evaluation_batches", counted)
    monkeypatch.setattr(evaluator_module, "_FEW_PIXELS", 0)
    dataset = tiny_dataset(0)
    many = dataclasses.replace(dataset, test=np.tile(dataset.test, 30))
    evaluate(dataset=many, batch_size=batch_size, final=False)
    assert max(sizes) == largest
    assert sum(sizes) == len(many.train) + len(many.test)


def test_batches_of_small_images_are_large_but_not_endless(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sizes = []
    original = Learner.embed

    def counted(learner: Learner, images: torch.Tensor) -> torch.Tensor:
        sizes.append(len(images))
        return original(learner, images)

    monkeypatch.setattr(Learner, "embed", counted)
    dataset = tiny_dataset(0)
    many = dataclasses.replace(dataset, test=np.tile(dataset.test, 30))
    _, height, width, _ = dataset.images.shape
    for pixels, largest in ((100 * height * width, 100), (10**9, 512)):
        monkeypatch.setattr(evaluator_module, "_FEW_PIXELS", pixels)
        evaluate(dataset=many, final=False)
        assert max(sizes) == largest
        sizes.clear()


def test_runs_that_are_embedded_together_are_embedded_as_alone() -> None:
    config, dataset = tiny_config("npair", "npair+symm"), tiny_dataset(0)
    evaluator = Evaluator(dataset, BatchLoader(dataset, CPU, 0, DRAWINGS), config)
    runs = [(Learner(spec, config, 1, CPU), spec) for spec in config.specs]
    torch.nn.init.normal_(next(runs[1][0]._network.parameters()))  # not the same weights
    together = evaluator.embed(runs, 3, lambda: None)
    frames = evaluator.snapshots(runs, 3, lambda: None)
    assert not torch.equal(together[0].gallery, together[1].gallery)
    for run, embedded, frame in zip(runs, together, frames, strict=True):
        alone = evaluator.embed([run], 3, lambda: None)[0]
        assert torch.equal(alone.gallery, embedded.gallery)
        assert torch.equal(alone.train, embedded.train)
        for split in ("train", "test"):
            one, other = getattr(embedded.snapshot.frame, split), getattr(frame.frame, split)
            np.testing.assert_array_equal(one.points.labels, other.points.labels)
            np.testing.assert_allclose(
                one.points.embeddings, other.points.embeddings, rtol=1e-4, atol=1e-6
            )


def test_runs_that_have_not_parted_are_embedded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    config = tiny_config("npair", "npair+symm", "angular", "npair:dim=4", batch_size=8)
    dataset = tiny_dataset(0)
    loader = BatchLoader(dataset, CPU, 0, DRAWINGS)
    learners = [Learner(spec, config, 1, CPU) for spec in config.specs]
    embedded: list[Learner] = []

    def embed(learner: Learner, images: torch.Tensor) -> torch.Tensor:
        embedded.append(learner)
        return Learner.embed(learner, images)

    for learner in learners:
        monkeypatch.setattr(learner, "embed", partial(embed, learner))
    runs = list(zip(learners, config.specs, strict=True))
    evaluator = Evaluator(dataset, loader, config)
    snapshots = evaluator.snapshots(runs, 0, lambda: None)
    assert set(embedded) == {learners[0], learners[3]}
    first, second = (one.frame.test.points.embeddings for one in snapshots[:2])
    np.testing.assert_array_equal(first, second)
    assert not np.shares_memory(first, second)
    batch = next(iter(loader.evaluation_batches(dataset.train, 8)))
    learners[1].step(batch, torch.arange(4).repeat_interleave(2))
    embedded.clear()
    evaluator.snapshots(runs, 1, lambda: None)
    assert set(embedded) == {learners[0], learners[1], learners[3]}


def test_the_dataset_decides_which_recalls_there_are_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add_dataset(monkeypatch, "sop:here")
    config, dataset = tiny_config("npair", dataset="sop:here"), tiny_dataset(0)
    evaluator = Evaluator(dataset, BatchLoader(dataset, CPU, 0, DRAWINGS), config)
    learner = Learner(config.specs[0], config, 1, CPU)
    embedded = evaluator.embed([(learner, config.specs[0])], 0, lambda: None)[0]
    record = evaluator.score(embedded, 0.0, lambda: None, final=True)
    assert [k for k, _ in record.test_recall_at] == [1, 10]  # 24 test images have no 100 others
