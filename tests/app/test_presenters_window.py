"""What the window derives anew, and what it leaves where nothing of it changed."""

from unittest.mock import MagicMock, Mock

from helpers_recording import FakeLoaded, FakeRecording, make_projection

from symmviz.model.workspace import Workspace
from symmviz.presenters.window import WindowPresenter


class Frames(FakeLoaded):
    """What was read of frames, with the wishes for more."""

    def __init__(self) -> None:
        super().__init__()
        self.revision = 0
        self.request = Mock()


def test_points_that_move_are_no_reason_to_look_at_what_is_recorded() -> None:
    run, frames, workspace = FakeRecording("npair"), Frames(), Workspace()
    run.add_frame(5)
    frames.load(run, 5)
    workspace.show((run,))
    readers = MagicMock(frames=frames)
    readers.searches.found.return_value = None
    readers.rankings.progress = None
    watch = MagicMock()
    presenter = WindowPresenter(watch, MagicMock(), MagicMock(), MagicMock(), workspace, readers)
    presenter.refresh()
    watch.move_points.assert_called_once()
    for calls in (watch, readers, frames.request):
        calls.reset_mock()
    presenter.refresh()
    assert watch.mock_calls == []

    frames.known[run.key, "pca", 5] = make_projection(5, seed=3)
    frames.revision += 1
    presenter.refresh()
    watch.move_points.assert_called_once()
    frames.request.assert_not_called()
    readers.show.assert_not_called()

    run.add_frame(6)
    presenter.refresh()
    frames.request.assert_called_once()
    readers.show.assert_called_once_with(workspace)
