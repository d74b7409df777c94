import math
from collections.abc import Callable
from dataclasses import replace

import pytest
from helpers_recording import FakeLoaded, FakeRecording, make_projection

from symmcore.records import MapQuality
from symmcore.runs.formats.info import RunStatus
from symmcore.training.sink import ParentRun
from symmviz.model.display import RunTitle
from symmviz.model.loaded import LivePicture
from symmviz.model.resolve import (
    SearchTarget,
    image_at,
    retrieve,
    search_targets,
    shown_step,
    steps_wanted,
    timeline,
    watch,
)
from symmviz.model.resolve.watch import trust
from symmviz.model.retrieval.query import Neighbour, Query, RunNeighbours, Split
from symmviz.model.runs.titles import named_title, run_titles
from symmviz.model.workspace import Cursor, Display, Workspace

QUERY = Query(3, Split.TEST)


@pytest.fixture
def runs() -> tuple[FakeRecording, FakeRecording]:
    made = FakeRecording("npair"), FakeRecording("npair+symm")
    for run in made:
        run.add_frame(0, 10, 20)
    return made


@pytest.fixture
def loaded(runs: tuple[FakeRecording, ...]) -> FakeLoaded:
    made = FakeLoaded()
    for run in runs:
        made.load(run, 0, 10, 20)
    return made


@pytest.fixture
def workspace(runs: tuple[FakeRecording, ...]) -> Workspace:
    made = Workspace()
    made.show(runs)
    return made


class TestTime:
    @pytest.mark.parametrize(("cursor", "step"), [(None, 20), (25, 20), (20, 20), (19, 10), (0, 0)])
    def test_a_run_shows_its_newest_frame_at_or_before_the_cursor(
        self, runs: tuple[FakeRecording, ...], cursor: int | None, step: int
    ) -> None:
        assert shown_step(runs[0], Cursor(cursor)) == step

    def test_a_run_without_a_frame_by_then_shows_none(self) -> None:
        run = FakeRecording()
        assert shown_step(run, Cursor()) is None
        run.add_frame(10)
        assert shown_step(run, Cursor(9)) is None

    def test_the_timeline_is_that_of_all_runs_together(
        self, runs: tuple[FakeRecording, ...]
    ) -> None:
        runs[1].add_frame(15)
        runs[1].change(checkpoint_steps=(0, 15), last_step=23, status=RunStatus.FINISHED)
        branch = FakeRecording("angular", parent=ParentRun(runs[0].folder, "npair", 10))
        state = timeline((*runs, branch), Cursor())
        assert (state.frames, state.checkpoints, state.branches) == (
            (0, 10, 15, 20),
            (0, 15),
            (10,),
        )
        assert (state.first, state.last, state.cursor, state.planned) == (0, 23, 23, 100)
        assert state.following
        assert state.live
        assert timeline(runs, Cursor(12)).cursor == 12
        assert not timeline(runs[1:], Cursor(12)).live
        assert timeline((), Cursor()).frames == ()

    def test_frames_ahead_of_the_cursor_are_wanted_first(self) -> None:
        run = FakeRecording()
        run.add_frame(*range(0, 200, 10))
        on = steps_wanted(run.state, Cursor(100), 1)
        back = steps_wanted(run.state, Cursor(100), -1)
        assert on[:3] == (100, 110, 120)
        assert back[:3] == (100, 90, 80)
        assert {90} < set(on)
        assert steps_wanted(run.state, Cursor(), 1) == (190,)
        assert steps_wanted(FakeRecording().state, Cursor(), 1) == ()
        run.state = FakeRecording().state
        run.add_frame(50)
        assert steps_wanted(run.state, Cursor(10), 1) == (50,)


