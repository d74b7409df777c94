"""A question with two answers, asked once at a time."""

from collections.abc import Callable

from PySide6.QtWidgets import QMessageBox, QWidget


class Question:
    """Asks in a box over a window, and does something if the user agrees."""

    def __init__(self, window: QWidget) -> None:
        self._window = window
        self._box: QMessageBox | None = None

    def ask(self, title: str, text: str, yes: str, no: str, then: Callable[[], None]) -> None:
        """Ask, unless something is being asked already.

        Args:
            title: the question.
            text: what follows from it.
            yes: the button that agrees.
            no: the other one.
            then: called when the user agrees.
        """
        if self._box is not None:
            return
        box = QMessageBox(QMessageBox.Icon.Question, title, title, parent=self._window)
        box.setInformativeText(text)
        agree = box.addButton(yes, QMessageBox.ButtonRole.AcceptRole)
        box.addButton(no, QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(agree)
        self._box = box

        def answered() -> None:
            self._box = None
            agreed = box.clickedButton() is agree
            box.setParent(None)
            box.deleteLater()
            if agreed:
                then()

        box.finished.connect(answered)
        box.open()

    def withdraw(self) -> None:
        """What is asked about is over."""
        if self._box is not None:
            self._box.reject()
