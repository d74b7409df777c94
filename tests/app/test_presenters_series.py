import numpy as np
import pytest

from symmviz.presenters.series import Series


def test_empty():
    series = Series()
    assert series.last is None
    assert len(series.steps) == len(series.values) == 0


@pytest.mark.parametrize("count", [1, 255, 256, 257, 512, 513, 5000])
def test_everything_that_was_added_is_there(count):
    series = Series()
    values = np.random.default_rng(0).random(count)
    for step, value in enumerate(values):
        series.append(3 * step, value)
        assert series.last == value
    np.testing.assert_array_equal(series.steps, 3 * np.arange(count))
    np.testing.assert_array_equal(series.values, values)


def test_what_is_missing_is_a_gap():
    series = Series()
    series.append(1, 0.5)
    series.append(2, None)
    np.testing.assert_array_equal(series.values, [0.5, np.nan])
    assert np.isnan(series.last)


def test_what_was_given_out_does_not_change_when_it_grows():
    series = Series()
    for step in range(256):
        series.append(step, step)
    steps, values = series.steps, series.values
    for step in range(256, 600):
        series.append(step, -1.0)
    np.testing.assert_array_equal(steps, np.arange(256))
    np.testing.assert_array_equal(values, np.arange(256))


def test_the_outline_of_a_short_series_is_the_series() -> None:
    series = Series()
    for step in range(2000):
        series.append(step, float(step % 7))
    steps, values = series.outline()
    assert steps.tolist() == series.steps.tolist()
    assert values.tolist() == series.values.tolist()


def test_the_outline_of_a_long_series_is_short_and_keeps_its_peaks_and_its_end() -> None:
    series = Series()
    for step in range(50_003):
        series.append(step, {31_234: 99.0, 4_321: -99.0}.get(step, float(step % 7)))
    steps, values = series.outline()
    assert len(steps) == len(values) <= 4100
    assert (values.max(), values.min()) == (99.0, -99.0)
    assert abs(steps[values.argmax()] - 31_234) <= 26
    assert (steps[-1], values[-1]) == (50_002, float(50_002 % 7))
    assert (np.diff(steps) >= 0).all()


def test_a_gap_in_a_long_series_hides_no_peak_beside_it() -> None:
    series = Series()
    for step in range(50_003):
        series.append(step, None if step % 5 == 0 or 20_000 <= step < 30_000 else float(step % 7))
        if step == 31_231:
            series.append(step, 99.0)
    steps, values = series.outline()
    assert np.nanmax(values) == 99.0
    inside = (steps > 20_100) & (steps < 29_900)
    assert np.isnan(values[inside]).all()
    assert not np.isnan(values[(steps > 30_100) & (steps < 49_000)]).any()
