from collections.abc import Callable
from unittest.mock import MagicMock, call

import numpy as np
import pytest
from helpers_recording import FakeRecording

from symmviz.model.curve import Abscissa, CurveLook, Diagnostic, Panel, PanelKey, Reading, Variant
from symmviz.model.runs.seed_runs import SeedRuns
from symmviz.model.workspace import Cursor, Display, Workspace
from symmviz.presenters.curves import CurvesPresenter, CurvesView


@pytest.fixture
def view() -> MagicMock:
    return MagicMock(spec=CurvesView)


@pytest.fixture
def runs() -> tuple[FakeRecording, FakeRecording]:
    return FakeRecording("npair"), FakeRecording("npair+symm")


@pytest.fixture
def workspace(runs: tuple[FakeRecording, ...]) -> Workspace:
    made = Workspace()
    made.show(runs)
    return made


@pytest.fixture
def presenter(view: MagicMock, workspace: Workspace) -> CurvesPresenter:
    made = CurvesPresenter(view, workspace)
    made.update()
    mark_all(made)
    view.reset_mock()
    return made


@pytest.fixture
def step(runs: tuple[FakeRecording, ...]) -> Callable[[int], None]:
    def record(step: int) -> None:
        for at, run in enumerate(runs):
            run.add_metric("loss", step, 1.0 / step)
            run.add_metric("synthetic_ratio", step, 0.25 if at else np.nan)
            for name in ("test_recall_at_1", "test_synthetic_recall_at_1"):
                run.add_metric(name, step, 0.9)

    return record


def drawn(view: MagicMock) -> list[PanelKey]:
    return [called.args[0] for called in view.set_curves.call_args_list]


def mark_all(presenter: CurvesPresenter) -> None:
    while presenter.is_behind:
        presenter.mark_next_panel()


def draw_all(presenter: CurvesPresenter) -> None:
    for _ in Panel:
        presenter.draw_next_panel()


def read(view: MagicMock) -> dict[PanelKey, tuple[tuple[Reading, ...], str]]:
    return {called.args[0]: called.args[1:] for called in view.set_readings.call_args_list}


def test_what_did_not_change_is_not_told_again(
    view: MagicMock, presenter: CurvesPresenter, step: Callable[[int], None]
) -> None:
    step(1)
    presenter.update()
    view.reset_mock()
    presenter.update()
    assert view.mock_calls == []


def test_other_runs_begin_anew(
    view: MagicMock, presenter: CurvesPresenter, workspace: Workspace
) -> None:
    workspace.show((FakeRecording("angular"),))
    presenter.update()
    view.clear.assert_called_once_with()
    ((entries,), _) = view.set_legend.call_args
    assert [entry.title for entry in entries] == ["Angular"]
    workspace.prepare(("npair",))
    presenter.update()
    assert view.clear.call_count == 2
    view.set_note.assert_called_with(Panel.RATIO, "A run without Symm picks no points.")


def test_one_panel_is_drawn_a_turn_and_none_starves(
    view: MagicMock, presenter: CurvesPresenter, step: Callable[[int], None]
) -> None:
    # Every panel changes at every turn, as in a training of many steps a second.
    presenter.draw_next_panel()
    shown: list[PanelKey] = []
    for turn in range(1, 41):
        step(turn)
        view.reset_mock()
        presenter.draw_next_panel()
        shown += drawn(view)
    assert len(shown) == 40
    for start in range(len(shown) - len(Panel)):
        assert set(shown[start : start + len(Panel)]) == set(Panel)


def test_a_panel_that_did_not_change_takes_no_turn(
    view: MagicMock, presenter: CurvesPresenter, runs: tuple[FakeRecording, ...]
) -> None:
    for _ in Panel:
        presenter.draw_next_panel()
    view.reset_mock()
    for at in range(1, 4):
        runs[0].add_metric("loss", at, 0.5)
        presenter.draw_next_panel()
    assert drawn(view) == [Panel.LOSS] * 3
    view.reset_mock()
    presenter.draw_next_panel()
    assert view.mock_calls == []


