"""The list of what happened: what is found off the GUI thread, said, and gone to."""

from collections.abc import Iterator
from dataclasses import replace
from time import monotonic, sleep
from typing import Any

import numpy as np
import pytest
from helpers_recording import FakeRecording
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from symmcore.records import EmbeddedSet, Frame
from symmviz.model.map.events import Event, EventKind, event_sentence
from symmviz.model.resolve.events import MOST_LINES, EventsState
from symmviz.model.retrieval.query import Split
from symmviz.model.workspace import Workspace
from symmviz.presenters.events import EventsPresenter
from symmviz.services.frames import events as events_module
from symmviz.services.frames.events import MOST_FRAMES, EventFinder, frame_pairs
from symmviz.views.watch.event_panel import EventPanel
from symmviz.views.watch.page import WatchPage

PATIENCE = 20.0


class MovingRecording(FakeRecording):
    """A run whose test images of class 0 are among those of class 1 from step 20 on."""

    def frame(self, step: int) -> Frame:
        frame = super().frame(step)
        labels = np.repeat(np.arange(3), 10)
        random = np.random.default_rng(0)
        places = np.where((labels == 0) & (step >= 20), 1, labels)
        points = np.eye(8)[places] + 0.1 * random.standard_normal((30, 8))
        images = EmbeddedSet(np.arange(30), labels, points.astype(np.float32))
        return replace(frame, test=replace(frame.test, points=images))


@pytest.fixture
def finder() -> Iterator[EventFinder]:
    made = EventFinder()
    yield made
    assert made.close(PATIENCE)


def wait(finder: EventFinder) -> None:
    deadline = monotonic() + PATIENCE
    while finder.busy:
        assert monotonic() < deadline
        sleep(0.005)


def shown(*runs: FakeRecording) -> Workspace:
    workspace = Workspace()
    workspace.show(runs)
    workspace.display = replace(workspace.display, events_visible=True)
    return workspace


class Kept:
    """A view that keeps what it is told."""

    def __init__(self) -> None:
        self.states: list[EventsState] = []

    def set_events(self, state: EventsState) -> None:
        self.states.append(state)


def test_what_is_kept_of_a_long_training_does_not_grow(
    finder: EventFinder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events_module, "MOST_FRAMES", 3)
    run = FakeRecording()
    for step in range(0, 120, 10):
        run.add_frame(step)
        finder.request((run,), Split.TEST)
        wait(finder)
    assert not finder.is_behind((run,), Split.TEST)
    ((_, kept),) = finder._found.items()
    assert set(frame_pairs(run)) <= set(kept)
    assert len(kept) <= 6


def test_each_frame_is_read_once_and_compared_with_the_one_before(finder: EventFinder) -> None:
    run = MovingRecording()
    run.add_frame(0, 10, 20, 30)
    finder.request((run,), Split.TEST)
    wait(finder)
    assert sorted(run.reads) == [("frame", step) for step in (0, 10, 20, 30)]
    found = finder.found(run, Split.TEST)
    assert {(one.since, one.step) for one in found} == {(10, 20)}
    assert found[0].kind is EventKind.MIX
    assert found[0].labels == (0, 1)
    run.add_frame(40)
    finder.request((run,), Split.TEST)
    wait(finder)
    assert run.reads[4:] == [("frame", 40)]
    assert finder.found(run, Split.TEST) == found
    assert not finder.is_behind((run,), Split.TEST)
    finder.clear()
    assert finder.found(run, Split.TEST) == ()
    assert finder.is_behind((run,), Split.TEST)


def test_a_frame_that_cannot_be_read_is_left_out_and_not_read_for_ever(finder: EventFinder) -> None:
    class Broken(MovingRecording):
        def frame(self, step: int) -> Frame:
            if step == 10:
                self.reads.append(("frame", step))
                raise OSError(5, "broken")
            return super().frame(step)

    run = Broken()
    run.add_frame(0, 10, 20, 30)
    for _ in range(2):
        finder.request((run,), Split.TEST)
        wait(finder)
    assert finder.found(run, Split.TEST) == ()
    assert [step for _, step in run.reads].count(10) == 2  # of the two pairs that it is in
    assert not finder.is_behind((run,), Split.TEST)


def test_a_run_of_too_many_images_says_so(
    finder: EventFinder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events_module, "EXACT_UP_TO", 29)
    run, view = MovingRecording(), Kept()
    run.add_frame(0, 20)
    presenter = EventsPresenter(view, shown(run), finder)
    presenter.update()
    wait(finder)
    presenter.update()
    assert "a run that is shown has more" in view.states[-1].note
    assert finder.refuses((run,), Split.TEST)
    assert not finder.refuses((run,), Split.TRAIN)  # which are few, and not asked for
    finder.clear()
    assert not finder.refuses((run,), Split.TEST)


def test_of_a_long_run_the_newest_frames_are_compared() -> None:
    run = FakeRecording()
    steps = tuple(range(0, 10 * MOST_FRAMES, 5))
    run.change(frame_steps=steps)
    pairs = frame_pairs(run)
    assert len(pairs) == MOST_FRAMES
    assert pairs[0] == steps[-2:]


