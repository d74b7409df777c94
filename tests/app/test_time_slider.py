"""The time slider by itself: what it asks for, and what it shows of what it is told."""

from dataclasses import replace
from itertools import pairwise

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible, QContextMenuEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from symmviz.model.appearance import Appearance
from symmviz.model.timeline import TimelineState
from symmviz.views.style.theme import apply_appearance
from symmviz.views.time.slider import TimeSlider
from symmviz.views.widgets.transport_button import Sign

_FRAMES = (0, 1, 5, 10, 20, 40, 60, 80, 100)
_LIVE = TimelineState(0, 105, 100, True, True, _FRAMES, (0, 50, 100), 200)
_BACK = replace(_LIVE, cursor=20, following=False)
_NEVER = 10**6  # ms, for ticks
_FINISHED = replace(_LIVE, live=False, last=100)


class _Asked:
    """What was asked for, in order: steps, and None for following."""

    def __init__(self, slider: TimeSlider) -> None:
        self.wishes: list[int | None] = []
        slider.moved.connect(self.wishes.append)
        slider.following.connect(lambda: self.wishes.append(None))


@pytest.fixture
def slider(qtbot: QtBot, qapp: QApplication) -> TimeSlider:
    apply_appearance(qapp, Appearance.LIGHT)
    made = TimeSlider()
    qtbot.addWidget(made)
    made.resize(1100, 44)
    made.show()
    qtbot.waitExposed(made)
    return made


