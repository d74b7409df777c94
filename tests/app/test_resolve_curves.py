"""The lines of the plots, as pure functions of what is recorded."""

import dataclasses

import numpy as np
import pytest
from helpers_recording import FakeRecording

from symmcore.runs.formats.info import RunStatus
from symmcore.training.config import TrainingConfig
from symmcore.training.spec import parse_spec
from symmviz.model.curve import Abscissa, CurveLook, Diagnostic, Panel, PaperLine, Reading, Variant
from symmviz.model.resolve import (
    cursor_places,
    curve_legend,
    curve_note,
    curves,
    drawn_from,
    has_seeds,
    panels,
    paper_lines,
    readings,
    step_at,
)
from symmviz.model.workspace import Display, Workspace

PLAIN = CurveLook()
TIME = CurveLook(abscissa=Abscissa.TIME)
EPOCH = CurveLook(abscissa=Abscissa.EPOCH)
BANDS = CurveLook(bands=True)


@pytest.fixture
def runs() -> tuple[FakeRecording, FakeRecording]:
    return FakeRecording("npair"), FakeRecording("npair+symm")


def seeded(seed: int, spec: str = "npair", batch_size: int = 64) -> FakeRecording:
    config = TrainingConfig(specs=(parse_spec(spec),), seed=seed, batch_size=batch_size)
    key = f"{spec}-{seed}-{batch_size}"
    run = FakeRecording(spec, key, seed=seed, config=config, train_count=64)
    run.change(status=RunStatus.FINISHED)
    return run


class TestLines:
    def test_each_metric_is_a_line_of_its_panel(self, runs: tuple[FakeRecording, ...]) -> None:
        for step in (1, 2):
            for run in runs:
                run.add_metric("loss", step, 1.0 / step)
            runs[0].add_metric("synthetic_ratio", step, np.nan)
            runs[1].add_metric("synthetic_ratio", step, 0.25)
        runs[1].add_metric("test_recall_at_1", 2, 0.9)
        runs[1].add_metric("test_nmi", 2, 0.9)
        assert panels(runs, PLAIN) == tuple(Panel)
        drawn = {
            (curve.run, curve.variant): list(curve.values)
            for curve in curves(runs, Panel.LOSS, PLAIN)
        }
        assert drawn == {(0, Variant.SOLID): [1.0, 0.5], (1, Variant.SOLID): [1.0, 0.5]}
        ratio = {
            (one.run, one.variant): list(one.values) for one in curves(runs, Panel.RATIO, PLAIN)
        }
        assert ratio == {(1, Variant.SOLID): [0.25, 0.25], (1, Variant.DASHED): [0.75, 0.75]}
        assert [one.run for one in curves(runs, Panel.RECALL, PLAIN)] == [1]

    def test_any_number_that_an_own_loop_records_is_a_plot(self) -> None:
        run = FakeRecording(settings={"recorded_by": "own loop"})
        run.add_metric("learning_rate", 1, 0.1)
        assert panels((run,), PLAIN) == (*Panel, "learning_rate")
        trained = FakeRecording()
        trained.add_metric("learning_rate", 1, 0.1)
        assert panels((trained,), PLAIN) == tuple(Panel)
        (curve,) = curves((run,), "learning_rate", PLAIN)
        assert (list(curve.places), list(curve.values)) == ([1.0], [0.1])

    def test_what_tells_of_a_collapse_is_plotted_on_request(self) -> None:
        run = FakeRecording("triplet")
        for name in ("loss", "trivial_loss", "within_cosine", "between_cosine", "learning_rate"):
            run.add_metric(name, 1, 0.5)
        run.add_metric("test_effective_rank", 0, 17.0)
        wanted = CurveLook(diagnostics=True)
        assert panels((run,), PLAIN) == tuple(Panel)
        assert panels((run,), wanted) == (
            *Panel,
            Diagnostic.TRIVIAL,
            Diagnostic.COSINES,
            Diagnostic.RANK,
        )
        both = [curve.variant for curve in curves((run,), Diagnostic.COSINES, wanted)]
        assert both == [Variant.SOLID, Variant.DASHED]
        read = readings(curves((run,), Diagnostic.RANK, wanted), None)
        assert read == (Reading(0, Variant.SOLID, 17.0),)

    def test_a_hidden_run_leaves_the_others_as_they_are(
        self, runs: tuple[FakeRecording, ...]
    ) -> None:
        for run in runs:
            run.add_metric("loss", 1, 0.5)
        hidden = CurveLook(hidden=frozenset({runs[0].key}))
        (curve,) = curves(runs, Panel.LOSS, hidden)
        assert curve.run == 1, "its colour stays"
        assert [one.run for one in readings(curves(runs, Panel.LOSS, hidden), None)] == [1]
        assert [entry.hidden for entry in curve_legend(runs, (), hidden)] == [True, False]
        assert drawn_from(runs, Panel.LOSS, hidden) != drawn_from(runs, Panel.LOSS, PLAIN)

    def test_smoothing_is_beside_the_values(self, runs: tuple[FakeRecording, ...]) -> None:
        for step, value in ((1, 0.0), (2, 1.0)):
            runs[0].add_metric("loss", step, value)
        (curve,) = curves(runs, Panel.LOSS, CurveLook(smoothing=0.6))
        assert list(curve.values) == [0.0, 1.0]
        assert curve.smoothed is not None
        np.testing.assert_allclose(curve.smoothed, [0.0, 1 / 1.6])
        assert curves(runs, Panel.LOSS, PLAIN)[0].smoothed is None

    def test_the_papers_number_is_shown_where_it_applies(self) -> None:
        bird = FakeRecording("npair", dataset="cub200:/data/CUB_200_2011")
        other = FakeRecording("npair+symm:alpha=3", "other", dataset="cub200:/data")
        (line,) = paper_lines((other, bird), Panel.RECALL, PLAIN)
        assert line == PaperLine(1, 0.519)
        assert paper_lines((bird,), Panel.LOSS, PLAIN) == ()
        assert paper_lines((FakeRecording("npair"),), Panel.RECALL, PLAIN) == ()


