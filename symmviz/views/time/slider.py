"""The time slider: goes back to any frame of the runs that are shown, plays, and follows."""

from dataclasses import replace

from PySide6.QtCore import QEvent, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QPushButton, QWidget

from symmviz.model.timeline import (
    TimelineState,
    checkpoint_at_or_before,
    frame_number,
    step_after,
    step_before,
)
from symmviz.views.forms.fields import spin_box
from symmviz.views.time.track import TimeTrack
from symmviz.views.widgets.transport_button import Sign, TransportButton

_RATE = 8  # frames a second
_FASTEST = 30
# Frames are asked for no more often than they can be drawn, and the newest wish counts.
_TICK_MS = 33
# Below these widths of the slider its readout says less, so that the track can be dragged in.
_WIDTH_FOR_FRAMES = 980
_WIDTH_FOR_WORDS = 760


class TimeSlider(QFrame):
    """Shows a :class:`TimelineState` and says which step the user wants.

    What the user asks for is shown at once; whoever listens answers with another state. The
    newest frame is never asked for as a step: being there is following.
    """

    moved = Signal(int)
    """The user wants to see this step; there is a frame of it."""
    following = Signal()
    """The user wants to see the newest frame, and each that comes."""
    branch_wanted = Signal(int)
    """The user wants to branch at this step; there is a checkpoint of it."""
    playing_changed = Signal(bool)
    """Playing began or ended."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("timeline", True)
        self.setAccessibleName("Time slider")
        self._state = TimelineState()
        self._asked = False  # a wish waits for the tick
        self._play_timer = QTimer(self)
        self._play_timer.timeout.connect(self._play_on)
        self._tick = QTimer(self)
        self._tick.setSingleShot(True)
        self._tick.setInterval(_TICK_MS)
        self._tick.timeout.connect(self._flush)
        self.back_button = TransportButton(Sign.BACK, "One frame back (Left)", self)
        self.play_button = TransportButton(Sign.PLAY, "Play", self)
        self.play_button.setToolTip("Play the frames, or pause (Space).")
        self.forward_button = TransportButton(Sign.FORWARD, "One frame on (Right)", self)
        self.branch_button = TransportButton(Sign.BRANCH, "Branch from here...", self)
        self.track = TimeTrack(self)
        self._readout = QLabel(self)
        self._readout.setTextFormat(Qt.TextFormat.PlainText)
        self._readout.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.rate_field = spin_box(self, 1, _FASTEST, _RATE, 1)
        self.rate_field.setSuffix(" fps")
        self.rate_field.setAccessibleName("Frames per second")
        self.rate_field.setToolTip(f"Frames per second while playing, 1 to {_FASTEST}.")
        self.rate_field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.rate_field.valueChanged.connect(self._on_rate)
        self.follow_button = QPushButton(self)
        self.follow_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._lay_out()
        self._connect()
        self._show_state()

    @property
    def state(self) -> TimelineState:
        """What is shown now."""
        return self._state

    @property
    def playing(self) -> bool:
        """Whether frames are being played."""
        return self._play_timer.isActive()

    def set_timeline(self, state: TimelineState) -> None:
        """Show another timeline; a handle that is being dragged stays under the pointer."""
        if (self._asked or self.track.isSliderDown()) and not self._state.following:
            state = replace(state, cursor=self._state.cursor, following=False)
        if state == self._state:
            return
        self._state = state
        if self.playing and len(state.frames) < 2:
            self.pause()  # other runs are shown
        self._show_state()

    def toggle_play(self) -> None:
        """Play, or pause."""
        if self.playing:
            self.pause()
        else:
            self.play()

    def play(self) -> None:
        """Show frame after frame from the one that is shown, or from the first if at the end."""
        state = self._state
        if len(state.frames) < 2 or self.playing:
            return
        if state.following or step_after(state, state.cursor) is None:
            self._want(state.frames[0])
        self._play_timer.start(round(1000 / self.rate_field.value()))
        self._show_playing()

    def pause(self) -> None:
        """Stay at the frame that is shown."""
        if self.playing:
            self._play_timer.stop()
            self._show_playing()

    def step(self, count: int) -> None:
        """Go some frames on, or back where negative; the newest frame is followed."""
        self.pause()
        go = step_after if count > 0 else step_before
        step = self._state.cursor
        for _ in range(abs(count)):
            following = go(self._state, step)
            if following is None:
                break
            step = following
        if step != self._state.cursor:
            self._want(step)

    def home(self) -> None:
        """Go to the first frame."""
        self.pause()
        if self._state.frames:
            self._want(self._state.frames[0])

    def end(self) -> None:
        """Go to the newest frame and follow."""
        self.pause()
        if self._state.frames:
            self._want(self._state.frames[-1])

    def branch(self) -> None:
        """Ask for a branch at the newest checkpoint up to the step that is shown."""
        step = checkpoint_at_or_before(self._state, self._state.cursor)
        if step is not None:
            self.branch_wanted.emit(step)

    def readout(self) -> str:
        """What is said of the step that is shown."""
        return self._readout.text()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Say as much as there is room for."""
        super().resizeEvent(event)
        self._show_readout()

    def hideEvent(self, event: QHideEvent) -> None:
        """Play nothing that cannot be seen."""
        super().hideEvent(event)
        self.pause()

    def changeEvent(self, event: QEvent) -> None:
        """Play nothing that cannot be asked to stop."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.EnabledChange and not self.isEnabled():
            self.pause()

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 3, 12, 3)
        row.setSpacing(2)
        for button in (self.back_button, self.play_button, self.forward_button):
            row.addWidget(button)
        row.addSpacing(4)
        row.addWidget(self.track, 1)
        row.addSpacing(6)
        row.addWidget(self._readout)
        row.addSpacing(6)
        row.addWidget(self.branch_button)
        row.addSpacing(4)
        row.addWidget(self.rate_field)
        row.addSpacing(6)
        row.addWidget(self.follow_button)
        # As wide whatever it says: the track would be laid out anew in the middle of a drag.
        widths = []
        for text in ("● Following", "Follow ▸▸", "At the end", "To the end"):
            self.follow_button.setText(text)
            self.follow_button.ensurePolished()
            widths.append(self.follow_button.sizeHint().width())
        self.follow_button.setMinimumWidth(max(widths) + 6)

    def _connect(self) -> None:
        self.back_button.clicked.connect(lambda: self.step(-1))
        self.play_button.clicked.connect(self.toggle_play)
        self.forward_button.clicked.connect(lambda: self.step(1))
        self.branch_button.clicked.connect(self.branch)
        self.follow_button.clicked.connect(self.end)
        self.track.frame_wanted.connect(self._on_pointed)
        self.track.drag_ended.connect(self._flush)
        self.track.steps_wanted.connect(self.step)
        self.track.branch_menu_wanted.connect(self._show_branch_menu)

    def _on_pointed(self, step: int) -> None:
        self.pause()
        self._want(step)

    def _play_on(self) -> None:
        following = step_after(self._state, self._state.cursor)
        if following is not None:
            self._want(following)
        if following is None or self._state.following:
            self.pause()

    def _want(self, step: int) -> None:
        """Show a frame at once; ask for it at once if none was asked for in this tick."""
        newest = step == self._state.frames[-1]
        if (step, newest) == (self._state.cursor, self._state.following):
            return
        self._state = replace(self._state, cursor=step, following=newest)
        self._show_state()
        self._asked = True
        if not self._tick.isActive():
            self._flush()

    def _flush(self) -> None:
        if not self._asked:
            return
        self._asked = False
        self._tick.start()
        if self._state.following:
            self.following.emit()
        else:
            self.moved.emit(self._state.cursor)

    def _on_rate(self, rate: int) -> None:
        self._play_timer.setInterval(round(1000 / rate))

    def _show_branch_menu(self, step: int, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        branch = menu.addAction(f"Branch from step {step:,}...")
        branch.triggered.connect(lambda: self.branch_wanted.emit(step))
        menu.popup(at)

    def _show_state(self) -> None:
        state = self._state
        self.track.set_state(state)
        several = len(state.frames) > 1
        self.track.setEnabled(bool(state.frames))
        self.play_button.setEnabled(several)
        self.rate_field.setEnabled(several)
        self.back_button.setEnabled(step_before(state, state.cursor) is not None)
        self.forward_button.setEnabled(step_after(state, state.cursor) is not None)
        self._show_branch_button()
        self._show_follow_button()
        self._show_readout()

    def _show_branch_button(self) -> None:
        step = checkpoint_at_or_before(self._state, self._state.cursor)
        self.branch_button.setEnabled(step is not None)
        self.branch_button.setToolTip(
            "Branch: there is no checkpoint up to this step."
            if step is None
            else f"Branch from the checkpoint after step {step:,}: train on from there with "
            "something changed (Ctrl+B)."
        )

    def _show_follow_button(self) -> None:
        state, button = self._state, self.follow_button
        texts = ("● Following", "Follow ▸▸") if state.live else ("At the end", "To the end")
        button.setText(texts[not state.following])
        button.setToolTip(
            "Each new frame is shown as it comes."
            if state.following and state.live
            else "The newest frame is shown."
            if state.following
            else "Go back to the newest frame (End)."
        )
        button.setEnabled(bool(state.frames))
        look = "on" if state.following else "off" if state.live else "plain"
        if button.property("follow") != look:
            button.setProperty("follow", look)
            button.style().polish(button)

    def _show_playing(self) -> None:
        sign, name = (Sign.PAUSE, "Pause") if self.playing else (Sign.PLAY, "Play")
        self.play_button.set_sign(sign, name)
        self.playing_changed.emit(self.playing)

    def _show_readout(self) -> None:
        state, width = self._state, self.width()
        count = len(state.frames)
        self._readout.setText(_readout(state, state.cursor, width))
        # As wide as it gets, or the track would move with every digit.
        widest = _readout(replace(state, live=False, last=state.end), state.end, width)
        metrics = self._readout.fontMetrics()
        # Of a fixed size: or Qt would lay out the whole window anew with every frame.
        self._readout.setFixedSize(metrics.horizontalAdvance(widest) + 2, metrics.height())
        self._readout.setToolTip(
            f"Step {state.cursor:,} of {state.end:,}, "
            f"frame {frame_number(state, state.cursor):,} of {count:,}"
            if count
            else ""
        )


def _readout(state: TimelineState, step: int, width: int) -> str:
    if not state.frames:
        return "No frame yet"
    if width < _WIDTH_FOR_WORDS:
        return f"{step:,} / {state.end:,}"
    text = f"step {step:,} of {state.end:,}"
    if width < _WIDTH_FOR_FRAMES:
        return text
    return f"{text} · frame {frame_number(state, step):,} of {len(state.frames):,}"
