import numpy as np
import pytest

from symmviz.model.outline import outline


@pytest.mark.parametrize("count", [0, 1, 2000])
def test_the_outline_of_a_short_series_is_the_series(count: int) -> None:
    steps = np.arange(float(count))
    drawn_steps, drawn = outline(steps, steps % 7)
    np.testing.assert_array_equal(drawn_steps, steps)
    np.testing.assert_array_equal(drawn, steps % 7)


def test_the_outline_of_a_long_series_is_short_and_keeps_its_peaks_and_its_end() -> None:
    steps = np.arange(50_003.0)
    values = steps % 7
    values[31_234], values[4_321] = 99.0, -99.0
    drawn_steps, drawn = outline(steps, values)
    assert len(drawn_steps) == len(drawn) <= 4100
    assert (drawn.max(), drawn.min()) == (99.0, -99.0)
    assert abs(drawn_steps[drawn.argmax()] - 31_234) <= 26
    assert (drawn_steps[-1], drawn[-1]) == (50_002, float(50_002 % 7))
    assert (np.diff(drawn_steps) >= 0).all()


def test_a_gap_in_a_long_series_hides_no_peak_beside_it() -> None:
    steps = np.arange(50_003.0)
    values = np.where((steps % 5 == 0) | ((steps >= 20_000) & (steps < 30_000)), np.nan, steps % 7)
    values[31_231] = 99.0
    drawn_steps, drawn = outline(steps, values)
    assert np.nanmax(drawn) == 99.0
    inside = (drawn_steps > 20_100) & (drawn_steps < 29_900)
    assert np.isnan(drawn[inside]).all()
    assert not np.isnan(drawn[(drawn_steps > 30_100) & (drawn_steps < 49_000)]).any()
