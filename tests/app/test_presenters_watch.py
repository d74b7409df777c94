from collections.abc import Callable
from unittest.mock import MagicMock, call

import numpy as np
import pytest
from helpers_recording import FakeLoaded, FakeRecording, make_projection

from symmviz.model.display import ColourBy, RunTitle
from symmviz.model.map.bounds import Bounds
from symmviz.model.retrieval.query import Query, Split
from symmviz.model.workspace import Cursor, Display, Workspace
from symmviz.presenters.watch import WatchPresenter, WatchView


@pytest.fixture
def view() -> MagicMock:
    return MagicMock(spec=WatchView)


@pytest.fixture
def runs() -> tuple[FakeRecording, FakeRecording]:
    return FakeRecording("npair"), FakeRecording("npair+symm")


@pytest.fixture
def loaded() -> FakeLoaded:
    return FakeLoaded()


@pytest.fixture
def workspace(runs: tuple[FakeRecording, ...]) -> Workspace:
    made = Workspace()
    made.show(runs)
    return made


@pytest.fixture
def presenter(view: MagicMock, workspace: Workspace, loaded: FakeLoaded) -> WatchPresenter:
    made = WatchPresenter(view, workspace, loaded)
    made.update()
    view.reset_mock()
    return made


def frame(
    runs: tuple[FakeRecording, ...], loaded: FakeLoaded, *steps: int, size: float = 1.0
) -> None:
    """Have all runs make these frames, and all of it in memory."""
    for run in runs:
        run.add_frame(*steps)
        loaded.load(run, *steps, size=size)


class TestBeginning:
    def test_makes_a_column_a_run(
        self, view: MagicMock, workspace: Workspace, loaded: FakeLoaded
    ) -> None:
        WatchPresenter(view, workspace, loaded).update()
        titles = RunTitle("npair", "N-pair"), RunTitle("npair+symm", "Symm + N-pair")
        assert view.mock_calls[0] == call.set_runs(titles)
        assert call.set_shown("") in view.mock_calls
        view.move_points.assert_not_called()

    def test_what_did_not_change_is_not_told_again(
        self,
        view: MagicMock,
        presenter: WatchPresenter,
        runs: tuple[FakeRecording, ...],
        loaded: FakeLoaded,
    ) -> None:
        frame(runs, loaded, 0)
        presenter.update()
        view.reset_mock()
        presenter.update()
        assert view.mock_calls == []

    def test_other_runs_begin_anew(
        self,
        view: MagicMock,
        presenter: WatchPresenter,
        runs: tuple[FakeRecording, ...],
        workspace: Workspace,
        loaded: FakeLoaded,
    ) -> None:
        frame(runs, loaded, 0, size=5.0)
        presenter.update()
        other = FakeRecording("angular")
        frame((other,), loaded, 7)
        workspace.show((other,))
        view.reset_mock()
        presenter.update()
        view.set_runs.assert_called_once_with((RunTitle("angular", "Angular"),))
        view.move_points.assert_called_once()
        assert view.set_bounds.call_args.args[0].width < 4
        workspace.prepare(("npair",))
        view.reset_mock()
        presenter.update()
        view.set_runs.assert_called_once_with((RunTitle("npair", "N-pair"),))
        view.move_points.assert_not_called()


