import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from helpers_projection import Deadly, Unusable
from helpers_recording import FakeRecording, make_projection

from symmcore.projection.base import ProjectionJob, ProjectionUpdate
from symmcore.projection.worker import ProjectionWorker
from symmcore.records import Frame
from symmcore.runs.formats.info import RunStatus
from symmcore.runs.reading.groups import grouped
from symmcore.training.sink import ParentRun
from symmviz.model.retrieval.query import Split
from symmviz.model.workspace import Cursor
from symmviz.services.frames.loader import FrameLoader
from symmviz.services.projection import projections as projecting
from symmviz.services.projection.projections import Projections
from symmviz.services.projection.tasks import (
    Given,
    Shown,
    Task,
    live_job,
    next_task,
    recorded_job,
    shared_past,
)

PATIENCE = 20.0


def task(
    runs: tuple[FakeRecording, ...],
    cursor: int | None,
    done: frozenset[tuple[str, str, int]] = frozenset(),
) -> Task | None:
    return next_task(Shown(grouped(runs), "pca", Cursor(cursor)), done, frozenset())


class TestOrder:
    def run(self, *projected: int, live: bool = True, **info: Any) -> FakeRecording:
        made = FakeRecording(**info)
        made.add_frame(*range(0, 100, 10), projected=False)
        for step in projected:
            made.add_frame(step)
        made.change(status=RunStatus.TRAINING if live else RunStatus.FINISHED)
        return made

    def test_what_is_shown_comes_first(self) -> None:
        run = self.run()
        assert task((run,), 35) == Task((run,), 30)

    def test_then_the_newest_of_a_live_run(self) -> None:
        run = self.run(30)
        assert task((run,), 35) == Task((run,), 90)

    def test_then_what_is_nearest_to_the_cursor(self) -> None:
        run = self.run(30, 90)
        found = task((run,), 38)
        assert found is not None
        assert found.step == 40
        run = self.run(30, live=False)
        found = task((run,), 38)
        assert found is not None
        assert found.step == 40
        run = self.run(90, live=False)
        found = task((run,), None)
        assert found is not None
        assert found.step == 80

    def test_nothing_where_all_are_projected_or_given_up(self) -> None:
        run = self.run(*range(0, 100, 10))
        assert task((run,), 35) is None
        run = self.run(*range(0, 90, 10))
        assert task((run,), 35, frozenset({(run.key, "pca", 90)})) is None
        assert task((), None) is None
        assert task((FakeRecording(),), None) is None

    def test_runs_trained_together_are_drawn_together(self) -> None:
        runs = self.run(), self.run(key="second")
        alone = self.run(key="alone", group=None)
        assert grouped((*runs, alone)) == (runs, (alone,))
        assert task((*runs, alone), 35) == Task(runs, 30)
        runs[1].state = FakeRecording().state
        assert task(runs, 35) == Task(runs[:1], 30)