def test_a_cursor_marks_its_step_and_reads_the_lines_there(
    view: MagicMock,
    presenter: CurvesPresenter,
    workspace: Workspace,
    step: Callable[[int], None],
) -> None:
    for at in (1, 2, 4):
        step(at)
    draw_all(presenter)
    view.reset_mock()
    workspace.cursor = Cursor(2)
    presenter.update()
    view.set_cursor.assert_not_called()
    presenter.mark_next_panel()
    view.set_cursor.assert_called_once_with(Panel.RECALL, (2.0,))
    mark_all(presenter)
    assert view.set_cursor.call_args_list == [call(panel, (2.0,)) for panel in Panel]
    both = Reading(0, Variant.SOLID, 0.5), Reading(1, Variant.SOLID, 0.5)
    assert read(view)[Panel.LOSS] == (both, "")
    workspace.cursor = Cursor()
    view.reset_mock()
    presenter.update()
    mark_all(presenter)
    assert view.set_cursor.call_args_list == [call(panel, ()) for panel in Panel]
    assert read(view)[Panel.LOSS][0][0].value == 0.25


def test_the_pointer_reads_every_plot_where_it_is(
    view: MagicMock, presenter: CurvesPresenter, step: Callable[[int], None]
) -> None:
    for at in (1, 2, 4):
        step(at)
    draw_all(presenter)
    presenter.point(2.4)
    view.set_pointer.assert_called_once_with(2.4)
    mark_all(presenter)
    values, place = read(view)[Panel.LOSS]
    assert ([one.value for one in values], place) == ([0.5, 0.5], "step 2")
    presenter.point(None)
    mark_all(presenter)
    assert read(view)[Panel.LOSS][0][0].value == 0.25
    assert read(view)[Panel.LOSS][1] == ""


def test_another_look_draws_all_lines_anew(
    view: MagicMock,
    presenter: CurvesPresenter,
    workspace: Workspace,
    runs: tuple[FakeRecording, ...],
    step: Callable[[int], None],
) -> None:
    step(1)
    for _ in Panel:
        presenter.draw_next_panel()
    view.reset_mock()
    look = CurveLook(smoothing=0.9, hidden=frozenset({runs[0].key}))
    workspace.display = Display(curves=look)
    presenter.update()
    view.set_curve_look.assert_called_once_with(look)
    for _ in Panel:
        presenter.draw_next_panel()
    assert set(drawn(view)) == set(Panel)
    assert {curve.run for called in view.set_curves.call_args_list for curve in called.args[1]} == {
        1
    }
    workspace.display = Display(curves=CurveLook(abscissa=Abscissa.TIME))
    presenter.update()
    view.set_note.assert_any_call(Panel.LOSS, "These runs record no time.")


def test_a_number_of_an_own_loop_gets_a_plot(
    view: MagicMock, presenter: CurvesPresenter, runs: tuple[FakeRecording, ...]
) -> None:
    runs[0].add_metric("temperature", 1, 0.1)
    presenter.update()
    view.set_panels.assert_called_once_with((*Panel, "temperature"))
    for _ in range(5):
        presenter.draw_next_panel()
    assert "temperature" in drawn(view)


def test_a_plot_that_comes_back_is_drawn_again(
    view: MagicMock,
    presenter: CurvesPresenter,
    workspace: Workspace,
    runs: tuple[FakeRecording, ...],
) -> None:
    runs[0].add_metric("mean_norm", 1, 0.1)
    for visible in (True, False, True):
        view.reset_mock()
        workspace.display = Display(curves=CurveLook(diagnostics=visible))
        presenter.update()
        for _ in range(len(Panel) + 1):
            presenter.draw_next_panel()
        assert (Diagnostic.NORM in drawn(view)) == visible
    mark_all(presenter)
    assert call(Diagnostic.NORM, ()) in view.set_cursor.call_args_list


def test_seeds_that_have_no_column_have_the_colours_that_the_legend_says(
    view: MagicMock, workspace: Workspace, presenter: CurvesPresenter
) -> None:
    workspace.seeds = SeedRuns((FakeRecording("npair", key="a seed"),), 2, 2)
    presenter.update()
    entries = view.set_legend.call_args.args[0]
    view.set_places.assert_called_with(tuple(entry.place for entry in entries))
    assert len(entries) == 3