class TestWatch:
    def test_following_shows_the_newest_frame_of_each_run(
        self, workspace: Workspace, loaded: FakeLoaded, runs: tuple[FakeRecording, ...]
    ) -> None:
        state = watch(workspace, loaded)
        assert state.titles == (
            RunTitle("npair", "N-pair"),
            RunTitle("npair+symm", "Symm + N-pair"),
        )
        for run, column in zip(runs, state.columns, strict=True):
            projection = loaded.known[run.key, "pca", 20]
            assert column.positions is not None
            assert column.positions.original is projection.test.original
            assert column.positions.synthetic is projection.test.synthetic
            assert column.caption is not None
            assert "step 20 " in column.caption
        assert "Showing 9 of 24 test images (3 classes) and their 8 synthetic points" in state.shown

    def test_a_cursor_shows_each_run_at_that_step(
        self, workspace: Workspace, loaded: FakeLoaded, runs: tuple[FakeRecording, ...]
    ) -> None:
        runs[1].add_frame(12)
        loaded.load(runs[1], 12)
        workspace.cursor = Cursor(13)
        captions = [column.caption for column in watch(workspace, loaded).columns]
        assert "step 10 " in str(captions[0])
        assert "step 12 " in str(captions[1])

    def test_what_is_being_read_leaves_what_is_shown(
        self, workspace: Workspace, loaded: FakeLoaded
    ) -> None:
        workspace.cursor = Cursor(10)
        del loaded.known["npair", "pca", 10]
        column = watch(workspace, loaded).columns[0]
        assert column.cloud is not None
        assert (column.positions, column.caption) == (None, None)

    def test_while_following_the_newest_that_is_projected_is_shown(
        self, workspace: Workspace, loaded: FakeLoaded
    ) -> None:
        del loaded.known["npair", "pca", 20]
        assert "step 10 " in str(watch(workspace, loaded).columns[0].caption)

    def test_points_that_move_are_shown_where_they_are(
        self, workspace: Workspace, loaded: FakeLoaded
    ) -> None:
        moving = make_projection(20, seed=5)
        loaded.moving["npair", "pca", Split.TEST] = LivePicture(moving, "loading")
        column = watch(workspace, loaded).columns[0]
        assert column.positions is not None
        assert column.positions.original is moving.test.original
        assert column.caption == "PCA · step 20 · loading"
        # those of another step do not stand for what is recorded
        workspace.cursor = Cursor(10)
        column = watch(workspace, loaded).columns[0]
        assert column.positions is not None
        assert column.positions.original is loaded.known["npair", "pca", 10].test.original

    def test_how_far_a_map_can_be_trusted_is_said(
        self, workspace: Workspace, loaded: FakeLoaded
    ) -> None:
        assert watch(workspace, loaded).columns[0].trust == ""
        known = loaded.known["npair", "pca", 20]
        quality = MapQuality(0.891, 0.9, 0.66, 0.524, 0.813)
        measured = replace(known, test=replace(known.test, quality=quality))
        loaded.known["npair", "pca", 20] = measured
        assert watch(workspace, loaded).columns[0].trust == (
            "Recall@1 52 in the map, 66 in the embedding · trustworthiness 0.89"
        ), "of PCA all motion is the embedding's"
        assert trust(measured.test, "tsne").endswith(" · trustworthiness 0.89 · 81% true motion")
        nothing = MapQuality(math.nan, math.nan, math.nan, math.nan)
        measured = replace(known, test=replace(known.test, quality=nothing))
        loaded.known["npair", "pca", 20] = measured
        assert watch(workspace, loaded).columns[0].trust == ""

    def test_while_following_points_move_on_until_the_newest_frame_has_a_picture(
        self, workspace: Workspace, loaded: FakeLoaded, runs: tuple[FakeRecording, ...]
    ) -> None:
        moving = make_projection(20, seed=5)
        loaded.moving["npair", "pca", Split.TEST] = LivePicture(moving, "")
        runs[0].add_frame(30, projected=False)
        assert watch(workspace, loaded).columns[0].positions is not None
        assert "step 20 " in str(watch(workspace, loaded).columns[0].caption)

    def test_the_other_split(self, workspace: Workspace, loaded: FakeLoaded) -> None:
        workspace.display = Display(Split.TRAIN, synthetic_visible=False)
        state = watch(workspace, loaded)
        assert state.columns[0].positions is not None
        assert len(state.columns[0].positions.original) == 12
        assert (
            "12 of 48 training images (3 classes); their 11 synthetic points are hidden"
            in state.shown
        )

    def test_a_selected_image_is_ringed_in_every_run_that_shows_it(
        self, workspace: Workspace, loaded: FakeLoaded, runs: tuple[FakeRecording, ...]
    ) -> None:
        image = image_at(workspace, loaded, 1, 4)
        assert image is not None
        workspace.select(*image)
        assert [column.selected for column in watch(workspace, loaded).columns] == [4, 4]
        said = watch(workspace, loaded).selection
        assert "Test image" in said
        assert "map" not in said
        workspace.select(image[0], Query(9_999, image[1].split))  # one of many that are searched
        said = watch(workspace, loaded).selection
        assert said == "Test image 9999 · not among the watched images, so not on the map"
        workspace.select(*image)
        other = FakeRecording("angular", fingerprint="other")
        other.add_frame(0)
        loaded.load(other, 0)
        workspace.show((*runs, other))
        assert [column.selected for column in watch(workspace, loaded).columns] == [4, 4, None]
        workspace.display = Display(Split.TRAIN)
        assert watch(workspace, loaded).columns[0].selected is None
        assert image_at(workspace, loaded, 1, 99) is None
        assert image_at(workspace, loaded, 7, 0) is None

    def test_what_cannot_be_shown_says_why(self, workspace: Workspace) -> None:
        loaded = FakeLoaded()
        loaded.failures["npair", 20] = "frame 20 is broken"
        assert watch(workspace, loaded).columns[0].caption == "frame 20 is broken"
        run = FakeRecording()
        run.add_frame(50)
        workspace.show((run,))
        workspace.cursor = Cursor(10)
        assert watch(workspace, loaded).columns[0].caption == "No frame up to step 10"
        run = FakeRecording()
        workspace.show((run,))
        assert watch(workspace, loaded).columns[0].caption is None
        run.change(status=RunStatus.STOPPED)
        assert watch(workspace, loaded).columns[0].caption == "No picture was made"
        run.change(status=RunStatus.DIVERGED, last_step=3)
        assert watch(workspace, loaded).columns[0].caption == "Diverged at step 3"

    def test_a_run_that_diverged_says_so_from_that_step_on(
        self, workspace: Workspace, loaded: FakeLoaded, runs: tuple[FakeRecording, ...]
    ) -> None:
        runs[1].change(status=RunStatus.DIVERGED, last_step=22)
        runs[0].add_frame(30)
        loaded.load(runs[0], 30)
        for step in (None, 25, 22):
            workspace.cursor = Cursor(step)
            captions = [str(column.caption) for column in watch(workspace, loaded).columns]
            assert "Diverged" not in captions[0]
            assert captions[1] == "PCA · step 20 · Diverged at step 22"
        workspace.cursor = Cursor(21)
        assert "Diverged" not in str(watch(workspace, loaded).columns[1].caption)

    def test_a_training_being_prepared_has_empty_columns(self) -> None:
        workspace = Workspace()
        workspace.prepare(("npair", "npair+symm:rank=2"))
        state = watch(workspace, FakeLoaded())
        assert [title.title for title in state.titles] == ["N-pair", "Symm + N-pair (rank=2)"]
        assert [column.caption for column in state.columns] == [None, None]
        workspace.nothing_comes()
        captions = [column.caption for column in watch(workspace, FakeLoaded()).columns]
        assert captions == ["No picture was made"] * 2