class TestMovingPoints:
    """What is projected by a method whose points move: t-SNE or UMAP."""

    def run(self, *projected: int, live: bool = True, key: str = "") -> FakeRecording:
        made = FakeRecording(key=key)
        made.add_frame(0, 10, 20, projected=False)
        made.change(
            projection_steps={"tsne": projected},
            status=RunStatus.TRAINING if live else RunStatus.FINISHED,
        )
        return made

    def next(
        self,
        run: FakeRecording,
        cursor: int | None = None,
        settled: tuple[Task, ...] = (),
        done: tuple[tuple[str, str, int], ...] = (),
    ) -> Task | None:
        shown = Shown(grouped((run,)), "tsne", Cursor(cursor), Split.TRAIN)
        return next_task(shown, frozenset(done), frozenset(settled))

    def test_the_newest_frame_of_a_training_moves_until_it_has_settled(self) -> None:
        run = self.run(0, 10, 20)
        newest = Task((run,), 20, Split.TRAIN)
        assert self.next(run) == newest
        assert self.next(run, settled=(newest,)) is None

    def test_then_frames_are_recorded_in_the_order_of_steps(self) -> None:
        run = self.run(0)
        newest = Task((run,), 20, Split.TRAIN)
        assert self.next(run, settled=(newest,)) == Task((run,), 10)
        assert self.next(run, settled=(newest,), done=((run.key, "tsne", 10),)) == Task((run,), 20)

    def test_a_frame_that_is_looked_at_moves_only_where_it_is_not_recorded(self) -> None:
        run = self.run(0, 10, live=False)
        assert self.next(run, cursor=10) == Task((run,), 20)
        assert self.next(run, cursor=25) == Task((run,), 20, Split.TRAIN)

    def test_a_recorded_frame_starts_from_the_one_before_and_never_from_a_later_one(self) -> None:
        run = self.run(10, live=False)
        run.projections[10] = make_projection(10)
        job = recorded_job(Task((run,), 0), "tsne", is_busy=True)
        assert job.starts == (None,)
        assert job.settings.splits == ("train", "test")
        assert 0.0 < job.settings.share < 1.0
        job = recorded_job(Task((run,), 20), "tsne", is_busy=False)
        assert job.starts == (run.projections[10],)
        assert job.settings.share == 1.0

    def test_points_on_the_screen_go_on_from_there_unless_a_recorded_frame_is_nearer(self) -> None:
        run = self.run(10, live=False)
        run.projections[10] = make_projection(10)
        task = Task((run,), 20, Split.TRAIN)
        drawn = make_projection(20)
        job = live_job(task, "tsne", (drawn,), 0.3, rests=True)
        assert job.starts == (drawn,)
        assert job.settings.matured == 0.3
        assert job.settings.splits == ("train",)
        assert job.settings.is_live
        far = make_projection(0)
        job = live_job(task, "tsne", (far,), 0.3, rests=False)
        assert job.starts == (run.projections[10],)
        assert job.settings.matured == 1.0

    def test_what_begins_many_frames_away_is_laid_out_as_a_first_layout_is(self) -> None:
        run = self.run(0, live=False)
        run.add_frame(*range(10, 100, 10), projected=False)
        for at, matured in ((0, 0.0), (50, 0.0), (60, 0.5)):  # 90, 40 and 30 steps away
            job = live_job(
                Task((run,), 90, Split.TEST), "tsne", (make_projection(at),), 0.5, rests=True
            )
            assert job.settings.matured == matured

    def test_a_branch_has_its_parents_coordinates_of_the_past_they_share(self) -> None:
        parent = self.run(0, live=False)
        past = ParentRun(parent.folder, parent.key, 20)
        branch = FakeRecording("npair", "branch", parent=past)
        branch.add_frame(0, 10, 30, projected=False)
        groups = ((parent,), (branch,))
        assert [step for _, _, step in shared_past(groups)] == [0, 10]
        assert list(shared_past(((branch,),))) == [], "alone it is projected as any other"
        tasks = []
        done: frozenset[Given] = frozenset()
        while (task := next_task(Shown(groups, "pca", Cursor()), done, frozenset())) is not None:
            tasks.append((task.runs[0].key, task.step))
            done |= {(run.key, "pca", task.step) for run in task.runs}
        assert [step for key, step in tasks if key == "branch"] == [30]


class Problems(list[str]):
    pass


@pytest.fixture
def problems() -> Problems:
    return Problems()


@pytest.fixture
def loader() -> Iterator[FrameLoader]:
    made = FrameLoader()
    yield made
    assert made.close(PATIENCE)


@pytest.fixture
def projections(loader: FrameLoader, problems: Problems) -> Iterator[Projections]:
    made = Projections(loader, problems.append)
    made.start()
    yield made
    made.close(PATIENCE)
    assert "symmviz-projecting" not in {thread.name for thread in threading.enumerate()}