def test_events_are_listed_newest_first_with_their_run_and_gone_to(finder: EventFinder) -> None:
    first, second = MovingRecording("npair"), MovingRecording("npair+symm")
    first.add_frame(0, 25)
    second.add_frame(0, 10, 20)
    workspace, view = shown(first, second), Kept()
    presenter = EventsPresenter(view, workspace, finder)
    presenter.update()
    assert view.states[-1].note == "Comparing the frames..."
    wait(finder)
    presenter.update()
    lines = view.states[-1].lines
    assert [line.event.step for line in lines] == [25, 25, 20, 20]
    assert lines[0].heading == "Step 25 · N-pair"
    assert lines[-1].heading == "Step 20 · Symm + N-pair"
    mix = next(line for line in lines if line.event.kind is EventKind.MIX)
    names = first.info.class_names
    assert mix.sentence.startswith(f"Class {names[0]} and class {names[1]} mix: ")
    presenter.go_to(mix)
    assert workspace.cursor.step == 25
    assert workspace.selection.samples == frozenset(mix.event.samples)
    assert workspace.selection.query is not None
    assert workspace.selection.query.sample == mix.event.samples[0]


def test_nothing_is_compared_while_the_list_is_closed(finder: EventFinder) -> None:
    run = MovingRecording()
    run.add_frame(0, 20)
    workspace, view = shown(run), Kept()
    workspace.display = replace(workspace.display, events_visible=False)
    presenter = EventsPresenter(view, workspace, finder)
    presenter.update()
    wait(finder)
    assert (run.reads, view.states) == ([], [])
    workspace.display = replace(workspace.display, events_visible=True)
    presenter.update()
    wait(finder)
    presenter.update()
    presenter.update()
    assert len(view.states) == 2  # looking, and what was found: once each
    workspace.display = replace(workspace.display, events_visible=False)
    presenter.update()
    assert view.states[-1] == EventsState()


@pytest.mark.parametrize(
    ("steps", "note"), [((), "no second frame yet"), ((0, 10), "Nothing large happened")]
)
def test_an_empty_list_says_why(finder: EventFinder, steps: tuple[int, ...], note: str) -> None:
    run = MovingRecording()
    run.add_frame(*steps)
    view = Kept()
    presenter = EventsPresenter(view, shown(run), finder)
    presenter.update()
    wait(finder)
    presenter.update()
    assert note in view.states[-1].note


def test_the_list_is_bounded(finder: EventFinder, monkeypatch: pytest.MonkeyPatch) -> None:
    newest = range(299, -1, -1)

    def many(*_: Any) -> tuple[Event, ...]:
        return tuple(Event(EventKind.LEFT, step, 0, (1,), (0, 1), 1, 1) for step in newest)

    monkeypatch.setattr(finder, "found", many)
    said: list[Event] = []

    def sentence(event: Event, names: tuple[str, ...]) -> str:
        said.append(event)
        return event_sentence(event, names)

    monkeypatch.setattr("symmviz.model.resolve.events.event_sentence", sentence)
    view = Kept()
    runs = MovingRecording("npair"), MovingRecording("npair+symm")
    EventsPresenter(view, shown(*runs), finder).update()
    lines = view.states[-1].lines
    # the newest of both runs, and no sentence for any that is not listed
    assert [line.event.step for line in lines] == sorted([*range(250, 300)] * 2, reverse=True)
    assert len(said) == len(lines) == MOST_LINES


def test_a_line_is_chosen_by_click_and_by_key_and_stays_current(qtbot: QtBot) -> None:
    page = WatchPage()
    qtbot.addWidget(page)
    page.resize(900, 600)
    page.show()
    panel: EventPanel = page.events
    assert panel.isHidden()
    chosen: list[object] = []
    panel.chosen.connect(chosen.append)
    run = MovingRecording()
    run.add_frame(0, 20)
    finder = EventFinder()
    finder.request((run,), Split.TEST)
    wait(finder)
    kept = Kept()
    EventsPresenter(kept, shown(run), finder).update()
    assert finder.close(PATIENCE)
    state = kept.states[-1]
    panel.set_events(state)
    assert panel.isVisible()
    assert panel.button.isChecked()
    panel.list.setFocus()
    panel.list.setCurrentRow(1)
    qtbot.keyClick(panel.list, Qt.Key.Key_Return)
    assert chosen == [state.lines[1]]
    rest = replace(state, lines=state.lines[1:])
    panel.set_events(rest)
    assert panel.list.currentRow() == 0
    panel.list.itemClicked.emit(panel.list.item(0))
    assert chosen == [state.lines[1]] * 2
    panel.set_events(EventsState(True, (), "Nothing"))
    assert panel.list.isHidden()
    panel.set_events(EventsState())
    assert panel.isHidden()
    assert not panel.button.isChecked()


def test_a_row_is_as_high_as_its_text_and_its_heading_stands_out(qtbot: QtBot) -> None:
    page = QWidget()
    qtbot.addWidget(page)
    page.resize(300, 300)
    panel = EventPanel(page)
    page.show()
    panel.resize(236, 300)
    panel.show()
    lines = panel.list
    lines.addItems(["Step 1\nShort.", f"Step 2\n{'a class with a name ' * 8}", "Step 3\nShort."])
    heights = [lines.visualItemRect(lines.item(row)).height() for row in range(3)]
    assert heights[0] == heights[2]
    line = lines.fontMetrics().height()
    assert heights[1] > heights[0] + 3 * line
    assert heights[0] > 2.5 * line  # room between rows
    picture = lines.viewport().grab().toImage()
    ratio = picture.devicePixelRatio()
    darkest = [
        min(
            picture.pixelColor(int(x * ratio), int(y * ratio)).lightness()
            for x in range(4, 60)
            for y in range(top, top + line)
        )
        for top in (6, 6 + line)
    ]
    ground = picture.pixelColor(picture.width() - 2, 2).lightness()
    assert darkest[0] < darkest[1] - 40
    assert darkest[1] < ground - 40
