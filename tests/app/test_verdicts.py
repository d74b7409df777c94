"""Which watched images are right at rank 1, against Recall@1 as evaluation takes it."""

import numpy as np
import pytest
import torch

from symmcore.evaluation import recall_at_k
from symmcore.records import EmbeddedSet
from symmviz.model.display import ColourBy, PointCloud
from symmviz.model.map.class_choice import ShownClasses
from symmviz.services.frames.verdicts import NONE, RIGHT, WRONG, nearest_verdicts
from symmviz.services.retrieval.search_index import SearchIndex
from symmviz.views.map.point_colours import PointFacts, argb, colouring
from symmviz.views.style.theme import DARK


def images(embeddings: object, labels: list[int]) -> EmbeddedSet:
    rows = np.arange(len(labels), dtype=np.int64)
    return EmbeddedSet(rows, np.array(labels, np.int64), np.array(embeddings, np.float32))


@pytest.mark.parametrize("count", [40, 1100])
def test_their_share_is_recall_at_1(count: int) -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 10, count)
    embeddings = random.normal(size=(count, 8)) + 0.8 * np.eye(10, 8)[labels]
    verdicts = nearest_verdicts(images(embeddings, labels.tolist()))
    expected = recall_at_k(torch.tensor(embeddings), torch.tensor(labels), (1,))
    assert (verdicts == RIGHT).mean() == pytest.approx(expected.at[1])


def test_who_has_nobody_to_find_and_who_is_no_number_is_neither() -> None:
    found = nearest_verdicts(
        images([[1, 0], [1, 0.1], [0, 1], [np.nan, 0], [0, 0], [1, 0.05]], [0, 0, 1, 0, 2, 2])
    )
    assert found.tolist() == [WRONG, WRONG, NONE, NONE, WRONG, WRONG]
    assert nearest_verdicts(images(np.zeros((0, 2)), [])).tolist() == []
    assert nearest_verdicts(images([[1.0, 2.0]], [0])).tolist() == [NONE]


@pytest.mark.parametrize("noise", [0.0, 1e-7, 1e-5])
def test_copies_of_an_image_are_told_apart_as_in_a_search(noise: float) -> None:
    random = np.random.default_rng(0)
    given = np.repeat(random.normal(size=(60, 33)), 5, axis=0)[random.permutation(300)]
    given += noise * random.normal(size=given.shape)
    found = images(given, random.integers(0, 2, 300).tolist())
    index = SearchIndex(found, 0)
    rows = range(0, 300, 5)
    nearest = [index.find(row, 1).neighbours[0].correct for row in rows]
    assert nearest_verdicts(found)[rows].tolist() == [RIGHT if one else WRONG for one in nearest]


def test_wrong_points_lie_over_right_ones() -> None:
    labels = np.arange(3, dtype=np.int64)
    cloud = PointCloud(labels, labels, np.array([1, 0, -1]), ("a", "b", "c"))
    verdicts = np.array([RIGHT, WRONG, NONE], np.int8)
    drawn = colouring(cloud, ColourBy.CORRECT, DARK, ShownClasses(), PointFacts(verdicts))
    colours = drawn.look.colours[drawn.original] & 0xFFFFFF
    wanted = [argb(one) & 0xFFFFFF for one in (DARK.right, DARK.wrong, DARK.muted)]
    assert colours.tolist() == wanted
    layers = drawn.look.layers[drawn.original]
    assert layers[1] > layers[0]
    unknown = colouring(cloud, ColourBy.CORRECT, DARK, ShownClasses())
    assert (unknown.look.colours[unknown.original] & 0xFFFFFF == wanted[2]).all()
