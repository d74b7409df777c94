"""The pairs picked in the newest batch, as a map shows them."""

import numpy as np
import pytest
from helpers_recording import FakeLoaded, FakeRecording

from symmcore.records import PickedPairs
from symmviz.model.display import ColourBy, PointCloud
from symmviz.model.map.class_choice import ShownClasses
from symmviz.model.map.picked import MapPair, MapPick, map_pairs
from symmviz.model.resolve import watch
from symmviz.model.retrieval.query import Split
from symmviz.model.workspace import Display, Workspace
from symmviz.presenters.window import frames_wanted
from symmviz.services.frames.facts import FramePart
from symmviz.views.map.point_colours import PointFacts, argb, colouring
from symmviz.views.style.theme import LIGHT

SAMPLES = np.array([10, 20, 30, 40], np.int64)
PARTNER = np.array([1, 0, 3, -1], np.int64)


def picked(*points: tuple[tuple[int, int], tuple[int, int]]) -> PickedPairs:
    return PickedPairs(np.array(points, np.int64).reshape(-1, 2, 2))


def test_a_synthetic_point_is_that_of_the_map_where_the_partner_is_the_same() -> None:
    found = map_pairs(
        picked(((10, 20), (30, 10)), ((40, -1), (40, 30)), ((30, 40), (99, -1))), SAMPLES, PARTNER
    )
    assert found == (
        MapPair(MapPick(0, True, True), MapPick(2, True, False)),
        MapPair(MapPick(3), MapPick(3, True, False)),
        MapPair(MapPick(2, True, True), None),
    )
    assert found[2].picks == (MapPick(2, True, True),)


def test_pairs_of_images_that_are_not_watched_are_left_out_and_both_ways_are_one() -> None:
    both = ((10, -1), (30, -1)), ((30, -1), (10, -1)), ((10, -1), (30, -1))
    found = map_pairs(picked(*both, ((98, -1), (99, 98))), SAMPLES, PARTNER)
    assert found == (MapPair(MapPick(0), MapPick(2)),)
    assert map_pairs(picked(), SAMPLES, PARTNER) == ()
    none = np.zeros(0, np.int64)
    assert map_pairs(picked(both[0]), none, none) == ()


def test_colours_say_how_an_image_was_picked() -> None:
    labels = np.arange(5, dtype=np.int64)
    cloud = PointCloud(labels, labels, np.array([1, 0, 3, 2, 0]), tuple("abcde"))
    pairs = (
        MapPair(MapPick(0), MapPick(1, True, True)),
        MapPair(MapPick(0, True, True), MapPick(2, True, False)),
        MapPair(MapPick(3), None),
    )
    drawn = colouring(cloud, ColourBy.PICKED, LIGHT, ShownClasses(), PointFacts(pairs=pairs))
    blue, red, grey = (
        argb(one) & 0xFFFFFF for one in (LIGHT.original, LIGHT.synthetic, LIGHT.muted)
    )
    colours = drawn.look.colours & 0xFFFFFF
    assert colours[drawn.original].tolist() == [blue, grey, red, blue, grey]
    assert colours[drawn.synthetic].tolist() == [red, red, grey, grey, grey]


@pytest.mark.parametrize("split", list(Split))
@pytest.mark.parametrize(
    "look", [{"pairs_visible": True}, {"colour_by": ColourBy.PICKED}, {}], ids=str
)
def test_they_are_wanted_and_shown_of_training_images_alone(
    split: Split, look: dict[str, object]
) -> None:
    run, loaded, workspace = FakeRecording("npair+symm"), FakeLoaded(), Workspace()
    run.add_frame(0, 10)
    loaded.load(run, 0, 10)
    workspace.show((run,))
    workspace.display = Display(split=split, **look)  # type: ignore[arg-type]  # any of its fields
    shown = split is Split.TRAIN and bool(look)
    parts = [one.part for one in frames_wanted(workspace, 1)]
    assert (FramePart.PICKED in parts) is shown
    (column,) = watch(workspace, loaded).columns
    assert column.pairs == (None if shown else ())
    images = loaded.known_images[run.key].train.samples
    loaded.known_picks[run.key, 10] = picked(((int(images[0]), -1), (int(images[5]), -1)))
    (column,) = watch(workspace, loaded).columns
    assert column.pairs == ((MapPair(MapPick(0), MapPick(5)),) if shown else ())
