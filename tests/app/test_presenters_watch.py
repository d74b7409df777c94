from dataclasses import replace
from unittest.mock import MagicMock, call

import numpy as np
import pytest
from helpers_training import add_dataset, make_snapshot, tiny_config, tiny_dataset

from symmcore.records import EvalRecord, PlanePoints, Projection, StepRecord
from symmcore.training.sink import Environment, TrainingContext
from symmcore.training.spec import parse_spec
from symmviz.model.retrieval import Query, Split
from symmviz.presenters.display import Panel, RunTitle, Variant
from symmviz.presenters.watch import WatchPresenter, WatchView, run_title


@pytest.fixture
def view() -> MagicMock:
    return MagicMock(spec=WatchView)


@pytest.fixture
def context(monkeypatch) -> TrainingContext:
    add_dataset(monkeypatch)
    return TrainingContext(
        tiny_config("npair", "npair+symm"), Environment("cpu", 1, ()), tiny_dataset(0)
    )


@pytest.fixture
def presenter(view, context) -> WatchPresenter:
    made = WatchPresenter(view)
    made.begin(context)
    view.reset_mock()
    return made


def snapshots(step: int = 0) -> tuple:
    return make_snapshot(step, seed=1), make_snapshot(step, seed=2)


def projections(step: int = 0, size: float = 1.0, test_size: float | None = None) -> tuple:
    """Points of both runs that reach as far as ``size`` from the middle."""
    random = np.random.default_rng(step)

    def plane(count: int, reach: float) -> PlanePoints:
        points = random.uniform(-1, 1, (2, count, 2)).astype(np.float32)
        points *= reach / np.abs(points).max()
        return PlanePoints(points[0], points[1])

    test_size = size if test_size is None else test_size
    return tuple(
        Projection(step, "pca", plane(12, size), plane(9, test_size), 0.5 + run / 8)
        for run in range(2)
    )


def all_records(step: int) -> tuple:
    """Records that change every panel."""
    evaluation = EvalRecord(step, 0.91, 0.92, 0.93, 0.94, 1.0)
    return tuple(
        (run, record)
        for run in range(2)
        for record in (StepRecord(step, 1.0 / step, 0.25 if run else None, 1.0), evaluation)
    )


def drawn(view: MagicMock) -> list[Panel]:
    return [call.args[0].panel for call in view.set_curve.call_args_list]


class TestBeginning:
    def test_makes_a_column_a_run(self, view, context):
        WatchPresenter(view).begin(context)
        titles = (
            RunTitle("npair", "N-pair"),
            RunTitle("npair+symm", "Symm + N-pair"),
        )
        assert view.mock_calls == [
            call.set_runs(titles),
            call.set_note(Panel.RATIO, ""),
            call.set_shown(""),
        ]

    def test_says_that_nothing_is_mined_where_no_run_has_symm(self, view):
        WatchPresenter(view).clear((parse_spec("npair"), parse_spec("angular")))
        (panel, text), _ = view.set_note.call_args
        assert panel is Panel.RATIO
        assert "without Symm" in text

    def test_an_end_without_a_picture_is_said(self, view, presenter):
        presenter.ended()
        assert [args[1] for args, _ in view.set_caption.call_args_list] == 2 * [
            "No picture was made"
        ]
        view.reset_mock()
        presenter.set_snapshots(snapshots())
        presenter.ended()
        view.set_caption.assert_not_called()

    def test_forgets_the_training_before(self, view, presenter, context):
        presenter.add_records(all_records(1))
        presenter.set_snapshots(snapshots())
        presenter.set_projections(projections(size=5))
        presenter.select(Query(3, Split.TEST))
        presenter.begin(context)
        view.reset_mock()
        presenter.draw_next_panel()
        assert view.mock_calls == []
        presenter.set_snapshots(snapshots())
        view.set_selected.assert_called_with(None)
        view.move_points.assert_not_called()
        presenter.set_projections(projections(size=1))
        assert view.set_extent.call_args.args[0] < 2
        presenter.add_records(all_records(7))
        presenter.draw_next_panel()
        assert all(list(call.args[0].steps) == [7] for call in view.set_curve.call_args_list)

    @pytest.mark.parametrize(
        ("spec", "title"),
        [
            ("angular", "Angular"),
            ("lifted+symm", "Symm + Lifted structure"),
            ("npair+symm:rank=2,lr=0.01", "Symm + N-pair (rank=2, lr=0.01)"),
            ("npair:lr=0.01", "N-pair (lr=0.01)"),
        ],
    )
    def test_titles(self, spec, title):
        assert run_title(parse_spec(spec)) == RunTitle(spec, title)