class TestPoints:
    def test_which_points_is_said_once_and_they_move_with_each_frame(
        self,
        view: MagicMock,
        presenter: WatchPresenter,
        runs: tuple[FakeRecording, ...],
        loaded: FakeLoaded,
    ) -> None:
        for step in (0, 1_230):
            frame(runs, loaded, step)
            presenter.update()
        assert [called.args[0] for called in view.set_cloud.call_args_list] == [0, 1]
        assert [called.args[0] for called in view.move_points.call_args_list] == [0, 1, 0, 1]
        moved = view.move_points.call_args_list[3].args[1]
        assert moved.original is loaded.known["npair+symm", "pca", 1_230].test.original
        assert view.set_caption.call_args == call(1, "PCA · step 1,230 · 50% of the variance")
        # of 9 watched test images one has no partner; the dataset has 24
        view.set_shown.assert_called_once_with(
            "Showing 9 of 24 test images (3 classes) and their 8 synthetic points"
        )

    def test_a_rewind_moves_them_back_and_waits_for_what_is_read(
        self,
        view: MagicMock,
        presenter: WatchPresenter,
        runs: tuple[FakeRecording, ...],
        loaded: FakeLoaded,
        workspace: Workspace,
    ) -> None:
        frame(runs, loaded, 0, 10)
        presenter.update()
        view.reset_mock()
        back = loaded.known.pop(("npair", "pca", 0))
        workspace.cursor = Cursor(3)
        presenter.update()
        assert [called.args[0] for called in view.move_points.call_args_list] == [1]
        assert [called.args[0] for called in view.set_caption.call_args_list] == [1]
        loaded.known["npair", "pca", 0] = back
        presenter.update()
        assert view.move_points.call_args.args[0] == 0
        assert view.move_points.call_args.args[1].original is back.test.original

    def test_a_run_that_had_no_frame_then_is_emptied_and_filled_again(
        self,
        view: MagicMock,
        presenter: WatchPresenter,
        runs: tuple[FakeRecording, ...],
        loaded: FakeLoaded,
        workspace: Workspace,
    ) -> None:
        frame(runs[:1], loaded, 0, 20)
        frame(runs[1:], loaded, 20)
        presenter.update()
        workspace.cursor = Cursor(5)
        view.reset_mock()
        presenter.update()
        view.set_cloud.assert_called_once_with(1, None)
        view.set_caption.assert_called_with(1, "No frame up to step 5")
        workspace.cursor = Cursor()
        view.reset_mock()
        presenter.update()
        assert view.set_cloud.call_args.args[0] == 1
        assert 1 in [called.args[0] for called in view.move_points.call_args_list]

    def test_the_other_split_is_shown_with_its_points_where_they_are(
        self,
        view: MagicMock,
        presenter: WatchPresenter,
        runs: tuple[FakeRecording, ...],
        loaded: FakeLoaded,
        workspace: Workspace,
    ) -> None:
        frame(runs, loaded, 0)
        presenter.update()
        view.reset_mock()
        workspace.display = Display(Split.TRAIN)
        presenter.update()
        names = [called[0] for called in view.mock_calls]
        assert names.index("set_cloud") < names.index("move_points"), "which, then where"
        assert len(view.set_cloud.call_args.args[1].samples) == 12
        moved = view.move_points.call_args_list[1].args[1]
        assert moved.original is loaded.known["npair+symm", "pca", 0].train.original

    def test_looks_are_told(
        self, view: MagicMock, presenter: WatchPresenter, workspace: Workspace
    ) -> None:
        workspace.display = Display(colour_by=ColourBy.CLASS, synthetic_visible=False)
        presenter.update()
        view.set_look.assert_called_once_with(
            Split.TEST, ColourBy.CLASS, synthetic_visible=False, pairs_visible=False
        )


class TestBounds:
    def bounds(self, view: MagicMock) -> list[Bounds]:
        return [called.args[0] for called in view.set_bounds.call_args_list]

    @pytest.fixture
    def sized(
        self, presenter: WatchPresenter, runs: tuple[FakeRecording, ...], loaded: FakeLoaded
    ) -> Callable[[float], None]:
        step = 0

        def show(size: float) -> None:
            nonlocal step
            frame(runs, loaded, step, size=size)
            step += 10
            presenter.update()

        return show

    def test_does_not_breathe(self, view: MagicMock, sized: Callable[[float], None]) -> None:
        for size in (1.0, 0.95, 1.02, 0.9, 1.05, 0.85):
            sized(size)
        assert len(self.bounds(view)) <= 2

    def test_follows_points_out_at_once(
        self, view: MagicMock, sized: Callable[[float], None]
    ) -> None:
        for size in (1.0, 1.5, 2.5):
            sized(size)
            assert self.bounds(view)[-1].height >= 1.8 * size
        assert len(self.bounds(view)) == 3

    def test_follows_points_in_when_they_fill_much_less(
        self, view: MagicMock, sized: Callable[[float], None]
    ) -> None:
        sized(1.0)
        sized(0.3)
        assert self.bounds(view)[-1].width < 1.4

    def test_holds_every_point_of_every_run_with_a_margin(
        self,
        view: MagicMock,
        presenter: WatchPresenter,
        runs: tuple[FakeRecording, ...],
        loaded: FakeLoaded,
    ) -> None:
        frame(runs, loaded, 0)
        loaded.known["npair+symm", "pca", 0] = make_projection(0, size=3.0)
        presenter.update()
        shown = loaded.known["npair+symm", "pca", 0].test
        points = np.concatenate([shown.original, shown.synthetic])
        (left, bottom), (right, top) = points.min(axis=0), points.max(axis=0)
        bounds = self.bounds(view)[-1]
        assert bounds.covers(Bounds(left, right, bottom, top))
        side = max(right - left, top - bottom)
        assert max(bounds.width, bounds.height) < 1.3 * side

    def test_points_in_one_place(self, view: MagicMock, sized: Callable[[float], None]) -> None:
        sized(0.0)
        assert self.bounds(view)[-1].width > 0
        assert self.bounds(view)[-1].height > 0


class TestSelection:
    # make_snapshot watches test images 1, 3, 5 ... 17 and training images 0, 2 ... 22

    def test_rings_the_images_row_in_every_column(
        self,
        view: MagicMock,
        presenter: WatchPresenter,
        runs: tuple[FakeRecording, ...],
        loaded: FakeLoaded,
        workspace: Workspace,
    ) -> None:
        frame(runs, loaded, 0)
        presenter.update()
        workspace.select(runs[0], Query(5, Split.TEST))
        presenter.update()
        assert view.set_selected.call_args_list[-2:] == [call(0, 2), call(1, 2)]
        assert "Test image 5 · class" in view.set_selection.call_args.args[0]
        workspace.display = Display(Split.TRAIN)
        presenter.update()
        assert view.set_selected.call_args_list[-2:] == [call(0, None), call(1, None)]
