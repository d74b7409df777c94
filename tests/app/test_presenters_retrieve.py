from unittest.mock import MagicMock

import pytest
from helpers_recording import FakeLoaded, FakeRecording

from symmviz.model.display import NeighbourRow, PictureId
from symmviz.model.resolve import SearchTarget
from symmviz.model.retrieval.query import Neighbour, Query, RunNeighbours, Split
from symmviz.model.workspace import Cursor, Workspace
from symmviz.presenters.retrieve import RetrievePresenter, RetrieveView

QUERY = Query(5, Split.TEST)


class Found(dict[SearchTarget, RunNeighbours | str]):
    """What searches have found so far."""

    def find(self, *steps: int, similarity: float = 0.5) -> None:
        for key in ("npair", "npair+symm"):
            for step in steps:
                neighbours = Neighbour(3, 0, similarity, True), Neighbour(70, 3, 0.25, False)
                self[SearchTarget(key, step, QUERY)] = RunNeighbours(step, 23, neighbours)


@pytest.fixture
def view() -> MagicMock:
    return MagicMock(spec=RetrieveView)


@pytest.fixture
def runs() -> tuple[FakeRecording, FakeRecording]:
    made = FakeRecording("npair"), FakeRecording("npair+symm")
    for run in made:
        run.add_frame(0)
    return made


@pytest.fixture
def found() -> Found:
    return Found()


@pytest.fixture
def workspace(runs: tuple[FakeRecording, ...]) -> Workspace:
    made = Workspace()
    made.show(runs)
    return made


@pytest.fixture
def loaded(runs: tuple[FakeRecording, ...]) -> FakeLoaded:
    made = FakeLoaded()
    for run in runs:
        made.load(run)
    return made


@pytest.fixture
def presenter(
    view: MagicMock, workspace: Workspace, loaded: FakeLoaded, found: Found
) -> RetrievePresenter:
    made = RetrievePresenter(view, workspace, loaded, found.get, lambda _: None)
    made.update()
    return made


def rows(view: MagicMock) -> tuple[NeighbourRow, ...]:
    shown: tuple[NeighbourRow, ...] = view.set_rows.call_args.args[0]
    return shown


def test_begins_with_the_gallery_and_no_query(
    view: MagicMock, presenter: RetrievePresenter
) -> None:
    gallery = view.set_listing.call_args.args[0].gallery
    assert gallery.run == "npair"
    assert gallery.rows.tolist() == list(range(9))
    assert len(gallery.samples) == 9
    (card, caption) = view.set_query.call_args.args
    assert card is None
    assert "Click an image" in caption
    assert rows(view) == ()


def test_is_empty_while_a_training_is_prepared(
    view: MagicMock, presenter: RetrievePresenter, workspace: Workspace
) -> None:
    workspace.prepare(("npair",))
    presenter.update()
    assert view.set_listing.call_args.args[0].gallery is None
    assert "Nothing to search yet" in view.set_query.call_args.args[1]
    assert rows(view) == ()


def test_a_click_shows_the_query_at_once_and_its_neighbours_once_they_are_found(
    view: MagicMock,
    presenter: RetrievePresenter,
    workspace: Workspace,
    runs: tuple[FakeRecording, ...],
    found: Found,
) -> None:
    view.reset_mock()
    workspace.select(runs[0], QUERY)
    presenter.update()
    card, caption = view.set_query.call_args.args
    assert card.picture == PictureId("npair", 5)
    assert caption == "Test image 5"
    view.show_in_gallery.assert_called_once_with(QUERY)
    view.set_rows.assert_not_called()
    found.find(0)
    presenter.update()
    assert [row.run.title for row in rows(view)] == ["N-pair", "Symm + N-pair"]
    assert [card.picture.sample for card in rows(view)[0].cards] == [3, 70]
    view.reset_mock()
    presenter.update()
    assert view.mock_calls == []


def test_neighbours_follow_the_cursor(
    view: MagicMock,
    presenter: RetrievePresenter,
    workspace: Workspace,
    runs: tuple[FakeRecording, ...],
    found: Found,
) -> None:
    for run in runs:
        run.add_frame(10, 20)
    workspace.select(runs[0], QUERY)
    found.find(0, 20)
    presenter.update()
    assert "step 20 " in rows(view)[0].caption
    workspace.cursor = Cursor(12)
    presenter.update()
    assert "step 20 " in rows(view)[0].caption, "until step 10 is searched"
    found.find(10)
    presenter.update()
    assert "step 10 " in rows(view)[0].caption


def test_a_search_that_fails_is_told_in_its_row(
    view: MagicMock,
    presenter: RetrievePresenter,
    workspace: Workspace,
    runs: tuple[FakeRecording, ...],
    found: Found,
) -> None:
    found.find(0)
    found[SearchTarget("npair", 0, QUERY)] = "The search failed: no memory"
    workspace.select(runs[0], QUERY)
    presenter.update()
    assert rows(view)[0].caption == "The search failed: no memory"
    assert rows(view)[0].cards == ()
    assert len(rows(view)[1].cards) == 2