class TestAbscissa:
    def test_time_is_that_of_each_run(self, runs: tuple[FakeRecording, ...]) -> None:
        for run, pace in zip(runs, (1.0, 3.0), strict=True):
            for step in (1, 2, 3, 4):
                run.add_metric("loss", step, float(step))
                run.add_metric("seconds", step, pace * step)
            run.add_metric("test_recall_at_1", 2, 0.5)
        fast, slow = curves(runs, Panel.LOSS, TIME)
        assert list(fast.places) == [1, 2, 3, 4]
        assert list(slow.places) == [3, 6, 9, 12]
        assert [list(one.places) for one in curves(runs, Panel.RECALL, TIME)] == [[2], [6]]
        assert cursor_places(runs, TIME, 2) == (2.0, 6.0)
        assert cursor_places(runs, TIME, None) == ()
        assert readings(curves(runs, Panel.LOSS, TIME), 6.5) == (
            Reading(0, Variant.SOLID, 4.0),
            Reading(1, Variant.SOLID, 2.0),
        )
        assert step_at(runs, TIME, 3.5) == 3

    def test_an_epoch_is_all_training_images(self) -> None:
        run = seeded(0, batch_size=32)
        run.add_metric("loss", 5, 1.0)
        (curve,) = curves((run,), Panel.LOSS, EPOCH)
        assert list(curve.places) == [2.5]
        assert cursor_places((run,), EPOCH, 4) == (2.0,)

    def test_what_a_run_does_not_tell_is_said(self) -> None:
        run = FakeRecording("npair+symm")
        run.add_metric("loss", 1, 1.0)
        assert curves((run,), Panel.LOSS, TIME) == ()
        workspace = Workspace()
        workspace.show((run,))
        assert curve_note(workspace, Panel.LOSS) == ""
        for look, word in ((TIME, "time"), (EPOCH, "epoch")):
            workspace.display = Display(curves=look)
            assert word in curve_note(workspace, Panel.LOSS)

    def test_a_run_without_symm_picks_nothing(self) -> None:
        workspace = Workspace()
        workspace.prepare(("npair", "angular"))
        assert "without Symm" in curve_note(workspace, Panel.RATIO)
        workspace.prepare(("npair", "npair+symm"))
        assert curve_note(workspace, Panel.RATIO) == ""


