"""The names of classes on a map."""

import numpy as np

from symmviz.model.map.class_choice import shown_classes
from symmviz.model.map.class_places import Box, class_middles, placed


def test_names_stand_in_the_middle_of_their_points_the_largest_class_first() -> None:
    points = np.array(
        [[1, 1], [3, 3], [2, 5], [0, 0], [2, 4], [9, 9], [8, 8], [np.nan, 5], [5, 5], [6, 6]],
        np.float32,
    )
    labels = np.array([7, 7, 7, 4, 4, 4, 4, 4, 8, 8])
    classes = shown_classes((4, 7, 8), tuple("abcdefghi"), None)
    assert class_middles(points, labels, classes) == ((4, 5, 6), (7, 2, 3))


def test_hidden_classes_and_too_many_have_no_names() -> None:
    labels = np.arange(30) // 3 * 3
    points = np.zeros((30, 2), np.float32)
    names = tuple(map(str, range(30)))
    assert class_middles(points, labels, shown_classes(tuple(range(30)), names, None)) == ()
    some = shown_classes((0, 3), names, None)
    hidden = type(some)(some.labels, some.names, some.slots, frozenset({3}))
    assert class_middles(points, labels, hidden) == ((0, 0, 0),)


def test_names_do_not_cover_each_other_and_keep_their_places_where_they_can() -> None:
    random = np.random.default_rng(0)
    boxes = tuple(Box(float(x), float(y), 30, 12) for x, y in random.uniform(0, 120, (30, 2)))
    found = placed(boxes)
    there = [box for box in found if box is not None]
    assert found[0] == boxes[0]
    assert 8 < len(there) < 30
    for at, one in enumerate(there):
        assert not any(one.meets(other) for other in there[:at])
    for box, now in zip(boxes, found, strict=True):
        assert now is None or (now.x == box.x and abs(now.y - box.y) < 2.01 * box.height)


def test_what_only_touches_does_not_cover() -> None:
    assert not Box(0, 0, 10, 10).meets(Box(10, 0, 10, 10))
    assert Box(0, 0, 10, 10).meets(Box(9, 9, 10, 10))


def test_names_give_way_to_what_is_covered_and_are_left_out_where_all_is() -> None:
    name, image = Box(50, 50, 30, 12), Box(52, 47, 24, 24)
    (moved,) = placed((name,), (image,))
    assert moved is not None
    assert not moved.meets(image)
    assert moved.x == name.x
    assert placed((name,), (Box(50, 50, 100, 100),)) == (None,)


def test_the_edges_of_the_map_cut_no_name() -> None:
    names = (Box(3, 50, 24, 10), Box(60, 2, 24, 10), Box(98, 99, 24, 10), Box(-40, 50, 24, 10))
    left, above, corner, beyond = placed(names, size=(100, 100))
    assert left == Box(12, 50, 24, 10)
    assert above == Box(60, 12, 24, 10)
    assert corner == Box(88, 89, 24, 10)
    assert beyond is None


def test_on_a_small_map_only_the_names_that_leave_the_points_to_be_seen_have_places() -> None:
    names = tuple(Box(15.0 + 30 * at, 25.0, 30.0, 10.0) for at in range(10))
    assert None not in placed(names, size=(300.0, 150.0))  # 3,000 of 45,000 square pixels
    small = placed(names[:5], size=(150.0, 50.0))  # 7,500: two names cover 600 of them
    assert [box is None for box in small] == [False, False, True, True, True]
