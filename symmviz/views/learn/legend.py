"""The legend of the playground: what its marks and lines are."""

from PySide6.QtCore import QLineF, QPointF, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from symmviz.model.playground import Outcome, Playground
from symmviz.views.learn.playground_marks import Stroke, paint_point, paint_stroke
from symmviz.views.style.theme import current_theme
from symmviz.views.widgets.flow_layout import FlowLayout

_SAMPLE = QSize(34, 20)
_STEP_TIP = "Where a small step against the gradient takes the points; all arrows have one scale."


class _Sample(QWidget):
    """A line as it is drawn or, for None, an original and a synthetic point."""

    def __init__(self, stroke: Stroke | None, parent: QWidget) -> None:
        super().__init__(parent)
        self._stroke = stroke
        self.setFixedSize(_SAMPLE)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme, y = current_theme(), self.height() / 2
        if self._stroke is not None:
            line = QLineF(QPointF(2.0, y), QPointF(self.width() - 3.0, y))
            paint_stroke(painter, theme, self._stroke, line)
        else:
            for x, synthetic in ((9.0, False), (25.0, True)):
                paint_point(painter, theme, QPointF(x, y), synthetic=synthetic, filled=True)
        painter.end()


class LearnLegend(QWidget):
    """One sample and its meaning after the other, in as many lines as it takes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Legend")
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._flow = FlowLayout(self, spacing=14, line_spacing=2)
        self._labels: dict[Stroke | None, QLabel] = {}
        self._items: dict[Stroke | None, QWidget] = {}
        for stroke, text in (
            (None, "Original, synthetic (hollow: negative pair)"),
            (Stroke.AXIS, "Axis"),
            (Stroke.CONSTRUCTION, "Reflection"),
            (Stroke.CANDIDATE, "Candidate pair"),
            (Stroke.PICK, "Picked"),
            (Stroke.PICK_BACK, "Picked by the negative pair"),
            (Stroke.SYMM, ""),
            (Stroke.BASELINE, ""),
        ):
            self._add(stroke, text)
        for stroke in (Stroke.SYMM, Stroke.BASELINE):
            self._items[stroke].setToolTip(_STEP_TIP)

    def show_outcome(self, playground: Playground, found: Outcome) -> None:
        """Say what the loss is with and without Symm, and what the lines are."""
        synthesises = playground.synthesises
        self._labels[Stroke.SYMM].setText(f"Step with Symm, loss {found.symm.value:.3f}")
        self._labels[Stroke.BASELINE].setText(f"Step without, loss {found.baseline.value:.3f}")
        self._labels[Stroke.PICK].setText("Picked" if synthesises else "Compared")
        for stroke in (Stroke.AXIS, Stroke.CONSTRUCTION, Stroke.CANDIDATE, Stroke.SYMM):
            self._items[stroke].setVisible(synthesises)
        self._items[Stroke.PICK_BACK].setVisible(synthesises and found.picks_differ)

    def text(self) -> str:
        """All that is said, of what is shown."""
        shown = (stroke for stroke, item in self._items.items() if not item.isHidden())
        return "; ".join(self._labels[stroke].text() for stroke in shown)

    def _add(self, stroke: Stroke | None, text: str) -> None:
        item = QWidget(self)
        row = QHBoxLayout(item)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(_Sample(stroke, item))
        label = QLabel(text, item)
        label.setProperty("muted", True)
        row.addWidget(label)
        self._labels[stroke], self._items[stroke] = label, item
        self._flow.addWidget(item)
