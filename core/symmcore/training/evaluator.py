"""Embeds the watch set and every test image, and scores what it sees."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from symmcore.data.dataset import ImageDataset
from symmcore.data.feed.batches import BatchLoader
from symmcore.errors import InputError
from symmcore.evaluation import (
    clustering_scores,
    diagnose,
    precision_at_r,
    recall_at_k,
    synthetic_recall_at_1,
)
from symmcore.records import (
    EmbeddedSet,
    EvalRecord,
    Frame,
    IndexArray,
    Snapshot,
    WatchedSet,
)
from symmcore.reflection import partner_cycle, reflect_partners
from symmcore.settings.networks import network_info
from symmcore.settings.scores import final_ks
from symmcore.training.config import TrainingConfig
from symmcore.training.frame_schedule import watch_limit
from symmcore.training.learner import Learner
from symmcore.training.peak_memory import peak_memory
from symmcore.training.spec import RunSpec
from symmcore.training.watch_set import WatchRule, watched

_Scalar = TypeVar("_Scalar", bound=np.generic)

_WATCH_STREAM = 3
_SMALLEST_BATCH, _LARGEST_BATCH = 64, 512
_FEW_PIXELS, _MANY_PIXELS = 2**19, 2**16


@dataclass(frozen=True, slots=True, eq=False)
class Embedded:
    """One run's embeddings, to be scored.

    Attributes:
        train: of the watched training images, (N, D) float32.
        gallery: of every test image, (M, D) float32.
        snapshot: of both, to be recorded.
    """

    train: Tensor
    gallery: Tensor
    snapshot: Snapshot


class Evaluator:
    """Evaluates learners on one dataset, always on the same images.

    The watch set is at most ``watch_limit(config)`` images of each split, drawn once by
    the seed (see :func:`symmcore.training.watch_set.watched`), and each watched image keeps
    its partner for the whole training.

    Raises:
        InputError: if no two watched images of a split are of one class.
    """

    def __init__(self, dataset: ImageDataset, loader: BatchLoader, config: TrainingConfig) -> None:
        random = np.random.default_rng([config.seed, _WATCH_STREAM])
        self._dataset = dataset
        self._loader = loader
        self._seed = config.seed
        self._final_ks = final_ks(config.dataset)
        # No more images at once than a step embeds: what a step has memory for, this has. But
        # small images, which take little: threads meet less often in larger batches.
        _, height, width, _ = dataset.images.shape
        pixels = _MANY_PIXELS if network_info(config.network).resizes else height * width
        few = max(_SMALLEST_BATCH, _FEW_PIXELS // pixels)
        self._batch = min(max(config.batch_size, few), _LARGEST_BATCH)
        limit = watch_limit(config)
        rule = WatchRule(config.watch)
        self._watched_train = watched(dataset.train, dataset.labels, limit, rule, random)
        self._watched_test = watched(dataset.test, dataset.labels, limit, rule, random)
        self._train_partner = self._partners(self._watched_train)
        self._test_partner = self._partners(self._watched_test)

    def embed(
        self,
        runs: Sequence[tuple[Learner, RunSpec]],
        step: int,
        checkpoint: Callable[[], None],
    ) -> list[Embedded]:
        """Embed what :meth:`score` scores, each batch of images by all runs.

        Args:
            runs: each one's network, and its settings: alpha and beta make the synthetic points.
            step: optimiser steps finished.
            checkpoint: called between batches; it may wait, or raise to end this.
        """
        of_train = self._embed(runs, self._watched_train, checkpoint)
        of_test = self._embed(runs, self._dataset.test, checkpoint)
        in_gallery = torch.from_numpy(np.searchsorted(self._dataset.test, self._watched_test))
        watches_all = len(self._watched_test) == len(self._dataset.test)
        result = []
        for train, gallery, (_, spec) in zip(of_train, of_test, runs, strict=True):
            frame = self._frame(step, train, gallery[in_gallery.to(gallery.device)], spec)
            searched = None if watches_all else self._embedded_set(gallery, self._dataset.test)
            result.append(Embedded(train, gallery, Snapshot(frame, searched)))
        return result

    def score(
        self, embedded: Embedded, seconds: float, checkpoint: Callable[[], None], *, final: bool
    ) -> EvalRecord:
        """Score what :meth:`embed` returned.

        Args:
            embedded: all of it.
            seconds: training time so far, for the record.
            checkpoint: called while it takes long; it may wait, or raise to end this.
            final: whether to add what is scored at the end of training alone.
        """
        train, gallery = embedded.train, embedded.gallery
        train_labels = self._labels(self._watched_train)
        test_labels = self._labels(self._dataset.test)
        recall = recall_at_k(
            gallery,
            test_labels,
            tuple(k for k in self._final_ks if k < len(gallery)) if final else (1,),
        )
        clusters = precision = None
        if final:
            precision = precision_at_r(gallery, test_labels)
            clusters = clustering_scores(
                gallery, test_labels, self._seed, lambda _done, _most: checkpoint()
            )
        lies = diagnose(gallery, test_labels)
        return EvalRecord(
            step=embedded.snapshot.frame.step,
            train_recall_at_1=recall_at_k(train, train_labels, (1,)).at[1],
            test_recall_at_1=recall.at[1],
            train_synthetic_recall_at_1=synthetic_recall_at_1(train, train_labels, self._seed),
            test_synthetic_recall_at_1=synthetic_recall_at_1(gallery, test_labels, self._seed),
            seconds=seconds,
            test_recall_at=tuple(recall.at.items()) if final else (),
            test_nmi=None if clusters is None else clusters.nmi,
            test_f1=None if clusters is None else clusters.f1,
            test_map_at_r=None if precision is None else precision.map_at_r,
            test_r_precision=None if precision is None else precision.r_precision,
            peak_memory_bytes=peak_memory(gallery.device) if final else None,
            test_mean_norm=lies.mean_norm,
            test_within_cosine=lies.within_cosine,
            test_between_cosine=lies.between_cosine,
            test_effective_rank=lies.effective_rank,
        )

    def snapshots(
        self,
        runs: Sequence[tuple[Learner, RunSpec]],
        step: int,
        checkpoint: Callable[[], None],
    ) -> list[Snapshot]:
        """Embed the watch set alone, without scores; arguments as those of :meth:`embed`."""
        of_train = self._embed(runs, self._watched_train, checkpoint)
        of_test = self._embed(runs, self._watched_test, checkpoint)
        return [
            Snapshot(self._frame(step, train, test, spec), None)
            for train, test, (_, spec) in zip(of_train, of_test, runs, strict=True)
        ]

    def _frame(self, step: int, train: Tensor, test: Tensor, spec: RunSpec) -> Frame:
        return Frame(
            step=step,
            train=self._watched_set(train, self._watched_train, self._train_partner, spec),
            test=self._watched_set(test, self._watched_test, self._test_partner, spec),
        )

    def _embed(
        self,
        runs: Sequence[tuple[Learner, RunSpec]],
        positions: IndexArray,
        checkpoint: Callable[[], None],
    ) -> list[Tensor]:
        """The embeddings (N, D) of each run; found once for those that have not parted yet."""
        learners = [learner for learner, _ in runs]
        alike = [
            next(at for at, other in enumerate(learners) if one.embeds_as(other))
            for one in learners
        ]
        parts: dict[int, list[Tensor]] = {at: [] for at in alike}
        for batch in self._loader.evaluation_batches(positions, self._batch):
            for at, own in parts.items():
                checkpoint()
                own.append(learners[at].embed(batch))
        return [torch.cat(parts[at]) for at in alike]

    def _labels(self, positions: IndexArray) -> Tensor:
        return torch.from_numpy(self._dataset.labels[positions])

    def _partners(self, positions: IndexArray) -> IndexArray:
        partners = partner_cycle(self._dataset.labels[positions], self._seed)
        if (partners < 0).all():
            raise InputError(
                f"None of the {len(positions)} watched images shares its class with another: "
                "raise the watch limit."
            )
        return _read_only(partners)

    def _embedded_set(self, embeddings: Tensor, positions: IndexArray) -> EmbeddedSet:
        return EmbeddedSet(
            samples=_read_only(positions),
            labels=_read_only(self._dataset.labels[positions]),
            embeddings=_read_only(embeddings.cpu().numpy()),
        )

    def _watched_set(
        self, embeddings: Tensor, positions: IndexArray, partner: IndexArray, spec: RunSpec
    ) -> WatchedSet:
        points = self._embedded_set(embeddings, positions)
        alpha, beta = (2.0, 1.0) if spec.symm is None else (spec.symm.alpha, spec.symm.beta)
        synthetic = reflect_partners(points.embeddings, partner, alpha, beta)
        return WatchedSet(points, partner, synthetic)


def _read_only(array: npt.NDArray[_Scalar]) -> npt.NDArray[_Scalar]:
    view = array.view()
    view.flags.writeable = False
    return view
