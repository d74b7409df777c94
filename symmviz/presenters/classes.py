"""Which classes of the maps have colours, and which are hidden, as the user chooses."""

import dataclasses

from symmviz.model.display import ColourBy
from symmviz.model.loaded import Loaded
from symmviz.model.map.class_choice import (
    ClassChoice,
    ShownClasses,
    isolated,
    with_colour,
    with_colour_toggled,
    with_hidden_toggled,
)
from symmviz.model.resolve import column_classes
from symmviz.model.workspace import Workspace, images_key


class ClassesPresenter:
    """Changes the choice of the classes that the legend shows: those of the first run."""

    def __init__(self, workspace: Workspace, loaded: Loaded) -> None:
        self._workspace = workspace
        self._loaded = loaded

    def toggle_hidden(self, label: int) -> None:
        """Hide a class, or show it again."""
        choice, _ = self._chosen()
        self._choose(with_hidden_toggled(choice, label))

    def isolate(self, label: int) -> None:
        """Show one class alone, or all again."""
        self._choose(isolated(*self._chosen(), label))

    def toggle_colour(self, label: int) -> None:
        """Give a class a colour, or take it away."""
        self._choose(with_colour_toggled(*self._chosen(), label))

    def colour_class_of(self, run: int, row: int) -> None:
        """Give the class of a point a colour, where colours are classes' and not all have one."""
        choice, shown = self._chosen()
        recording = self._workspace.recordings[run]
        images = self._loaded.images(recording.key)
        by_class = self._workspace.display.colour_by is ColourBy.CLASS
        if images is None or shown.are_few or not by_class:
            return
        if choice.fingerprint == images_key(recording):
            label = int(images.of(self._workspace.display.split).labels[row])
            self._choose(with_colour(choice, shown, label))

    def _chosen(self) -> tuple[ClassChoice, ShownClasses]:
        """What was chosen for the first run's classes, and what is shown of them."""
        choice = self._workspace.display.classes
        for recording in self._workspace.recordings:
            shown = column_classes(self._workspace, self._loaded, recording)
            if shown is not None:
                if choice.fingerprint != images_key(recording):
                    choice = ClassChoice(images_key(recording))
                return choice, shown
        return choice, ShownClasses()

    def _choose(self, choice: ClassChoice) -> None:
        display = self._workspace.display
        self._workspace.display = dataclasses.replace(display, classes=choice)