class TestReadings:
    def test_are_those_at_the_place(self, runs: tuple[FakeRecording, ...]) -> None:
        for step in (1, 2, 3):
            runs[1].add_metric("synthetic_ratio", step, step / 4)
        read = readings(curves(runs, Panel.RATIO, PLAIN), 2)
        assert read == (Reading(1, Variant.SOLID, 0.5), Reading(1, Variant.DASHED, 0.5))
        assert readings(curves(runs, Panel.RATIO, PLAIN), None)[0].value == 0.75
        assert readings(curves(runs, Panel.RATIO, PLAIN), 0) == ()


class TestSeeds:
    def test_the_mean_is_taken_where_all_seeds_are(self) -> None:
        runs = (seeded(0), seeded(1), seeded(0, "npair+symm"))
        for run, shift in zip(runs, (0.0, 2.0, 9.0), strict=True):
            for step in (1, 2, 3):
                if (run, step) != (runs[0], 2):
                    run.add_metric("loss", step, step + shift)
        mean, alone = curves(runs, Panel.LOSS, BANDS)
        assert (mean.run, list(mean.places), list(mean.values)) == (0, [1, 3], [2, 4])
        assert mean.spread is not None
        np.testing.assert_allclose(mean.spread, np.std([1, 3], ddof=1))
        assert (alone.run, alone.spread) == (2, None)
        entries = curve_legend(runs, (), BANDS)
        assert [entry.keys for entry in entries] == [(runs[0].key, runs[1].key), (runs[2].key,)]
        assert "mean of 2 seeds" in entries[0].title
        assert has_seeds(runs)
        assert not has_seeds(runs[1:])

    def test_hiding_one_seed_leaves_it_out_of_the_mean(self) -> None:
        runs = tuple(seeded(seed) for seed in (0, 1, 2))
        for at, run in enumerate(runs):
            run.add_metric("loss", 1, float(at))
        look = dataclasses.replace(BANDS, hidden=frozenset({runs[0].key}))
        (mean,) = curves(runs, Panel.LOSS, look)
        assert (mean.run, list(mean.values)) == (1, [1.5])

    def test_a_seed_that_trains_is_a_line_beside_the_mean(self) -> None:
        runs = tuple(seeded(seed) for seed in (0, 1, 2))
        for at, run in enumerate(runs):
            run.add_metric("loss", 1, float(at))
        runs[0].change(status=RunStatus.TRAINING)
        before = drawn_from(runs, Panel.LOSS, BANDS)
        alone, mean = curves(runs, Panel.LOSS, BANDS)
        assert (alone.run, list(alone.values), alone.spread) == (0, [0.0], None)
        assert (mean.run, list(mean.values)) == (1, [1.5])
        runs[0].change(status=RunStatus.FINISHED)
        assert drawn_from(runs, Panel.LOSS, BANDS) != before
        (mean,) = curves(runs, Panel.LOSS, BANDS)
        assert (mean.run, list(mean.values)) == (0, [1.0])

    def test_other_settings_are_no_seeds(self) -> None:
        assert not has_seeds((seeded(0), seeded(1, batch_size=32)))

    @pytest.mark.parametrize(("eval_every", "alike"), [(30, True), (20, False)])
    def test_a_seed_that_was_resumed_with_what_was_resolved_is_one(
        self, eval_every: int, alike: bool
    ) -> None:
        chosen = TrainingConfig(specs=(parse_spec("npair"),), seed=0)
        resolved = dataclasses.replace(chosen, eval_every=30, device="cpu")
        again = dataclasses.replace(resolved, seed=1, eval_every=eval_every)
        one = FakeRecording(key="a", seed=0, config=chosen, resolved=resolved)
        resumed = FakeRecording(key="b", seed=1, config=again, resolved=again)
        assert has_seeds((one, resumed)) == alike

    def test_runs_without_settings_are_no_seeds(self) -> None:
        assert not has_seeds((FakeRecording(), FakeRecording(key="b")))