class TestCurves:
    def test_one_panel_is_drawn_a_tick_and_none_starves(self, view, presenter):
        # Every panel changes at every tick, as in a training of many steps a second.
        shown: list[Panel] = []
        for tick in range(1, 41):
            presenter.add_records(all_records(tick))
            view.reset_mock()
            presenter.draw_next_panel()
            (panel,) = set(drawn(view))
            shown.append(panel)
        for start in range(len(shown) - len(Panel)):
            assert set(shown[start : start + len(Panel)]) == set(Panel)

    def test_a_panel_that_did_not_change_takes_no_turn(self, view, presenter):
        for step in range(1, 4):
            presenter.add_records(((0, StepRecord(step, 0.5, None, 0.1)),))
            presenter.draw_next_panel()
        assert drawn(view) == [Panel.LOSS] * 3

    def test_what_did_not_change_is_not_drawn_again(self, view, presenter):
        presenter.add_records(all_records(1))
        for _ in Panel:
            presenter.draw_next_panel()
        assert set(drawn(view)) == set(Panel)
        view.reset_mock()
        presenter.draw_next_panel()
        presenter.add_records(())
        presenter.draw_next_panel()
        assert view.mock_calls == []

    def test_lines_are_all_that_was_recorded(self, view, presenter):
        for step in range(1, 300):
            presenter.add_records(
                (
                    (0, StepRecord(step, step / 2, None, 0.1)),
                    (1, StepRecord(step, float("nan"), step / 1000, 0.1)),
                )
            )
        presenter.add_records(((1, EvalRecord(300, 0.1, 0.2, 0.3, 0.4, 1.0)),))
        for _ in Panel:
            presenter.draw_next_panel()
        lines = {
            (curve.panel, curve.run, curve.variant): (curve.steps, curve.values)
            for curve in (call.args[0] for call in view.set_curve.call_args_list)
        }
        steps = np.arange(1, 300)
        expected = {
            (Panel.LOSS, 0, Variant.SOLID): (steps, steps / 2),
            (Panel.LOSS, 1, Variant.SOLID): (steps, np.full(299, np.nan)),
            # a baseline picks nothing: no line
            (Panel.RATIO, 1, Variant.SOLID): (steps, steps / 1000),
            (Panel.RATIO, 1, Variant.DASHED): (steps, 1 - steps / 1000),
            (Panel.RECALL, 1, Variant.SOLID): ([300], [0.2]),
            (Panel.RECALL, 1, Variant.DASHED): ([300], [0.1]),
            (Panel.SYNTHETIC_RECALL, 1, Variant.SOLID): ([300], [0.4]),
            (Panel.SYNTHETIC_RECALL, 1, Variant.DASHED): ([300], [0.3]),
        }
        assert set(lines) == set(expected)
        for key, (at, values) in expected.items():
            np.testing.assert_array_equal(lines[key][0], at)
            np.testing.assert_array_equal(lines[key][1], values)


class TestPoints:
    def test_the_first_frame_says_which_points_there_are_and_only_the_first(
        self, view, presenter, context
    ):
        first = snapshots()
        presenter.set_snapshots(first)
        (cloud,) = view.set_cloud.call_args.args
        points = first[0].frame.test.points
        np.testing.assert_array_equal(cloud.samples, points.samples)
        np.testing.assert_array_equal(cloud.labels, points.labels)
        assert cloud.class_names == context.dataset.class_names
        # of 9 watched test images one has no partner; the dataset has 24
        view.set_shown.assert_called_once_with(
            "Showing 9 of 24 test images and their 8 synthetic points"
        )
        view.reset_mock()
        presenter.set_snapshots(snapshots(step=10))
        assert view.mock_calls == []

    def test_points_move_to_where_the_projection_puts_them(self, view, presenter):
        presenter.set_snapshots(snapshots())
        placed = projections(step=1230)
        presenter.set_projections(placed)
        assert [call.args[0] for call in view.move_points.call_args_list] == [0, 1]
        for run, called in enumerate(view.move_points.call_args_list):
            assert called.args[1].original is placed[run].test.original
            assert called.args[1].synthetic is placed[run].test.synthetic
        assert view.set_caption.call_args_list == [
            call(0, "PCA · step 1,230 · 50% of the variance"),
            call(1, "PCA · step 1,230 · 62% of the variance"),
        ]

    def test_a_plane_without_a_share_of_variance(self, view, presenter):
        presenter.set_snapshots(snapshots())
        presenter.set_projections(tuple(replace(p, explained=None) for p in projections(step=5)))
        assert view.set_caption.call_args_list == [call(0, "PCA · step 5"), call(1, "PCA · step 5")]

    def test_a_projection_without_a_frame_waits_for_it(self, view, presenter):
        presenter.set_projections(projections())
        assert view.mock_calls == []

    def test_the_other_split_is_shown_with_its_points_where_they_are(self, view, presenter):
        first, placed = snapshots(), projections()
        presenter.set_snapshots(first)
        presenter.set_projections(placed)
        view.reset_mock()
        presenter.set_split(Split.TRAIN)
        names = [call[0] for call in view.mock_calls]
        assert names.index("set_cloud") < names.index("move_points"), "which, then where"
        (cloud,) = view.set_cloud.call_args.args
        np.testing.assert_array_equal(cloud.samples, first[0].frame.train.points.samples)
        assert view.move_points.call_args_list[1].args[1].original is placed[1].train.original
        view.set_shown.assert_called_once_with(
            "Showing 12 of 48 training images and their 11 synthetic points"
        )
        view.reset_mock()
        presenter.set_projections(placed)
        assert view.move_points.call_args_list[0].args[1].synthetic is placed[0].train.synthetic

    def test_the_split_can_be_chosen_before_there_is_anything(self, view, presenter):
        presenter.set_split(Split.TRAIN)
        assert view.mock_calls == []
        presenter.set_snapshots(snapshots())
        assert len(view.set_cloud.call_args.args[0].samples) == 12