def wait(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_every_frame_is_projected_and_stored(projections: Projections, loader: FrameLoader) -> None:
    runs = FakeRecording("npair"), FakeRecording("npair+symm")
    for run in runs:
        run.add_frame(0, 10, 20, 30, projected=False)
    projections.show(runs, "pca", Cursor(10))
    wait(lambda: all(set(run.projections) == {0, 10, 20, 30} for run in runs))
    for run in runs:
        assert loader.projection(run.key, "pca", 10) is run.projections[10]
        assert run.projections[10].explained is not None


def test_a_frame_that_cannot_be_read_is_given_up_and_the_others_go_on(
    projections: Projections, loader: FrameLoader
) -> None:
    run = FakeRecording()
    run.add_frame(0, 10, projected=False)
    run.broken.add(10)
    projections.show((run,), "pca", Cursor())
    wait(lambda: 0 in run.projections)
    assert loader.failure(run.key, 10) == "frame 10 is broken"


def test_frames_that_end_the_process_are_given_up_one_after_another(
    loader: FrameLoader, problems: Problems, monkeypatch: pytest.MonkeyPatch
) -> None:
    deadly = partial(ProjectionWorker, factory=Deadly)
    monkeypatch.setattr(projecting, "ProjectionWorker", deadly)
    run = FakeRecording()
    run.add_frame(0, 10, 20, 30, projected=False)
    made = Projections(loader, problems.append)
    made.start()
    try:
        made.show((run,), "pca", Cursor(10))
        wait(lambda: all(loader.failure(run.key, step) for step in (0, 10, 20, 30)))
    finally:
        made.close(PATIENCE)
    said = "The picture of step 10 is missing: the projection process ended."
    assert loader.failure(run.key, 10) == said
    assert len([text for text in problems if "unexpectedly" in text]) == 2  # no more processes
    assert len(problems) == 2 + 4


def test_a_method_whose_library_is_broken_is_known_with_what_it_needs(
    loader: FrameLoader, problems: Problems, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projecting, "ProjectionWorker", partial(ProjectionWorker, factory=Unusable))
    run = FakeRecording()
    run.add_frame(0, 10, projected=False)
    made = Projections(loader, problems.append)
    made.start()
    try:
        made.show((run,), "umap", Cursor())
        wait(lambda: all(loader.failure(run.key, step) for step in (0, 10)))
    finally:
        made.close(PATIENCE)
    (remedy,) = loader.unusable_methods().values()
    assert list(loader.unusable_methods()) == ["umap"]
    assert remedy.startswith("UMAP needs umap-learn")
    assert {loader.failure(run.key, step) for step in (0, 10)} == {f"{remedy}."}
    (said,) = problems  # once, not of every frame
    assert said.startswith(f"{remedy} (what is there cannot be used: wrong version).")


def test_a_rewind_goes_on_from_recorded_coordinates(projections: Projections) -> None:
    run = FakeRecording()
    run.add_frame(0, projected=False)
    projections.show((run,), "pca", Cursor())
    wait(lambda: 0 in run.projections)
    # the same embeddings at every step: what starts from there does not move
    run.add_frame(10, projected=False)
    projections.show((run,), "pca", Cursor())
    wait(lambda: 10 in run.projections)
    first, second = (run.projections[step].test.original for step in (0, 10))
    assert abs(first - second).max() < 1e-5


def test_a_method_that_does_not_exist_is_said(
    projections: Projections, loader: FrameLoader, problems: Problems
) -> None:
    run = FakeRecording()
    run.add_frame(0, projected=False)
    projections.show((run,), "nonsense", Cursor())
    wait(lambda: bool(loader.failure(run.key, 0)))
    assert "nonsense" in problems[0]


def test_points_move_on_the_screen_and_then_every_frame_is_recorded(
    projections: Projections, loader: FrameLoader
) -> None:
    pytest.importorskip("openTSNE")
    run = FakeRecording()
    run.add_frame(0, 10, projected=False)
    projections.show((run,), "tsne", Cursor(), Split.TEST)
    wait(lambda: set(run.projections) == {0, 10})
    live = loader.live(run.key, "tsne", Split.TEST)
    assert live is not None
    assert live.projection.step == 10
    assert live.projection.test.original.any()
    assert not live.projection.train.original.any()
    assert run.projections[10].train.original.any()
    assert loader.projection(run.key, "tsne", 10) is run.projections[10]


def test_points_that_settled_move_again_once_another_frame_or_method_was_shown(
    loader: FrameLoader, problems: Problems, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = FakeRecording()
    run.add_frame(0, 10, projected=False)
    made = Projections(loader, problems.append)
    moved: list[tuple[str, int]] = []

    def submit(job: ProjectionJob) -> None:
        if job.settings.is_live:
            at = replace(make_projection(job.frames[0].step), method=job.method)
            moved.append((at.method, at.step))
            made._on_update(job, ProjectionUpdate((at,)))

    def has_moved(times: int) -> bool:
        return len(moved) == times

    monkeypatch.setattr(made._worker, "start", lambda: None)
    monkeypatch.setattr(made._worker, "submit", submit)
    made.start()
    looked_at = [("tsne", 10), ("tsne", 0), ("tsne", 10), ("umap", 10)]
    for at, (method, step) in enumerate(looked_at, 1):
        made.show((run,), method, Cursor(step))
        wait(partial(has_moved, at))
    made.close(PATIENCE)
    assert moved == looked_at


def test_a_frame_that_was_asked_for_twice_keeps_its_first_coordinates(
    loader: FrameLoader, problems: Problems
) -> None:
    # of two frames that are looked at in turns, while the first answer is on its way
    run = FakeRecording()
    run.add_frame(10, projected=False)
    projections = Projections(loader, problems.append)
    asked = Task((run,), 10)
    first, second = make_projection(10, seed=1), make_projection(10, seed=2)
    jobs = [recorded_job(asked, "pca", is_busy=False) for _ in range(2)]
    for job, made in zip(jobs, (first, second), strict=True):
        projections._tasks[job] = asked
        projections._on_update(job, ProjectionUpdate((made,)))
    assert run.projections[10] is first
    projections.forget(run.key)
    projections._on_update(jobs[1], ProjectionUpdate((second,)))
    assert run.projections[10] is second
    projections.close(1.0)


def test_a_fault_in_reading_one_frame_ends_no_other(
    projections: Projections, loader: FrameLoader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    run = FakeRecording()
    run.add_frame(0, 10, projected=False)
    read = run.frame

    def frame(step: int) -> Frame:
        if step == 10:
            raise MemoryError
        return read(step)

    monkeypatch.setattr(run, "frame", frame)
    projections.show((run,), "pca", Cursor())
    wait(lambda: 0 in run.projections)
    assert loader.failure(run.key, 10) == "Not projected (MemoryError)."