def found_at(*steps: int) -> Callable[[SearchTarget], RunNeighbours | None]:
    """Searches that have been made at these steps; each finds two images."""

    def found(target: SearchTarget) -> RunNeighbours | None:
        if target.step not in steps:
            return None
        neighbours = Neighbour(7, 1, 0.9, True), Neighbour(9, 2, 0.5, False)
        return RunNeighbours(target.step, 23, neighbours, first_right=1)

    return found


class TestRetrieve:
    def test_without_a_query_it_says_what_to_do(
        self, workspace: Workspace, loaded: FakeLoaded
    ) -> None:
        assert "Click an image" in retrieve(workspace, loaded, found_at()).caption
        nothing = retrieve(workspace, FakeLoaded(), found_at())
        assert nothing.card is None
        assert "Nothing to search yet" in nothing.caption
        assert search_targets(workspace) == ()

    def test_neighbours_are_those_of_the_step_that_is_shown(
        self, workspace: Workspace, loaded: FakeLoaded, runs: tuple[FakeRecording, ...]
    ) -> None:
        sample = int(loaded.known_galleries["npair"].samples[3])
        workspace.select(runs[0], Query(sample, Split.TEST))
        workspace.cursor = Cursor(12)
        targets = search_targets(workspace)
        assert [(target.key, target.step) for target in targets] == [
            ("npair", 10),
            ("npair+symm", 10),
        ]
        state = retrieve(workspace, loaded, found_at(10))
        assert state.rows is not None
        assert [row.caption for row in state.rows] == [
            "step 10 · first right at rank 1 · 1 of 2 right · searched 23 other test images"
        ] * 2
        assert state.rows[1].cards[0].picture.run == "npair+symm"
        assert state.card is not None
        assert state.card.class_name
        assert retrieve(workspace, loaded, found_at(0, 20)).rows is None
        for run in runs:  # watched more often than evaluated
            run.change(gallery_steps=(0, 20))
        state = retrieve(workspace, loaded, found_at(0))
        assert state.rows is not None
        assert state.rows[0].caption.startswith("step 0 (last evaluated) · first right at rank 1")

    def test_while_following_the_newest_search_is_shown(
        self, workspace: Workspace, loaded: FakeLoaded, runs: tuple[FakeRecording, ...]
    ) -> None:
        workspace.select(runs[0], QUERY)
        assert search_targets(workspace)[0].step == 20
        rows = retrieve(workspace, loaded, found_at(0, 10)).rows
        assert rows is not None
        assert "step 10 " in rows[0].caption

    def test_a_training_image_is_searched_in_the_frame(
        self, workspace: Workspace, runs: tuple[FakeRecording, ...]
    ) -> None:
        for run in runs:
            run.change(gallery_steps=(0,))
        workspace.select(runs[0], Query(3, Split.TRAIN))
        assert search_targets(workspace)[0].step == 20
        workspace.select(runs[0], QUERY)
        assert search_targets(workspace)[0].step == 0

    def test_a_run_on_other_images_says_so(
        self, workspace: Workspace, loaded: FakeLoaded, runs: tuple[FakeRecording, ...]
    ) -> None:
        other = FakeRecording("angular", fingerprint="other")
        other.add_frame(0)
        workspace.show((runs[0], other))
        workspace.select(runs[0], QUERY)
        rows = retrieve(workspace, loaded, found_at(20)).rows
        assert rows is not None
        assert len(rows[0].cards) == 2
        assert "other images" in rows[1].caption
        assert len(search_targets(workspace)) == 1


