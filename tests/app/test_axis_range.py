"""What the axes of the shared plots show."""

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from symmviz.model.curve import Curve, CurveLook, Panel, Variant
from symmviz.views.curves.axis_range import (
    Range,
    finite_range,
    joined_range,
    place_axis,
    share_axis,
    value_axis,
)
from symmviz.views.curves.plot import CurvePanel

SHARES = (Panel.RECALL, Panel.SYNTHETIC_RECALL, Panel.RATIO)


@pytest.mark.parametrize(
    ("values", "axis"),
    [
        (None, (0.0, 1.0)),
        ((0.0, 0.0), (0.0, 0.1)),
        ((1.0, 1.0), (0.9, 1.0)),
        ((0.5, 0.5), (0.45, 0.55)),
        ((0.0, 1.0), (0.0, 1.0)),
        ((0.01, 0.02), (0.0, 0.1)),
        ((0.97, 0.98), (0.9, 1.0)),
        ((0.2, 0.7), (0.2, 0.7)),
    ],
)
def test_an_axis_of_shares_stays_between_0_and_1(values: Range | None, axis: Range) -> None:
    low, high = share_axis(values)
    padding = 0.04 * (axis[1] - axis[0])
    assert (low, high) == pytest.approx((axis[0] - padding, axis[1] + padding))


@pytest.mark.parametrize(
    "values",
    [
        *((0.0, 0.0), (1.0, 1.0), (-3.0, -3.0), (0.0, 1e38), (1e38, 1e38), (1e-30, 2e-30)),
        *((1e-300, 1e-300), (-1e308, 1e308), (1e308, 1e308), (5.0, np.nextafter(5.0, 6.0))),
    ],
)
def test_an_axis_of_values_has_a_height_and_holds_them(values: Range) -> None:
    low, high = value_axis(values)
    assert np.isfinite([low, high]).all()
    assert np.isfinite(high - low)
    assert high - low > 1e-6 * max(abs(low), abs(high))
    if max(map(abs, values)) < 1e300:
        assert low <= values[0] <= values[1] <= high


def test_a_loss_of_0_has_an_axis_from_0() -> None:
    assert value_axis((0.0, 0.0)) == pytest.approx((-0.04, 1.04))
    assert value_axis(None) == pytest.approx((-0.04, 1.04))
    assert value_axis((2.0, 2.0)) == pytest.approx((1.9, 2.1))


@pytest.mark.parametrize(
    ("steps", "axis"),
    [
        (None, (0.0, 10.0)),
        ((1.0, 1.0), (0.0, 10.0)),
        ((500.0, 500.0), (495.0, 505.0)),
        ((0.0, 1e6), (0.0, 1e6)),
    ],
)
def test_an_axis_of_steps_is_never_in_fractions(steps: Range | None, axis: Range) -> None:
    low, high = place_axis(steps, 10.0)
    padding = 0.04 * (axis[1] - axis[0])
    assert (low, high) == pytest.approx((max(axis[0] - padding, 0), axis[1] + padding))


def test_only_numbers_count() -> None:
    assert finite_range(np.array([np.nan, 2.0, np.inf, -1.0, -np.inf])) == (-1.0, 2.0)
    assert finite_range(np.array([np.nan])) is None
    assert finite_range(np.empty(0)) is None
    assert joined_range([None, (1.0, 2.0), (-1.0, 0.0)]) == (-1.0, 2.0)
    assert joined_range([]) is joined_range([None]) is None


def shown(qtbot: QtBot, panel: Panel, *lines: list[float]) -> CurvePanel:
    made = CurvePanel(panel)
    qtbot.addWidget(made)
    made.resize(300, 200)
    curves = (
        Curve(panel, run, Variant.SOLID, np.arange(1.0, len(values) + 1), np.array(values))
        for run, values in enumerate(lines)
    )
    made.set_curves(tuple(curves), ())
    assert not made.grab().isNull()
    return made


@pytest.mark.parametrize("panel", SHARES)
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_constant_share_has_an_axis_people_expect(
    qtbot: QtBot, panel: Panel, value: float
) -> None:
    _, (low, high) = shown(qtbot, panel, [value] * 20).view_range()
    assert -0.05 <= low <= value <= high <= 1.05
    assert high - low < 0.2


@pytest.mark.parametrize("panel", list(Panel))
def test_no_numbers_at_all_leave_the_axis_alone(qtbot: QtBot, panel: Panel) -> None:
    _, (low, high) = shown(qtbot, panel, [np.nan] * 5).view_range()
    assert (low, high) == pytest.approx((-0.04, 1.04), abs=0.05)


def test_a_huge_loss_is_drawn(qtbot: QtBot) -> None:
    _, (low, high) = shown(qtbot, Panel.LOSS, [1e38, 2.0, 1e37], [3.0, 2.0, 1.0]).view_range()
    assert low <= 1.0
    assert 1e38 <= high < 1.2e38


def test_a_value_between_gaps_is_marked(qtbot: QtBot) -> None:
    gap = np.nan
    panel = shown(qtbot, Panel.RECALL, [0.5, gap, 0.6, gap, 0.7, 0.8, gap], [0.5], [0.5, 0.6])
    assert panel.marked_places(0, Variant.SOLID) == [1.0, 3.0]
    assert panel.marked_places(1, Variant.SOLID) == [1.0]
    assert panel.marked_places(2, Variant.SOLID) == []


def test_a_plot_that_was_zoomed_stays_until_it_is_fitted(qtbot: QtBot) -> None:
    panel = shown(qtbot, Panel.LOSS, [1.0, 2.0])
    box = panel.plot.getViewBox()
    box.setRange(yRange=(0, 50), padding=0)
    box.sigRangeChangedManually.emit([True, True])  # as the wheel and a drag do
    more = np.array([1.0, 2.0, 300.0])
    panel.set_curves((Curve(Panel.LOSS, 0, Variant.SOLID, np.arange(3.0), more),), ())
    assert panel.view_range()[1] == (0, 50)
    panel.fit()
    assert panel.view_range()[1][1] > 300


def test_a_logarithmic_axis_shows_its_values_where_the_plot_was_zoomed(qtbot: QtBot) -> None:
    panel = shown(qtbot, Panel.LOSS, [0.01, *[0.1] * 18, 0.3])
    box = panel.plot.getViewBox()
    box.setRange(xRange=(2, 14), yRange=(0, 0.2), padding=0)
    box.sigRangeChangedManually.emit([True, True])
    panel.set_look(CurveLook(log=frozenset({Panel.LOSS})))
    (left, right), (low, high) = panel.view_range()
    assert (left, right) == (2, 14), "the zoom along the steps stays"
    assert low < -2 < np.log10(0.3) < high < 0
