"""What one launch of the window leaves to the next, and the way back to how it first was."""

import dataclasses

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QWidget

from symmviz.model.appearance import Appearance
from symmviz.model.map.layers import AT_FIRST, Layer
from symmviz.model.workspace import Workspace
from symmviz.presenters.start import StartForm
from symmviz.presenters.start_memory import form_of, form_text
from symmviz.services.preferences import Settings
from symmviz.views.style.theme import has_animations
from symmviz.views.widgets.divided import Divided
from symmviz.views.window.appearance_menu import appearance_action
from symmviz.views.window.main_window import MainWindow
from symmviz.views.window.window_size import place_window


class PreferenceActions(QObject):
    """Fills in the Start page as it was left, and keeps how pages are divided and maps drawn.

    Args:
        window: whose pages.
        settings: where it is kept.
        workspace: whose maps have the layers that were chosen last.
    """

    def __init__(self, window: MainWindow, settings: Settings, workspace: Workspace) -> None:
        super().__init__(window)
        self._window = window
        self._settings = settings
        self._workspace = workspace
        self._splitters: dict[str, Divided] = {}
        self._first = window.start_page.form()
        self._divided: dict[str, list[int]] = {}
        left = form_of(settings.start, window.start_page.runs_folder)
        if left is not None:
            window.start_page.set_form(left)
        self._layers = settings.layers
        self._draw(self._layers)
        workspace.subscribe(self._on_change)
        window.page_shown.connect(self._on_page)
        window.reset_wanted.connect(self.reset)
        window.closed.connect(self._on_closed)

    def keep(self, form: StartForm) -> None:
        """Have the next launch propose this."""
        self._settings.start = form_text(form)

    def reset(self) -> None:
        """Everything as at the first launch, but for where runs are kept."""
        self._draw(AT_FIRST)
        self._settings.forget()
        self._window.start_page.set_form(self._first)
        for name, splitter in self._splitters.items():
            splitter.reset(self._divided[name])
        action = appearance_action(self._window, Appearance.SYSTEM)
        if action is not None:
            action.trigger()
        app = QApplication.instance()
        if isinstance(app, QApplication):
            self._window.set_gliding(has_animations(app))
        self._window.showNormal()
        place_window(self._window, None)

    def _draw(self, layers: frozenset[Layer]) -> None:
        self._workspace.display = dataclasses.replace(self._workspace.display, layers=layers)

    def _on_change(self) -> None:
        layers = self._workspace.display.layers
        if layers != self._layers:
            self._layers = self._settings.layers = layers

    def _on_page(self, page: QWidget) -> None:
        """Divide a page as it was left, when it is first shown."""
        for splitter in page.findChildren(Divided):
            name = splitter.objectName()
            if name not in self._splitters:
                self._splitters[name] = splitter
                self._divided[name] = splitter.sizes()
                state = self._settings.divided(name)
                if state is not None:
                    splitter.restore(state)

    def _on_closed(self) -> None:
        self._settings.geometry = self._window.saveGeometry()
        for name, splitter in self._splitters.items():
            if splitter.by_user:
                self._settings.set_divided(name, splitter.saveState())
        self.keep(self._window.start_page.form())
