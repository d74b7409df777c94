"""What is drawn of a long line, against every pixel of it."""

import numpy as np
import pytest

from symmviz.model.curve import Values
from symmviz.model.m4_aggregation import m4_aggregated


def pixels(places: Values, values: Values, view: tuple[float, float], columns: int) -> Values:
    """First, lowest, highest and last value of each column, by a loop."""
    edges = np.linspace(*view, columns + 1)
    found = np.full((columns, 4), np.nan)
    for column in range(columns):
        inside = (places >= edges[column]) & (places < edges[column + 1])
        if column == columns - 1:
            inside |= places == edges[-1]
        part = values[inside]
        there = part[np.isfinite(part)]
        if len(there):
            found[column] = part[0], there.min(), there.max(), part[-1]
    return found


@pytest.mark.parametrize("count", [0, 1, 400])
def test_of_a_short_series_all_is_drawn(count: int) -> None:
    places = np.arange(float(count))
    drawn_places, drawn = m4_aggregated(places, places % 7, (0.0, 400.0), 100)
    np.testing.assert_array_equal(drawn_places, places)
    np.testing.assert_array_equal(drawn, places % 7)


@pytest.mark.parametrize("view", [(0.0, 50_003.0), (1_234.5, 7_000.0), (-500.0, 80_000.0)])
@pytest.mark.parametrize("gaps", [False, True])
def test_no_pixel_differs_from_the_whole_line(view: tuple[float, float], gaps: bool) -> None:
    random = np.random.default_rng(0)
    places = np.cumsum(random.integers(0, 3, 50_003)).astype(float)  # some are told twice
    values = random.standard_normal(len(places)) + places / 1e4
    if gaps:
        values[random.random(len(places)) < 0.2] = np.nan
        values[20_000:30_000] = np.nan
    drawn_places, drawn = m4_aggregated(places, values, view, 200)
    assert len(drawn_places) == len(drawn) <= 4 * 200 + 8
    assert (np.diff(drawn_places) >= 0).all()
    inside = (drawn_places >= view[0]) & (drawn_places <= view[1])
    expected = pixels(places, values, view, 200)
    found = pixels(drawn_places[inside], drawn[inside], view, 200)
    np.testing.assert_array_equal(found[1:-1, 1:3], expected[1:-1, 1:3])
    if not gaps:
        np.testing.assert_array_equal(found[1:-1], expected[1:-1])


def test_a_line_goes_on_beyond_the_view() -> None:
    places = np.arange(1_000.0)
    drawn_places, _ = m4_aggregated(places, places, (300.4, 300.6), 50)
    assert list(drawn_places) == [300.0, 301.0]
    drawn_places, _ = m4_aggregated(places, places, (100.5, 900.5), 20)
    assert (drawn_places[0], drawn_places[-1]) == (100.0, 901.0)
