from collections.abc import Callable
from unittest.mock import Mock

import pytest
from helpers_recording import FakeRecording

from symmviz.model.retrieval.query import Query, Split, Upload
from symmviz.model.workspace import MOST_UPLOADS, Cursor, Display, Selection, Workspace


@pytest.fixture
def changed() -> Mock:
    return Mock()


@pytest.fixture
def workspace(changed: Mock) -> Workspace:
    made = Workspace()
    made.subscribe(changed)
    return made


QUERY = Query(3, Split.TEST)


def test_each_change_is_told_once_and_no_change_is_not(workspace: Workspace, changed: Mock) -> None:
    run = FakeRecording()
    changes: tuple[Callable[[], None], ...] = (
        lambda: workspace.show((run,)),
        lambda: setattr(workspace, "cursor", Cursor(5)),
        lambda: workspace.select(run, QUERY),
        lambda: setattr(workspace, "display", Display(Split.TRAIN)),
    )
    for change in changes:
        changed.reset_mock()
        change()
        changed.assert_called_once_with()
    changed.reset_mock()
    workspace.cursor = Cursor(5)
    workspace.select(run, QUERY)
    workspace.display = Display(Split.TRAIN)
    changed.assert_not_called()


def test_other_runs_are_followed_and_keep_what_is_selected_of_their_images(
    workspace: Workspace,
) -> None:
    first, second = FakeRecording(), FakeRecording("npair+symm")
    workspace.show((first,))
    workspace.cursor = Cursor(5)
    workspace.select(first, QUERY)
    workspace.show((first, second))
    assert workspace.cursor.following
    assert workspace.selection == Selection("tiny-0", QUERY, frozenset({3}))
    workspace.show((FakeRecording(key="other", fingerprint="other"),))
    assert workspace.selection == Selection()


def test_runs_that_do_not_know_their_images_share_no_selection(workspace: Workspace) -> None:
    first, second = (FakeRecording(key=key, fingerprint="") for key in ("one", "two"))
    workspace.show((first, second))
    workspace.select(first, QUERY)
    assert workspace.selection.fingerprint == "one"
    workspace.show((second,))
    assert workspace.selection == Selection()


def test_a_training_that_ends_before_it_began_is_hopeless(
    workspace: Workspace, changed: Mock
) -> None:
    workspace.nothing_comes()
    changed.assert_not_called()
    workspace.prepare(("npair",))
    assert (workspace.preparing, workspace.is_hopeless) == (("npair",), False)
    workspace.nothing_comes()
    assert workspace.is_hopeless
    workspace.show((FakeRecording(),))
    assert (workspace.preparing, workspace.is_hopeless) == ((), False)


def test_the_selected_image_stays_selected_when_a_branch_of_its_run_begins(
    workspace: Workspace,
) -> None:
    parent = FakeRecording()
    workspace.show((parent,))
    workspace.select(parent, QUERY)
    workspace.prepare(("npair:lr=0.1",), (parent,))
    assert workspace.selection.query == QUERY
    workspace.prepare(("npair",))
    assert workspace.selection == Selection()


def test_of_many_images_from_elsewhere_the_one_that_is_looked_for_is_kept() -> None:
    workspace = Workspace()
    uploads = tuple(Upload(number, f"{number}.png", None) for number in range(MOST_UPLOADS + 8))
    workspace.upload(uploads)
    assert len(workspace.uploads) == MOST_UPLOADS
    assert workspace.selection.upload == uploads[0] == workspace.uploads[0]