class TestTitles:
    @pytest.mark.parametrize(
        ("spec", "title"),
        [
            ("angular", "Angular"),
            ("lifted+symm", "Symm + Lifted structure"),
            ("npair+symm:rank=2,lr=0.01", "Symm + N-pair (rank=2, lr=0.01)"),
            ("npair:lr=0.01", "N-pair (lr=0.01)"),
            ("my own loop", "my own loop"),
        ],
    )
    def test_of_a_spec(self, spec: str, title: str) -> None:
        assert named_title(spec) == RunTitle(spec, title)

    def test_alike_ones_say_what_differs(self) -> None:
        parent = FakeRecording("npair", "a")
        branch = FakeRecording("npair", "b", parent=ParentRun(parent.folder, "a", 30))
        seeds = [FakeRecording("npair", key, seed=seed) for key, seed in (("c", 1), ("d", 2))]
        same = [FakeRecording("npair", key) for key in ("e", "f")]

        def titles(*runs: FakeRecording) -> list[str]:
            return [title.title for title in run_titles(tuple(run.info for run in runs))]

        assert titles(parent, branch) == ["N-pair", "N-pair · from step 30"]
        assert titles(*seeds) == ["N-pair · seed 1", "N-pair · seed 2"]
        assert titles(*same) == ["N-pair · e", "N-pair · f"]