def at(slider: TimeSlider, step: float) -> QPoint:
    track = slider.track
    return QPoint(round(track.position_of(step)), track.height() // 2 + 2)


def settle(qtbot: QtBot, slider: TimeSlider) -> None:
    """Wait until nothing that was asked for is held back."""
    qtbot.waitUntil(lambda: not slider._tick.isActive())


def test_a_click_goes_to_the_nearest_frame(qtbot: QtBot, slider: TimeSlider) -> None:
    slider.set_timeline(_LIVE)
    asked = _Asked(slider)
    qtbot.mouseClick(slider.track, Qt.MouseButton.LeftButton, pos=at(slider, 52))
    assert asked.wishes == [60]
    assert slider.readout() == "step 60 of 200 · frame 7 of 9"


def test_a_drag_asks_for_frames_at_most_once_a_tick_and_ends_where_it_ends(
    qtbot: QtBot, slider: TimeSlider
) -> None:
    slider.set_timeline(_LIVE)
    slider._tick.setInterval(_NEVER)
    asked = _Asked(slider)
    qtbot.mousePress(slider.track, Qt.MouseButton.LeftButton, pos=at(slider, 80))
    for step in (60, 40, 20, 10):
        qtbot.mouseMove(slider.track, at(slider, step))
    qtbot.mouseRelease(slider.track, Qt.MouseButton.LeftButton, pos=at(slider, 10))
    assert asked.wishes == [80, 10], "all came within one tick"
    slider._tick.stop()


def test_what_was_asked_last_is_emitted_with_the_next_tick(
    qtbot: QtBot, slider: TimeSlider
) -> None:
    slider.set_timeline(_LIVE)
    slider._tick.setInterval(_NEVER)
    asked = _Asked(slider)
    for _ in range(4):
        slider.step(-1)
    assert asked.wishes == [80]
    slider._tick.setInterval(0)
    qtbot.waitUntil(lambda: asked.wishes == [80, 20])
    settle(qtbot, slider)


def test_a_frame_that_comes_during_a_drag_does_not_move_the_handle(
    qtbot: QtBot, slider: TimeSlider
) -> None:
    slider.set_timeline(_LIVE)
    qtbot.mousePress(slider.track, Qt.MouseButton.LeftButton, pos=at(slider, 40))
    slider.set_timeline(replace(_LIVE, last=120, cursor=120, frames=(*_FRAMES, 120)))
    assert slider.state.cursor == 40
    assert slider.state.frames[-1] == 120
    qtbot.mouseRelease(slider.track, Qt.MouseButton.LeftButton, pos=at(slider, 40))
    settle(qtbot, slider)
    slider.set_timeline(_LIVE)
    assert slider.state.cursor == 100


def test_the_right_end_is_following(qtbot: QtBot, slider: TimeSlider) -> None:
    slider.set_timeline(_BACK)
    asked = _Asked(slider)
    qtbot.mouseClick(slider.track, Qt.MouseButton.LeftButton, pos=at(slider, 190))
    assert asked.wishes == [None]
    assert slider.state.following


def test_the_button_says_whether_the_newest_is_followed_and_goes_back_to_it(
    qtbot: QtBot, slider: TimeSlider
) -> None:
    slider.set_timeline(_LIVE)
    assert "Following" in slider.follow_button.text()
    slider.set_timeline(_BACK)
    assert "Follow " in slider.follow_button.text()
    with qtbot.waitSignal(slider.following):
        slider.follow_button.click()
    slider.set_timeline(_FINISHED)
    assert slider.follow_button.text() == "At the end"


def test_steps_go_from_frame_to_frame(qtbot: QtBot, slider: TimeSlider) -> None:
    slider.set_timeline(replace(_BACK, cursor=30))
    asked = _Asked(slider)
    slider.back_button.click()
    settle(qtbot, slider)
    slider.forward_button.click()
    settle(qtbot, slider)
    slider.home()
    settle(qtbot, slider)
    slider.end()
    settle(qtbot, slider)
    assert asked.wishes == [20, 40, 0, None]


def test_the_wheel_goes_from_frame_to_frame(qtbot: QtBot, slider: TimeSlider) -> None:
    slider.set_timeline(_BACK)
    asked = _Asked(slider)
    middle = QPointF(slider.track.rect().center())
    for turned in (-120, 120, 120):
        event = QWheelEvent(
            middle,
            slider.track.mapToGlobal(middle),
            QPoint(),
            QPoint(0, turned),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(slider.track, event)
        settle(qtbot, slider)
    assert asked.wishes == [40, 20, 10]


def test_play_shows_every_frame_and_ends_in_following(qtbot: QtBot, slider: TimeSlider) -> None:
    slider.set_timeline(replace(_LIVE, cursor=40, following=False))
    slider.rate_field.setValue(20)
    asked = _Asked(slider)
    slider.toggle_play()
    signs = [slider.play_button.sign]
    qtbot.waitUntil(lambda: not slider.playing)
    assert asked.wishes == [60, 80, None]
    assert [*signs, slider.play_button.sign] == [Sign.PAUSE, Sign.PLAY]
    settle(qtbot, slider)


@pytest.mark.parametrize("state", [_LIVE, _FINISHED, replace(_FINISHED, following=False)])
def test_play_at_the_end_begins_at_the_first_frame(
    qtbot: QtBot, slider: TimeSlider, state: TimelineState
) -> None:
    slider.set_timeline(state)
    asked = _Asked(slider)
    slider.play()
    assert asked.wishes == [0]
    slider.pause()
    settle(qtbot, slider)


@pytest.mark.parametrize("stop", ["hide", "disable", "drag", "others"])
def test_play_stops_where_it_cannot_be_seen_or_the_user_points_elsewhere(
    qtbot: QtBot, slider: TimeSlider, stop: str
) -> None:
    slider.set_timeline(_BACK)
    slider.play()
    if stop == "hide":
        slider.hide()
    elif stop == "disable":
        slider.setEnabled(False)
    elif stop == "drag":
        qtbot.mouseClick(slider.track, Qt.MouseButton.LeftButton, pos=at(slider, 40))
    else:
        slider.set_timeline(TimelineState())
    assert not slider.playing
    settle(qtbot, slider)


@pytest.mark.parametrize("frames", [(), (0,)])
def test_with_one_frame_or_none_there_is_nowhere_to_go(
    qtbot: QtBot, slider: TimeSlider, frames: tuple[int, ...]
) -> None:
    slider.set_timeline(TimelineState(frames=frames, live=True, planned=300))
    asked = _Asked(slider)
    slider.play()
    slider.step(1)
    slider.step(-1)
    slider.home()
    slider.end()
    qtbot.mouseClick(slider.track, Qt.MouseButton.LeftButton, pos=at(slider, 150))
    assert asked.wishes == []
    assert not slider.playing
    assert not slider.play_button.isEnabled()
    slider.grab()


def test_thousands_of_frames_are_thinned_to_what_can_be_told_apart(
    qtbot: QtBot, slider: TimeSlider
) -> None:
    frames = tuple(range(0, 100_001, 20))
    slider.set_timeline(TimelineState(0, 100_000, 0, False, False, frames, frames))
    ticks = slider.track.tick_positions()
    assert 100 < len(ticks) < slider.track.width() / 3.9
    assert min(b - a for a, b in pairwise(ticks)) >= 3.9
    assert len(slider.track.diamond_positions()) < len(ticks)
    asked = _Asked(slider)
    slider.step(1)
    assert asked.wishes == [20], "those that are not drawn can be reached"
    settle(qtbot, slider)


def test_each_of_a_few_frames_has_its_tick(slider: TimeSlider) -> None:
    few = tuple(range(0, 201, 20))
    slider.set_timeline(TimelineState(0, 200, 0, False, False, few))
    ticks = slider.track.tick_positions()
    assert ticks == [slider.track.position_of(step) for step in few]


def test_a_branch_is_offered_at_a_checkpoint(
    qtbot: QtBot, slider: TimeSlider, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[QMenu] = []
    monkeypatch.setattr(QMenu, "popup", lambda menu, _at: shown.append(menu))
    slider.set_timeline(replace(_BACK, cursor=60))
    with qtbot.waitSignal(slider.branch_wanted) as asked:
        slider.branch_button.click()
    assert asked.args == [50], "the newest up to what is shown"
    on = QPoint(round(slider.track.position_of(100)) + 2, 6)
    assert "Checkpoint after step 100" in slider.track.tip_at(QPointF(on))
    event = QContextMenuEvent(
        QContextMenuEvent.Reason.Mouse, on, slider.track.mapToGlobal(on), Qt.KeyboardModifier(0)
    )
    QApplication.sendEvent(slider.track, event)
    (menu,) = shown
    (action,) = menu.actions()
    assert action.text() == "Branch from step 100..."
    with qtbot.waitSignal(slider.branch_wanted) as asked:
        action.trigger()
    assert asked.args == [100]


def test_without_a_checkpoint_no_branch_is_offered(slider: TimeSlider) -> None:
    slider.set_timeline(replace(_BACK, checkpoints=(50,)))
    assert not slider.branch_button.isEnabled()
    slider.branch()  # the shortcut's way


def test_tips_say_what_is_where(slider: TimeSlider) -> None:
    slider.set_timeline(_LIVE)
    tips = [slider.track.tip_at(QPointF(at(slider, step))) for step in (62, 150)]
    assert tips == ["Step 60: frame 7 of 9", "Not trained yet: up to step 200."]


def test_the_track_is_as_wide_whatever_step_is_shown(slider: TimeSlider) -> None:
    slider.set_timeline(_LIVE)
    widths = set()
    for step in _FRAMES[:-1]:
        slider.set_timeline(replace(_LIVE, cursor=step, following=False))
        QApplication.sendPostedEvents()
        widths.add(slider.track.width())
    assert len(widths) == 1


@pytest.mark.parametrize(("width", "text"), [(640, "20 / 200"), (800, "step 20 of 200")])
def test_a_narrow_window_keeps_room_for_the_track(
    slider: TimeSlider, width: int, text: str
) -> None:
    slider.set_timeline(_BACK)
    slider.resize(width, 44)
    assert slider.readout() == text
    QApplication.sendPostedEvents()
    assert slider.track.width() >= 180
    assert slider.minimumSizeHint().width() <= 640


def test_assistive_technology_finds_a_slider_of_frames(qtbot: QtBot, slider: TimeSlider) -> None:
    slider.set_timeline(_BACK)
    interface = QAccessible.queryAccessibleInterface(slider.track)
    assert interface.role() is QAccessible.Role.Slider
    value = interface.valueInterface()
    assert (value.minimumValue(), value.currentValue(), value.maximumValue()) == (1, 5, 9)
    asked = _Asked(slider)
    value.setCurrentValue(7)
    assert asked.wishes == [60]
    for part in (slider.play_button, slider.rate_field, slider.track, slider.branch_button):
        assert part.accessibleName()
        assert part.toolTip() or part is slider.track
    settle(qtbot, slider)
