"""The track of the time slider: a line of steps with frames, checkpoints and a handle."""

from bisect import bisect_left

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPen,
    QPolygonF,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractSlider, QSizePolicy, QToolTip, QWidget

from symmviz.model.timeline import (
    TimelineState,
    checkpoint_at_or_before,
    frame_number,
    nearest_checkpoint,
    nearest_frame,
)
from symmviz.views.style.theme import Theme, current_theme

# All in logical pixels.
_HEIGHT = 36
_MIDDLE = 19  # of the groove, from the top
_GROOVE = 4
_HANDLE = 7  # radius
_MARGIN = _HANDLE + 3
_TICK_TOP, _TICK_BOTTOM = 25, 31
_TICK_SPACE = 4  # ticks closer than this are drawn as one
_DIAMOND_MIDDLE = 6
_DIAMOND = 4.5  # from its middle to a corner
_NEAR = 7  # how far from a diamond is still on it


class TimeTrack(QAbstractSlider):
    """Paints the timeline, and says which frame the pointer asks for.

    To assistive technology it is a slider whose value is the number of the frame, from 1.
    """

    frame_wanted = Signal(int)
    """The user points at this frame."""
    drag_ended = Signal()
    """The mouse button was released."""
    steps_wanted = Signal(int)
    """The user wants to go this many frames on, or back."""
    branch_menu_wanted = Signal(int, QPoint)
    """The user asks what can be done at this checkpoint; where on the screen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = TimelineState()
        self._hovered: float | None = None
        self._taking = False
        self.setOrientation(Qt.Orientation.Horizontal)
        self.setAccessibleName("Time")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.valueChanged.connect(self._on_value)

    def set_state(self, state: TimelineState) -> None:
        """Show another timeline."""
        self._state = state
        self._taking = True  # what is shown is not what the user asks for
        self.setRange(min(1, len(state.frames)), len(state.frames))
        self.setValue(frame_number(state, state.cursor))
        self._taking = False
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(400, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        """Enough to drag in."""
        return QSize(120, _HEIGHT)

    def position_of(self, step: float) -> float:
        """Where a step stands, in logical pixels from the left."""
        state = self._state
        span = state.end - state.first
        share = (step - state.first) / span if span > 0 else 1.0
        return _MARGIN + min(max(share, 0.0), 1.0) * self._width()

    def step_at(self, x: float) -> float:
        """The step that stands at a position; not rounded."""
        state = self._state
        share = min(max((x - _MARGIN) / self._width(), 0.0), 1.0)
        return state.first + share * (state.end - state.first)

    def checkpoint_at(self, position: QPointF) -> int | None:
        """The checkpoint whose diamond is at a position."""
        step = nearest_checkpoint(self._state, self.step_at(position.x()))
        if step is None or position.y() > _DIAMOND_MIDDLE + _NEAR:
            return None
        return step if abs(self.position_of(step) - position.x()) <= _NEAR else None

    def tick_positions(self) -> list[float]:
        """Where frames' ticks are drawn, left to right: those too close are left out."""
        drawn: list[float] = []
        frames, at = self._state.frames, 0
        while at < len(frames):  # from tick to tick, so that thousands cost no more than hundreds
            drawn.append(self.position_of(frames[at]))
            following = self.step_at(drawn[-1] + _TICK_SPACE)
            at = max(bisect_left(frames, following), at + 1)
            if drawn[-1] + _TICK_SPACE > _MARGIN + self._width():
                break
        return drawn

    def diamond_positions(self) -> list[float]:
        """Where checkpoints' diamonds are drawn, right to left: the newest is always drawn."""
        drawn: list[float] = []
        for step in reversed(self._state.checkpoints):
            position = self.position_of(step)
            if not drawn or drawn[-1] - position > 3 * _DIAMOND:
                drawn.append(position)
        return drawn

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to where the button was pressed."""
        if event.button() is Qt.MouseButton.LeftButton:
            self.setSliderDown(True)
            self._point_at(event.position(), on_diamond=self.checkpoint_at(event.position()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the handle, or say where the pointer is."""
        if self.isSliderDown():
            self._point_at(event.position())
        self._hovered = event.position().x()
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a drag."""
        if event.button() is Qt.MouseButton.LeftButton and self.isSliderDown():
            self.setSliderDown(False)
            self.drag_ended.emit()
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Forget the pointer."""
        super().leaveEvent(event)
        self._hovered = None
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Go a frame on or back for each notch."""
        angle = event.angleDelta()
        turned = angle.y() or angle.x()
        if turned:
            self.steps_wanted.emit(1 if turned < 0 else -1)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave the keys to the window's shortcuts, which do the same wherever the focus is."""
        event.ignore()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer what can be done at a checkpoint: the one pointed at, or else the one shown."""
        if event.reason() is QContextMenuEvent.Reason.Keyboard:
            step = checkpoint_at_or_before(self._state, self._state.cursor)
            at = QPoint(round(self.position_of(step or 0)), _MIDDLE)
        else:
            step, at = self._checkpoint_near(event.pos()), event.pos()
        if step is not None:
            self.branch_menu_wanted.emit(step, self.mapToGlobal(at))

    def event(self, event: QEvent) -> bool:
        """Explain what the pointer rests on."""
        if event.type() is QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.tip_at(QPointF(event.pos())), self)
            return True
        return super().event(event)

    def tip_at(self, position: QPointF) -> str:
        """What is said of a position: its checkpoint, or the frame that a click goes to."""
        checkpoint = self.checkpoint_at(position)
        if checkpoint is not None:
            return f"Checkpoint after step {checkpoint:,}: right-click to branch from here."
        step = self.step_at(position.x())
        if step > self._state.last:
            return f"Not trained yet: up to step {self._state.end:,}."
        frame = nearest_frame(self._state, step)
        if frame is None:
            return "No frame is recorded yet."
        number, count = frame_number(self._state, frame), len(self._state.frames)
        return f"Step {frame:,}: frame {number:,} of {count:,}"

    def paintEvent(self, _: object) -> None:
        """Draw the groove, frames, checkpoints and the handle."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme = current_theme()
        self._paint_groove(painter, theme)
        if self._state.frames:
            self._paint_ticks(painter, theme)
            self._paint_branches(painter, theme)
            self._paint_diamonds(painter, theme)
            self._paint_handle(painter, theme)
        painter.end()

    def changeEvent(self, event: QEvent) -> None:
        """Take on the colours of another theme."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.EnabledChange):
            self.update()

    def _paint_groove(self, painter: QPainter, theme: Theme) -> None:
        state = self._state
        begin, end = float(_MARGIN), _MARGIN + self._width()
        recorded = self.position_of(state.last) if state.frames else begin
        groove = QRectF(begin, _MIDDLE - _GROOVE / 2, end - begin, _GROOVE)
        painter.setPen(Qt.PenStyle.NoPen)
        if recorded < end:  # steps that are still to come: an outline
            painter.setPen(QPen(QColor(theme.border), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(groove.adjusted(0.5, 0.5, -0.5, -0.5), 2, 2)
            painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_mixed(theme.muted, theme.raised, 0.45))
        painter.drawRoundedRect(QRectF(begin, groove.top(), recorded - begin, _GROOVE), 2, 2)
        if state.frames and self.isEnabled():
            painter.setBrush(QColor(theme.accent))
            shown = self.position_of(state.cursor)
            painter.drawRoundedRect(QRectF(begin, groove.top(), shown - begin, _GROOVE), 2, 2)

    def _paint_ticks(self, painter: QPainter, theme: Theme) -> None:
        ticks = self.tick_positions()
        thinned = len(ticks) < len(self._state.frames)
        painter.setPen(QPen(_mixed(theme.muted, theme.raised, 0.45 if thinned else 0.75), 1))
        for x in ticks:
            sharp = int(x) + 0.5  # in the middle of a pixel
            painter.drawLine(QPointF(sharp, _TICK_TOP), QPointF(sharp, _TICK_BOTTOM))
        if self._hovered is not None and not self.isSliderDown():
            frame = nearest_frame(self._state, self.step_at(self._hovered))
            if frame is not None:
                x = self.position_of(frame)
                painter.setPen(QPen(QColor(theme.accent), 2))
                painter.drawLine(QPointF(x, _TICK_TOP - 1), QPointF(x, _TICK_BOTTOM + 2))

    def _paint_branches(self, painter: QPainter, theme: Theme) -> None:
        painter.setPen(QPen(QColor(theme.accent), 1, Qt.PenStyle.DashLine))
        for step in self._state.branches:
            x = self.position_of(step)
            painter.drawLine(QPointF(x, 1), QPointF(x, _HEIGHT - 3))

    def _paint_diamonds(self, painter: QPainter, theme: Theme) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_mixed(theme.text, theme.raised, 0.7))
        for x in self.diamond_positions():
            painter.drawPolygon(_diamond(x, _DIAMOND))
        if self._hovered is None or self.isSliderDown():
            return
        step = self.checkpoint_at(QPointF(self._hovered, _DIAMOND_MIDDLE))
        if step is not None:
            painter.setBrush(QColor(theme.accent))
            painter.drawPolygon(_diamond(self.position_of(step), _DIAMOND + 1))

    def _paint_handle(self, painter: QPainter, theme: Theme) -> None:
        middle = QPointF(self.position_of(self._state.cursor), _MIDDLE)
        if self.hasFocus():
            painter.setPen(QPen(_mixed(theme.accent, theme.raised, 0.5), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(middle, _HANDLE + 2, _HANDLE + 2)
        painter.setPen(QPen(QColor(theme.raised), 1.5))
        painter.setBrush(QColor(theme.accent if self.isEnabled() else theme.muted))
        radius = _HANDLE + 1 if self.isSliderDown() else _HANDLE
        painter.drawEllipse(middle, radius, radius)

    def _width(self) -> float:
        return max(self.width() - 2 * _MARGIN, 1)

    def _point_at(self, position: QPointF, on_diamond: int | None = None) -> None:
        step = self.step_at(position.x()) if on_diamond is None else on_diamond
        frame = nearest_frame(self._state, step)
        if frame is not None:
            self.frame_wanted.emit(frame)

    def _checkpoint_near(self, position: QPoint) -> int | None:
        """The checkpoint above or below which the pointer is, at any height of the track."""
        return self.checkpoint_at(QPointF(position.x(), _DIAMOND_MIDDLE))

    def _on_value(self, number: int) -> None:
        """Follow what assistive technology sets."""
        if not self._taking and 1 <= number <= len(self._state.frames):
            self.frame_wanted.emit(self._state.frames[number - 1])


def _diamond(x: float, size: float) -> QPolygonF:
    y = float(_DIAMOND_MIDDLE)
    return QPolygonF(
        [QPointF(x, y - size), QPointF(x + size, y), QPointF(x, y + size), QPointF(x - size, y)]
    )


def _mixed(colour: str, ground: str, share: float) -> QColor:
    """A colour laid over a ground with this opacity: overlaps do not get darker."""
    over, under = QColor(colour), QColor(ground)
    rest = 1 - share
    return QColor.fromRgbF(
        share * over.redF() + rest * under.redF(),
        share * over.greenF() + rest * under.greenF(),
        share * over.blueF() + rest * under.blueF(),
    )
