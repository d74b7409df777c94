"""What was selected and hidden before, to go back to."""

from dataclasses import replace

from symmviz.model.class_choice import ClassChoice
from symmviz.model.workspace import Selection, Workspace

_MOST = 200


class SelectionHistory:
    """Keeps each selection and choice of classes that another has replaced, and brings it back.

    What was chosen of other images is forgotten with them.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._before: list[tuple[Selection, ClassChoice]] = []
        self._recordings = workspace.recordings
        self._now = self._state()
        workspace.subscribe(self._on_change)

    @property
    def can_undo(self) -> bool:
        """Whether there is something to go back to."""
        return bool(self._before)

    def undo(self) -> None:
        """Select and hide what was selected and hidden before, if anything was."""
        if not self._before:
            return
        self._now = selection, classes = self._before.pop()  # told of, it is nothing new
        self._workspace.restore(selection, replace(self._workspace.display, classes=classes))

    def _on_change(self) -> None:
        if self._workspace.recordings != self._recordings:
            self._recordings = self._workspace.recordings
            self._before.clear()
            self._now = self._state()
        elif self._state() != self._now:
            self._before = [*self._before, self._now][-_MOST:]
            self._now = self._state()

    def _state(self) -> tuple[Selection, ClassChoice]:
        return self._workspace.selection, self._workspace.display.classes