class TestExtent:
    def extents(self, view: MagicMock) -> list[float]:
        return [call.args[0] for call in view.set_extent.call_args_list]

    @pytest.fixture
    def sized(self, presenter):
        presenter.set_snapshots(snapshots())
        return lambda size: presenter.set_projections(projections(size=size))

    def test_holds_every_point_of_every_run_with_a_margin(self, view, presenter):
        presenter.set_snapshots(snapshots())
        one, other = projections(size=1.0)
        far = replace(other, test=replace(other.test, synthetic=other.test.synthetic * 3))
        presenter.set_projections((one, far))
        reach = np.abs(far.test.synthetic).max()
        assert reach < self.extents(view)[-1] < 1.3 * reach

    def test_does_not_breathe(self, view, sized):
        for size in (1.0, 0.95, 1.02, 0.9, 1.05, 0.85):
            sized(size)
        assert len(self.extents(view)) == 1

    def test_follows_points_out_at_once(self, view, sized):
        for size in (1.0, 1.5, 2.5):
            sized(size)
            assert self.extents(view)[-1] >= size
        assert len(self.extents(view)) == 3

    def test_follows_points_in_when_they_fill_much_less(self, view, sized):
        sized(1.0)
        sized(0.5)
        assert 0.5 <= self.extents(view)[-1] < 0.7

    def test_settles_after_it_moved(self, view, sized):
        for size in (1.0, 0.5, 0.5, 0.5):
            sized(size)
        assert len(self.extents(view)) == 2

    def test_points_in_one_place(self, view, sized):
        sized(0.0)
        assert self.extents(view)[-1] > 0

    def test_is_of_the_split_that_is_shown(self, view, presenter):
        presenter.set_snapshots(snapshots())
        presenter.set_projections(projections(size=10.0, test_size=1.0))
        assert self.extents(view)[-1] < 2
        presenter.set_split(Split.TRAIN)
        assert self.extents(view)[-1] >= 10


class TestSelection:
    # make_snapshot watches test images 1, 3, 5 ... 17 and training images 0, 2 ... 22

    def test_rings_the_images_row(self, view, presenter):
        presenter.set_snapshots(snapshots())
        presenter.select(Query(5, Split.TEST))
        view.set_selected.assert_called_with(2)
        presenter.select(None)
        view.set_selected.assert_called_with(None)

    @pytest.mark.parametrize(
        "query", [Query(4, Split.TRAIN), Query(5, Split.TRAIN), Query(19, Split.TEST)]
    )
    def test_rings_nothing_where_the_image_is_not_shown(self, view, presenter, query):
        presenter.set_snapshots(snapshots())
        presenter.select(query)
        view.set_selected.assert_called_with(None)

    def test_follows_the_split(self, view, presenter):
        presenter.set_snapshots(snapshots())
        presenter.select(Query(6, Split.TRAIN))
        presenter.set_split(Split.TRAIN)
        view.set_selected.assert_called_with(3)
        presenter.set_split(Split.TEST)
        view.set_selected.assert_called_with(None)

    def test_is_ringed_when_the_points_come(self, view, presenter):
        presenter.select(Query(7, Split.TEST))
        view.set_selected.assert_called_with(None)
        presenter.set_snapshots(snapshots())
        view.set_selected.assert_called_with(3)

    def test_a_point_is_an_image(self, presenter):
        presenter.set_snapshots(snapshots())
        assert presenter.query_at(2) == Query(5, Split.TEST)
        presenter.set_split(Split.TRAIN)
        assert presenter.query_at(2) == Query(4, Split.TRAIN)
