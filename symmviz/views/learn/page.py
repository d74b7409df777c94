"""The Learn page: the method on two pairs of points that the user moves."""

import re
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from symmviz.model.mined_pair import MinedPair
from symmviz.model.playground import PLANE, START, Playground, Points, details, outcome, sentence
from symmviz.views.forms.fields import leave_wheel_to_page
from symmviz.views.learn.controls import LearnControls
from symmviz.views.learn.legend import LearnLegend
from symmviz.views.learn.playground import PlaygroundView

_CONTROLS_WIDTH = 270
_MOVED = "Moved from where a mined pair was."


class LearnPage(QScrollArea):
    """A playground, its controls, and one sentence for what is to be seen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Learn")
        self._playground = START.playground(PLANE)
        self.view = PlaygroundView(self._playground, self)
        self.controls = LearnControls(self._playground, self)
        self.legend = LearnLegend(self)
        self._sentence, self._details = (_text_label(self) for _ in range(2))
        self._sentence.setProperty("title", True)
        self._details.setProperty("muted", True)
        self._lay_out()
        leave_wheel_to_page(self)
        self.setFocusProxy(self.view)
        self.view.moved.connect(self._move)
        self.controls.wanted.connect(self._choose)
        self.show_playground(self._playground)

    def show_mined(self, mined: MinedPair) -> None:
        """Show a pair that a run has mined, until another situation is chosen."""
        self.show_playground(mined.playground, mined.note)

    @property
    def playground(self) -> Playground:
        """What is shown."""
        return self._playground

    def show_playground(self, playground: Playground, note: str = "") -> None:
        """Show another.

        Args:
            playground: what is shown.
            note: where it is from; empty for one that the user made.
        """
        self._note = note
        self._playground = playground
        found = outcome(playground)
        self.view.show_playground(playground, found)
        self.controls.show_playground(playground)
        self.legend.show_outcome(playground, found)
        said = f"{sentence(playground, found)}."
        self._say(self._sentence, said)
        words = details(playground) if playground.synthesises else ""
        self._say(self._details, " ".join(filter(None, (note, words))))
        self.view.setAccessibleDescription(said)

    def sentence(self) -> str:
        """The sentence for what is to be seen."""
        return self._sentence.accessibleName()

    def details(self) -> str:
        """How the synthetic points come about."""
        return self._details.accessibleName()

    def _choose(self, playground: Playground) -> None:
        same = playground.points is self._playground.points
        self.show_playground(playground, self._note if same else "")

    def _move(self, point: int, to: Points) -> None:
        note = "" if not self._note else _MOVED
        self.show_playground(self._playground.moved(point, to), note)

    def _say(self, label: QLabel, text: str) -> None:
        label.setText(_rich(text))
        label.setAccessibleName(text)
        label.setVisible(bool(text))

    def _lay_out(self) -> None:
        picture = QVBoxLayout()
        picture.setSpacing(6)
        for part in (self._sentence, self._details):
            picture.addWidget(part)
        picture.addWidget(self.view, 1)
        picture.addWidget(self.legend)
        self.controls.setFixedWidth(_CONTROLS_WIDTH)
        content = QWidget(self)
        row = QHBoxLayout(content)
        row.setContentsMargins(16, 12, 16, 10)
        row.setSpacing(16)
        row.addLayout(picture, 1)
        row.addWidget(self.controls)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidgetResizable(True)
        self.setWidget(content)


def _text_label(parent: QWidget) -> QLabel:
    label = QLabel(parent)
    label.setTextFormat(Qt.TextFormat.RichText)
    label.setWordWrap(True)
    return label


def _rich(text: str) -> str:
    """Names as x_k' with a lowered index and a prime."""
    return re.sub(
        r"x_([k-n])(&#x27;)?",
        lambda found: f"<i>x</i><sub>{found[1]}</sub>" + ("\N{PRIME}" if found[2] else ""),
        escape(text),
    )
