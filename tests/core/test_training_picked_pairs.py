import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers_records import make_snapshot
from helpers_training import Recorder, add_dataset, tiny_config

from symmcore.errors import RunError
from symmcore.losses import build_loss
from symmcore.losses.base import Selection
from symmcore.losses.reference import four_points
from symmcore.records import MinedGroups, PickedPairs
from symmcore.runs.formats.frames import frame_bytes, frame_from
from symmcore.runs.formats.untrusted_files import arrays_in
from symmcore.settings.symm import Symm
from symmcore.training import picked_pairs
from symmcore.training.control import Control
from symmcore.training.picked_pairs import hardest_pairs
from symmcore.training.trainer import Trainer

LABELS = torch.tensor([0, 1, 0, 1, 2, 2, 0, 0])
SAMPLES = np.array([10, 21, 12, 23, 34, 35, 16, 17])
# Groups: the 1st and 2nd image of a class, then the 3rd and 4th.
GROUPS = [(0, 2), (6, 7), (1, 3), (4, 5)]


@pytest.mark.parametrize("symm", [Symm(), Symm(alpha=1.5, beta=0.7)])
@pytest.mark.parametrize("name", ["npair", "triplet"])
def test_each_group_has_its_most_alike_pair(name: str, symm: Symm) -> None:
    torch.manual_seed(1)
    embeddings = torch.randn(8, 5, dtype=torch.float64)
    if name == "triplet":  # it picks by distance: cosines decide the same on the sphere
        embeddings = torch.nn.functional.normalize(embeddings, dim=1)
    result = build_loss(name, symm).detailed(embeddings, LABELS)
    assert result.selection is not None
    members = {tuple(pair) for pair in result.selection.groups.T.tolist()}
    assert members == set(GROUPS)

    picked = hardest_pairs(result.selection, embeddings, SAMPLES, symm)
    found = picked.points

    x_i, x_j = embeddings[result.selection.groups]
    points = four_points(x_i, x_j, symm)
    types = np.zeros((4, 4), np.int64)
    for at, (i, j) in enumerate(result.selection.groups.T.tolist()):
        best, expected = -np.inf, None
        for other, (k, m) in enumerate(result.selection.groups.T.tolist()):
            if LABELS[i] == LABELS[k]:
                continue
            row = int(result.selection.row_types[0, at, other])
            column = int(result.selection.column_types[at, other])
            types[row, column] += 1
            cosine = float(torch.cosine_similarity(points[row, at], points[column, other], dim=0))
            if cosine > best:
                best = cosine
                sides = []
                for kind, (one, partner) in ((row, (i, j)), (column, (k, m))):
                    image, axis = (one, partner) if kind in (0, 2) else (partner, one)
                    sides.append([SAMPLES[image], SAMPLES[axis] if kind >= 2 else -1])
                expected = sides
        assert found[at].tolist() == expected
    np.testing.assert_array_equal(picked.types, types)
    assert picked.groups is not None
    groups = result.selection.groups.T.tolist()
    assert picked.groups.members.tolist() == SAMPLES[np.array(groups)].tolist()
    np.testing.assert_array_equal(
        picked.groups.embeddings, embeddings[torch.tensor(groups)].float().numpy()
    )
    for at, other in enumerate(picked.groups.against.tolist()):
        assert found[at, 1, 0] in picked.groups.members[other]


def test_the_angular_loss_has_two_points_against_one() -> None:
    torch.manual_seed(2)
    embeddings = torch.randn(8, 5)
    selection = build_loss("angular", Symm()).detailed(embeddings, LABELS).selection
    assert selection is not None
    found = hardest_pairs(selection, embeddings, SAMPLES, Symm()).points
    first, second = found[:4], found[4:]
    assert len(found) == 8
    np.testing.assert_array_equal(first[:, 1], second[:, 1])
    assert (first[:, 0] != second[:, 0]).any(axis=1).all()


def pairs_of_all_cosines(selection: Selection, embeddings: torch.Tensor) -> list[list[list[int]]]:
    """For each group, first row then second: its group against, its own type, the other's."""
    x_i, x_j = embeddings.double()[selection.groups]
    units = torch.nn.functional.normalize(four_points(x_i, x_j, Symm()), dim=-1)
    cosines = torch.einsum("pgd,nhd->pngh", units, units)
    rows, columns = selection.row_types, selection.column_types
    own = torch.arange(selection.groups.shape[1])
    picked = torch.stack([cosines[row, columns, own[:, None], own] for row in rows]).mean(0)
    against = picked.masked_fill(~selection.negatives, -torch.inf).argmax(dim=1)
    return [
        torch.stack((against, row[own, against], columns[own, against])).T.tolist() for row in rows
    ]


