"""The bar under the page buttons: training commands, progress, notices."""

from PySide6.QtCore import Qt, Signal, SignalInstance
from PySide6.QtGui import QAction, QGuiApplication, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QMenu,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from symmviz.presenters.controls import Commands, Notice
from symmviz.views.forms.fields import spin_box
from symmviz.views.widgets.elided_label import ElidedLabel
from symmviz.views.widgets.note import Note

_WIDTH_FOR_FACTS = 760  # pixels
_MOST_NOTICES = 20  # kept until they are dismissed
_BETWEEN = " \N{MIDDLE DOT} "  # the parts of what is said of a training


class NoticeBar(QFrame):
    """Notices that stay until dismissed, the newest first; with their details they are copied."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("notice", True)
        self._notices: list[Notice] = []
        self._text = Note(self)
        self.copy_button = QPushButton("Copy details", self)
        self.copy_button.setToolTip("Copy this and what there is besides.")
        self.copy_button.clicked.connect(self._copy)
        self._dismiss = QPushButton("Dismiss", self)
        self._dismiss.setToolTip("Close this message.")
        self._dismiss.clicked.connect(lambda: self.show_notice(None))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 8, 8, 8)
        layout.addWidget(self._text, 1)
        layout.addWidget(self.copy_button)
        layout.addWidget(self._dismiss)
        self.hide()

    def show_notice(self, notice: Notice | None) -> None:
        """Show a notice before those that are shown, but for what it says itself; or none."""
        if notice is None:
            self._notices.clear()
        else:
            rest = [one for one in self._notices if one.text not in notice.text]
            self._notices = [notice, *rest][:_MOST_NOTICES]
        self.setVisible(notice is not None)
        self._text.setText("\n".join(one.text for one in self._notices))
        self.copy_button.setVisible(any(one.detail for one in self._notices))

    def text(self) -> str:
        """The sentence that is shown; empty when nothing is."""
        return "" if self.isHidden() else self._text.text()

    def _copy(self) -> None:
        parts = (part for one in self._notices for part in (one.text, one.detail) if part)
        QGuiApplication.clipboard().setText("\n".join(parts))


class ControlsBar(QWidget):
    """The training bar: buttons for what can be done now, progress, and notices."""

    pause = Signal()
    resume = Signal()
    stop = Signal()
    extend = Signal(int)
    """Go on for this many more steps."""
    branch = Signal()
    """Branch from a checkpoint of the run that is shown."""
    open_folder = Signal()
    """Show the folder of the run that is shown."""
    copy_weights = Signal()
    """Copy the path of its newest weights."""
    commands_changed = Signal(Commands)
    """Other commands make sense now."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._progress = QProgressBar(self)
        self._progress.setTextVisible(False)
        self._progress.setMinimumWidth(40)
        # It takes the room there is: its own width would lay the window out anew with every number.
        self._text = ElidedLabel("No training yet", self)
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._text.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._facts = ElidedLabel(parent=self, cut=Qt.TextElideMode.ElideRight)
        self._facts.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._facts.setProperty("muted", True)
        self.pause_button = self._button("Pause", "Hold at the next batch (P).")
        self.resume_button = self._button("Resume", "Go on with the next batch (P).")
        self.stop_button = self._button("Stop", "End this training; what was recorded stays.")
        for button, signal in (
            (self.pause_button, self.pause),
            (self.resume_button, self.resume),
            (self.stop_button, self.stop),
        ):
            button.clicked.connect(signal)
        self.extend_button = self._button("Go on", "Train for that many more steps.")
        self.extend_button.clicked.connect(self._on_extend)
        self._make_run_menu()
        self._more = spin_box(self, 1, 1_000_000, 300, 100)
        self._more.setSuffix(" more steps")
        self._more.setAccessibleName("Steps to go on for")
        self._more.setToolTip("For how many more steps Go on trains.")
        self._more.ensurePolished()
        self.notice = NoticeBar(self)
        bar = QFrame(self)
        bar.setProperty("bar", True)
        row = QHBoxLayout(bar)
        row.setContentsMargins(12, 6, 12, 6)
        # Or it would grow when that is shown.
        row.addStrut(max(self._more.sizeHint().height(), self._more.minimumHeight()))
        for button in (self.pause_button, self.resume_button, self.stop_button):
            row.addWidget(button)
        row.addWidget(self.extend_button)
        row.addWidget(self._more)
        row.addSpacing(8)
        row.addWidget(self._progress, 1)
        row.addSpacing(8)
        row.addWidget(self._text, 3)
        row.addSpacing(16)
        row.addWidget(self._facts)
        row.addWidget(self.run_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(bar)
        layout.addWidget(self.notice)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave the facts out where they would take the room of how far it is."""
        super().resizeEvent(event)
        self._facts.setVisible(event.size().width() >= _WIDTH_FOR_FACTS)

    def set_commands(self, commands: Commands) -> None:
        """Enable just these commands."""
        self._exchange(commands)
        for button, stays in (
            (self.stop_button, commands.stop),
            (self.extend_button, commands.extend),
        ):
            if button.hasFocus() and not stays:  # or Qt goes on to a button that Space presses
                button.clearFocus()
        self.stop_button.setEnabled(commands.stop)
        total = self._progress.maximum()
        if commands.extend and self._more.isHidden():  # what is left, or as many again
            self._more.setValue(total - self._progress.value() or total)
        self._show_going_on(commands)
        self.branch_action.setEnabled(commands.branch)
        self.folder_action.setEnabled(commands.folder)
        self.weights_action.setEnabled(commands.weights)
        self.run_button.setVisible(commands.branch or commands.folder or commands.weights)
        self.extend_button.setVisible(commands.extend)
        self._more.setVisible(commands.extend and not commands.seeds)
        self.commands_changed.emit(commands)

    def set_progress(self, step: int, total: int, text: str) -> None:
        """Show how far training is."""
        self._progress.setRange(0, total)
        self._progress.setValue(step)
        parts = text.split(_BETWEEN)  # the least important stands last
        shorter = [_BETWEEN.join(parts[:end]) for end in range(len(parts) - 1, 0, -1)]
        self._text.setText(text, *shorter)

    def set_facts(self, text: str) -> None:
        """Show device and seed."""
        self._facts.setText(text)

    def set_notice(self, notice: Notice | None) -> None:
        """Show a notice until it is dismissed, with those that were not by then; or none."""
        self.notice.show_notice(notice)

    def progress_text(self) -> str:
        """What is said beside the progress bar."""
        return self._text.text()

    def _exchange(self, commands: Commands) -> None:
        """Show Pause or Resume; the keyboard stays with the one in place of the other."""
        shown, hidden = self.pause_button, self.resume_button
        if commands.resume:
            shown, hidden = hidden, shown
        focused = hidden.hasFocus()
        self.pause_button.setEnabled(commands.pause)
        self.resume_button.setEnabled(commands.resume)
        shown.show()
        if focused:  # before the other is hidden: Qt would go on to Stop
            shown.setFocus()
        hidden.hide()

    def _show_going_on(self, commands: Commands) -> None:
        if commands.seeds:
            text, tip = "Resume seeds", "Train what is left of this seed, then the seeds after it."
        elif commands.all_seeds:
            text = "Go on, all seeds"
            tip = "Train every seed for that many more steps, one after the other."
        elif commands.unfinished:
            text, tip = "Resume", "Go on exactly as if it had not been stopped."
        elif commands.one_seed:
            text = "Go on, this seed"
            tip = "Train this seed for that many more steps; the other seeds stay as they are."
        else:
            text, tip = "Go on", "Train for that many more steps."
        self.extend_button.setText(text)
        self.extend_button.setToolTip(tip)

    def _make_run_menu(self) -> None:
        self.run_button = QPushButton("Run", self)
        self.run_button.setToolTip("What can be done with the run that is shown.")
        menu = QMenu(self.run_button)
        self.branch_action = self._action(menu, "Branch...", self.branch)
        self.branch_action.setToolTip(
            "Train on from a checkpoint with another loss, Symm setting, learning rate or length."
        )
        self.folder_action = self._action(menu, "Open folder", self.open_folder)
        self.weights_action = self._action(menu, "Copy path of weights", self.copy_weights)
        menu.setToolTipsVisible(True)
        self.run_button.setMenu(menu)
        self.run_button.hide()

    @property
    def run_actions(self) -> tuple[QAction, ...]:
        """What the menu of the run that is shown offers."""
        return (self.branch_action, self.folder_action, self.weights_action)

    def _action(self, menu: QMenu, text: str, then: SignalInstance) -> QAction:
        action = menu.addAction(text)
        action.triggered.connect(lambda: then.emit())
        return action

    def _on_extend(self) -> None:
        self._more.interpretText()
        self.extend.emit(self._more.value())

    def _button(self, text: str, tip: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setToolTip(tip)
        return button
