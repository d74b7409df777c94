"""The time slider: which steps there are, and which one is shown."""

from typing import Protocol

from symmviz.model.resolve import timeline
from symmviz.model.timeline import TimelineState, nearest_frame
from symmviz.model.workspace import Cursor, Workspace


class TimeView(Protocol):
    """What the presenter needs of the time slider."""

    def set_timeline(self, state: TimelineState) -> None:
        """Show these steps."""


class TimePresenter:
    """Keeps the slider as the recordings and the cursor are, and moves the cursor."""

    def __init__(self, view: TimeView, workspace: Workspace) -> None:
        self._view = view
        self._workspace = workspace
        self._shown: TimelineState | None = None
        self._direction = 1

    @property
    def state(self) -> TimelineState:
        """What the slider shows now."""
        return timeline(self._workspace.recordings, self._workspace.cursor)

    @property
    def direction(self) -> int:
        """1 where the cursor last moved to a later step, -1 to an earlier one."""
        return self._direction

    def update(self) -> None:
        """Show what has changed."""
        state = self.state
        if state != self._shown:
            self._shown = state
            self._view.set_timeline(state)

    def move(self, step: int) -> None:
        """Show a step."""
        before = self.state.cursor
        self._direction = self._direction if step == before else 1 if step > before else -1
        self._workspace.cursor = Cursor(step)

    def move_near(self, step: int) -> None:
        """Show the frame next to a step; the newest one follows."""
        frame = nearest_frame(self.state, step)
        if frame is None or frame == self.state.frames[-1]:
            self.follow()
        else:
            self.move(frame)

    def follow(self) -> None:
        """Show the newest step, and each that comes."""
        self._direction = 1
        self._workspace.cursor = Cursor()