@pytest.mark.parametrize("most", [1, 4 * 30 * 7, 2**23])
@pytest.mark.parametrize("name", ["npair", "angular", "lifted"])
def test_blocks_of_cosines_find_what_all_of_them_do(
    monkeypatch: pytest.MonkeyPatch, name: str, most: int
) -> None:
    monkeypatch.setattr(picked_pairs, "_MOST_PRODUCTS", most)
    torch.manual_seed(3)
    embeddings = torch.randn(60, 6)
    labels = torch.arange(10).repeat_interleave(2).repeat(3)
    selection = build_loss(name, Symm()).detailed(embeddings, labels).selection
    assert selection is not None
    assert selection.groups.shape == (2, 30)
    samples = np.arange(60) + 100
    found = hardest_pairs(selection, embeddings, samples, Symm()).points
    expected = []
    for side in pairs_of_all_cosines(selection, embeddings):
        for at, (against, *types) in enumerate(side):
            sides = []
            for group, kind in zip((at, against), types, strict=True):
                i, j = samples[selection.groups[:, group].numpy()].tolist()
                image, axis = (i, j) if kind in (0, 2) else (j, i)
                sides.append([image, axis if kind >= 2 else -1])
            expected.append(sides)
    assert found.tolist() == expected


def test_cosines_are_taken_a_block_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picked_pairs, "_MOST_PRODUCTS", 4 * 30 * 7)
    sizes: list[int] = []
    cosines = picked_pairs._cosines

    def note(products: torch.Tensor, own: list[torch.Tensor], others: torch.Tensor) -> torch.Tensor:
        sizes.append(products.numel())
        return cosines(products, own, others)

    monkeypatch.setattr(picked_pairs, "_cosines", note)
    labels = torch.arange(10).repeat_interleave(2).repeat(3)
    embeddings = torch.randn(60, 6)
    selection = build_loss("npair", Symm()).detailed(embeddings, labels).selection
    assert selection is not None
    hardest_pairs(selection, embeddings, np.arange(60), Symm())
    assert len(sizes) == 5
    assert max(sizes) <= 4 * 30 * 7


def test_frames_hold_the_pairs_of_the_newest_batch(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    add_dataset(monkeypatch)
    sink = Recorder()
    config = tiny_config("npair", "npair+symm", steps=4, frames=4)
    Trainer(config, sink).run(Control())
    labels = sink.contexts[0].dataset.labels
    assert [frames[0].frame.picked for frames in sink.frames] == [None] * len(sink.frames)
    first, *others = [frames[1].frame for frames in sink.frames]
    assert first.step == 0
    assert first.picked is None
    for frame in others:
        assert frame.picked is not None
        images, axes = frame.picked.points[..., 0], frame.picked.points[..., 1]
        assert (labels[images[:, 0]] != labels[images[:, 1]]).all()
        reflected = axes >= 0
        assert (labels[images[reflected]] == labels[axes[reflected]]).all()
        content = arrays_in(tmp_path, frame_bytes(frame))
        again = frame_from(tmp_path, content, frame.step, Symm())
        assert again.picked is not None
        np.testing.assert_array_equal(again.picked.points, frame.picked.points)
        assert again.picked.types is not None
        np.testing.assert_array_equal(again.picked.types, frame.picked.types)
        for field in dataclasses.fields(MinedGroups):
            one, other = (getattr(of.groups, field.name) for of in (again.picked, frame.picked))
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "points", [[[[0, -1], [-1, -1]]], [[[0, -2], [1, -1]]], [[[2**40, 0]] * 2]]
)
def test_pairs_of_a_damaged_file_are_refused(points: list[object], tmp_path: Path) -> None:
    frame = dataclasses.replace(make_snapshot().frame, picked=PickedPairs(np.array(points)))
    with pytest.raises(RunError, match="damaged: picked"):
        frame_from(tmp_path, arrays_in(tmp_path, frame_bytes(frame)), 0, Symm())


def test_types_of_a_damaged_file_are_refused_and_an_older_one_has_none(tmp_path: Path) -> None:
    points = np.array([[[0, -1], [1, -1]]])
    picked = PickedPairs(points, -np.ones((4, 4), np.int64))
    frame = dataclasses.replace(make_snapshot().frame, picked=picked)
    with pytest.raises(RunError, match="damaged: picked_types"):
        frame_from(tmp_path, arrays_in(tmp_path, frame_bytes(frame)), 0, Symm())
    frame = dataclasses.replace(frame, picked=PickedPairs(points))
    older = frame_from(tmp_path, arrays_in(tmp_path, frame_bytes(frame)), 0, Symm())
    assert older.picked is not None
    assert older.picked.types is None


@pytest.mark.parametrize(
    ("members", "against", "embeddings"),
    [
        ([[0, 1]], [1], [[[0.0], [1.0]]]),  # there is no second pair
        ([[0, -1]], [0], [[[0.0], [1.0]]]),
        ([[0, 1], [2, 3]], [0], [[[0.0], [1.0]]]),
        ([[0, 1]], [0], [[[0.0], [1.0]], [[0.0], [1.0]]]),
    ],
)
def test_mined_pairs_of_a_damaged_file_are_refused(
    members: list[object], against: list[int], embeddings: list[object], tmp_path: Path
) -> None:
    groups = MinedGroups(
        np.array(members), np.array(against), np.array(embeddings, dtype=np.float32)
    )
    picked = PickedPairs(np.array([[[0, -1], [1, -1]]]), None, groups)
    frame = dataclasses.replace(make_snapshot().frame, picked=picked)
    with pytest.raises(RunError, match="damaged: mined"):
        frame_from(tmp_path, arrays_in(tmp_path, frame_bytes(frame)), 0, Symm())
