"""The window: five pages, the training bar, menus and the status line."""

from collections.abc import Callable
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAction,
    QActionGroup,
    QCloseEvent,
    QKeyEvent,
    QPaintEvent,
)
from PySide6.QtWidgets import (
    QApplication,
    QButtonGroup,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QMainWindow,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from symmviz.model.appearance import Appearance
from symmviz.model.runs.branch import BranchParent
from symmviz.presenters.controls import Commands
from symmviz.views.dialogs.branch_dialog import BranchDialog
from symmviz.views.dialogs.question import Question
from symmviz.views.dialogs.shortcuts import show_shortcuts
from symmviz.views.forms.fields import keep_keys
from symmviz.views.start.page import StartPage
from symmviz.views.time.slider import TimeSlider
from symmviz.views.watch.result_card import ResultCard
from symmviz.views.widgets.elided_label import ElidedLabel
from symmviz.views.widgets.field_keys import wants_key
from symmviz.views.window.appearance_menu import offer_appearances
from symmviz.views.window.controls_bar import ControlsBar
from symmviz.views.window.menu_actions import add_action, add_time_actions

if TYPE_CHECKING:
    from symmviz.views.learn.page import LearnPage
    from symmviz.views.results.page import ResultsPage
    from symmviz.views.retrieve.page import RetrievePage
    from symmviz.views.watch.page import WatchPage

_OF_RUNS = ("Watch", "Retrieve", "Results")  # pages that need a training
_NO_RUN_YET = "Train a run on the Start page, or open one, to see this."
_KEEP = "Keep training"
_Page = TypeVar("_Page", bound=QWidget)


class MainWindow(QMainWindow):
    """Holds the pages; asks once before it closes while something trains.

    All but the Start page are made when they are first asked for: what they import takes longer
    than a window may take to open.
    """

    stop_wanted = Signal()
    """The user wants the training stopped, which can go on later: nothing is lost, nor asked."""
    reset_wanted = Signal()
    """The user wants everything as at the first launch."""
    closed = Signal()
    """The window is closing and will not be shown again."""
    painted = Signal()
    """The window was painted for the first time."""
    gliding_chosen = Signal(bool)
    """The user wants points to glide from frame to frame, or to be at once where they are."""
    page_shown = Signal(QWidget)
    """The window has turned to a page."""
    export_wanted = Signal()
    """The user wants to write runs to files."""
    figure_wanted = Signal()
    """The user wants to see frames side by side, as the paper's Fig. 8 has them."""
    appearance_chosen = Signal(Appearance)
    """The user wants other colours."""

    def __init__(self, start: StartPage, appearance: Appearance) -> None:
        super().__init__()
        self.setWindowTitle("symmviz")
        self.start_page = start
        self.result_card = ResultCard(self)
        self.controls = ControlsBar(self)
        self.time_slider = TimeSlider(self)
        self._commands = Commands()
        self._branch_dialog: BranchDialog | None = None
        self._question = Question(self)
        self._close_confirmed = False
        self._painted = False
        self._stack = QStackedWidget(self)
        self._places: dict[str, QWidget] = {}  # of pages that are not there yet
        self._page_group = QButtonGroup(self)
        self._page_actions: list[QAction] = []
        self._time_actions = QActionGroup(self)
        self._shown = ElidedLabel(parent=self, cut=Qt.TextElideMode.ElideRight)
        self.statusBar().addWidget(self._shown, 1)
        self.statusBar().setSizeGripEnabled(False)
        self._lay_out()
        self._make_menus(appearance)
        keep_keys(self)
        self.set_training_pages(False)
        self.controls.commands_changed.connect(self._on_commands)
        self.controls.stop.connect(self.stop_wanted)
        self.start_page.open_dialog_wanted.connect(self.ask_for_run)
        self.show_page(self.start_page)

    @cached_property
    def watch_page(self) -> "WatchPage":
        """The Watch page."""
        from symmviz.views.watch.page import WatchPage  # imports pyqtgraph

        page = self._put("Watch", WatchPage(self, panels=()))  # plots come one by one
        page.set_gliding(self._gliding.isChecked())
        self._gliding.toggled.connect(page.set_gliding)
        return page

    @cached_property
    def retrieve_page(self) -> "RetrievePage":
        """The Retrieve page."""
        from symmviz.views.retrieve.page import RetrievePage

        return self._put("Retrieve", RetrievePage(self))

    @cached_property
    def results_page(self) -> "ResultsPage":
        """The Results page."""
        from symmviz.views.results.page import ResultsPage

        return self._put("Results", ResultsPage(self))

    @cached_property
    def learn_page(self) -> "LearnPage":
        """The Learn page."""
        from symmviz.views.learn.page import LearnPage

        return self._put("Learn", LearnPage(self))

    def show_page(self, page: QWidget) -> None:
        """Turn to a page."""
        at = self._stack.indexOf(page)
        self._stack.setCurrentIndex(at)
        self._page_group.button(at).setChecked(True)
        title = self._page_group.button(at).text()
        self.statusBar().setVisible(title == "Watch")  # it has nothing to say elsewhere
        in_time = title in ("Watch", "Retrieve")
        self.time_slider.setVisible(in_time)
        self.result_card.set_has_place(title == "Watch")
        self._time_actions.setEnabled(in_time)
        self.page_shown.emit(page)
        page.setFocus()  # or the keyboard would go on to what is left, as Stop

    @property
    def page(self) -> QWidget | None:
        """The page that is shown."""
        return self._stack.currentWidget()

    def set_shown(self, text: str) -> None:
        """Say in the status line what the Watch page shows of what."""
        self._shown.setText(text)

    def shown(self) -> str:
        """What the status line says."""
        return self._shown.text()

    def set_training_pages(self, available: bool) -> None:
        """Offer the pages that need a training, and to export it."""
        for action in self._export_actions:
            action.setEnabled(available)
        for button, action in zip(self._page_group.buttons(), self._page_actions, strict=True):
            if button.text() in _OF_RUNS:
                button.setEnabled(available)
                action.setEnabled(available)
                keys = action.shortcut().toString()
                button.setToolTip(keys if available else _NO_RUN_YET)

    def ask_for_run(self) -> None:
        """Ask for the folder of a run or of a comparison, and have the Start page ask for it."""
        folder = QFileDialog.getExistingDirectory(
            self, "Open a run or a comparison", str(self.start_page.runs_folder)
        )
        if folder:
            self.start_page.open_runs_wanted.emit((Path(folder),))

    def ask_for_branch(self, parents: tuple[BranchParent, ...]) -> BranchDialog:
        """Open the dialog that describes a branch of one of these runs; the open one, if one is."""
        if self._branch_dialog is None:
            dialog = BranchDialog(parents, self)
            dialog.set_can_start(self._commands.start)
            dialog.finished.connect(self._on_branch_closed)
            self._branch_dialog = dialog
            dialog.open()
        return self._branch_dialog

    def _on_branch_closed(self) -> None:
        if self._branch_dialog is not None:
            self._branch_dialog.deleteLater()
            self._branch_dialog = None

    def event(self, event: QEvent) -> bool:
        """Leave Space and the arrow keys to the field that has the keyboard."""
        if (
            # This comes up from the widget with the focus, unless that has claimed the key.
            event.type() is QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and wants_key(QApplication.focusWidget(), event)
        ):
            event.accept()
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Announce the first picture, once it is on the screen."""
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            QTimer.singleShot(0, self.painted.emit)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Close, after asking where a training would be lost."""
        if self._commands.start or self._close_confirmed:
            event.accept()
            self.closed.emit()
            return
        event.ignore()
        self._question.ask(
            "Close while training?",
            "The training ends at its next batch. What was recorded is kept.",
            "Stop and close",
            _KEEP,
            self.close_without_asking,
        )

    def close_without_asking(self) -> None:
        """Close now, whatever is running."""
        self._close_confirmed = True
        self.close()

    def _lay_out(self) -> None:
        header = QFrame(self)
        header.setProperty("bar", True)
        row = QHBoxLayout(header)
        row.setContentsMargins(8, 0, 8, 0)
        row.setSpacing(0)
        for at, (title, page) in enumerate(self._pages()):
            button = QPushButton(title, self)
            button.setProperty("page", True)
            button.setCheckable(True)
            button.setToolTip(f"Ctrl+{at + 1}")
            button.clicked.connect(partial(self._turn_to, page))
            self._page_group.addButton(button, at)
            self._places[title] = QWidget(self)
            self._stack.addWidget(self._places[title])
            row.addWidget(button)
        row.addStretch(1)
        content = QWidget(self)
        layout = QVBoxLayout(content)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for part in (header, self.controls, self.result_card, self._stack, self.time_slider):
            layout.addWidget(part, 1 if part is self._stack else 0)
        self.setCentralWidget(content)
        self._put("Start", self.start_page)

    def _pages(self) -> tuple[tuple[str, Callable[[], QWidget]], ...]:
        return (
            ("Start", lambda: self.start_page),
            ("Watch", lambda: self.watch_page),
            ("Retrieve", lambda: self.retrieve_page),
            ("Results", lambda: self.results_page),
            ("Learn", lambda: self.learn_page),
        )

    def _turn_to(self, page: Callable[[], QWidget], _checked: bool = False) -> None:
        self.show_page(page())

    def _put(self, title: str, page: _Page) -> _Page:
        place = self._places.pop(title)
        self._stack.insertWidget(self._stack.indexOf(place), page)
        self._stack.removeWidget(place)
        place.deleteLater()
        keep_keys(page)
        return page

    def _make_menus(self, appearance: Appearance) -> None:
        file = self.menuBar().addMenu("&File")
        add_action(file, "&Open run...", "Ctrl+O", self.ask_for_run)
        self._export_actions = (
            add_action(file, "&Export...", "Ctrl+E", self.export_wanted.emit),
            add_action(file, "&Figure 8: frames side by side...", "", self.figure_wanted.emit),
        )
        add_action(file, "&Quit", "Ctrl+Q", self.close)
        view = self.menuBar().addMenu("&View")
        for at, (title, page) in enumerate(self._pages()):
            keys = f"Ctrl+{at + 1}"
            self._page_actions.append(add_action(view, title, keys, partial(self._turn_to, page)))
        view.addSeparator()
        add_action(view, "Fit view", "F", lambda: self.watch_page.fit())
        add_action(view, "Next meaning of colours", "C", lambda: self.watch_page.toggle_colour())
        self._gliding = view.addAction("Points glide between frames")
        self._gliding.setCheckable(True)
        self._gliding.triggered.connect(self.gliding_chosen)
        offer_appearances(view.addMenu("Appearance"), appearance, self.appearance_chosen.emit)
        view.addSeparator()
        add_action(view, "Reset to defaults", "", self.reset_wanted.emit)
        add_time_actions(self.menuBar().addMenu("T&ime"), self.time_slider, self._time_actions)
        training = self.menuBar().addMenu("&Training")
        self._pause_action = add_action(training, "Pause or resume", "P", self._toggle_pause)
        self._stop_action = add_action(training, "Stop", "Ctrl+.", self.stop_wanted.emit)
        training.addSeparator()
        training.addActions(self.controls.run_actions)
        self._on_commands(self._commands)
        help_menu = self.menuBar().addMenu("&Help")
        add_action(help_menu, "Keyboard shortcuts", "F1", partial(show_shortcuts, self))

    def set_gliding(self, glides: bool) -> None:
        """Whether points glide from frame to frame."""
        self._gliding.setChecked(glides)

    def _toggle_pause(self) -> None:
        if self._commands.resume:
            self.controls.resume.emit()
        elif self._commands.pause:
            self.controls.pause.emit()

    def _on_commands(self, commands: Commands) -> None:
        self._commands = commands
        if commands.start:
            self._question.withdraw()
        self.start_page.set_can_start(commands.start)
        if self._branch_dialog is not None:
            self._branch_dialog.set_can_start(commands.start)
        self._pause_action.setEnabled(commands.pause or commands.resume)
        self._stop_action.setEnabled(commands.stop)
