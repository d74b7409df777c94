"""What one launch of the window leaves to the next."""

import dataclasses
import json
from pathlib import Path

import pytest
from helpers_start import FORM, form
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox
from pytestqt.qtbot import QtBot

from symmviz.actions.preferences import PreferenceActions
from symmviz.app import Launched
from symmviz.model.appearance import Appearance
from symmviz.model.map.layers import AT_FIRST, Layer
from symmviz.model.workspace import Workspace
from symmviz.presenters.start_memory import form_of, form_text
from symmviz.services.preferences import Settings
from symmviz.views.start.page import StartPage
from symmviz.views.style.theme import has_animations
from symmviz.views.widgets.divided import Divided
from symmviz.views.window.main_window import MainWindow


def test_a_form_is_read_as_it_was_written() -> None:
    assert form_of(form_text(FORM), FORM.runs_folder) == FORM
    plain = form(symm=False, dataset="folder:/photos", preset="official")
    assert form_of(form_text(plain), FORM.runs_folder) == plain


STORED = json.loads(form_text(FORM))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        json.dumps(STORED | {"dataset": "nothing"}),
        json.dumps(STORED | {"spec": "nothing+symm"}),
        json.dumps(STORED | {"spec": "npair"}),
        json.dumps(STORED | {"preset": "nothing"}),
        json.dumps(STORED | {"settings": {"steps": "many"}}),
        json.dumps(STORED | {"settings": {"steps": -1}}),
        json.dumps(STORED | {"settings": 3}),
    ],
)
def test_what_is_none_is_left_alone(text: str) -> None:
    assert form_of(text, FORM.runs_folder) is None


def opened(qtbot: QtBot, workspace: Workspace | None = None) -> MainWindow:
    """The window of another launch."""
    settings = Settings()
    window = MainWindow(StartPage(settings.runs_folder), settings.appearance)
    qtbot.addWidget(window)
    PreferenceActions(window, settings, Workspace() if workspace is None else workspace)
    return window


@pytest.mark.usefixtures("runs_folder")
class TestWindow:
    def test_the_next_launch_proposes_what_was_chosen(self, qtbot: QtBot) -> None:
        first = opened(qtbot)
        page = first.start_page
        page.set_dataset("digits")
        page.set_preset("official")
        page.set_loss("triplet")
        page.set_symm(False)
        page.set_settings({"steps": 1234, "seed": 5, "dim": 32})
        (links,) = (one for one in page.findChildren(QCheckBox) if one.text() == "Follow links")
        links.setChecked(True)
        wanted = page.form()
        assert wanted.settings["follow_links"] is True
        first.close()
        again = opened(qtbot).start_page
        assert again.form() == wanted
        boxes = [box.currentText() for box in again.findChildren(QComboBox)]
        assert "Official code, changed" in boxes

    def test_reset_is_as_at_the_first_launch(self, qtbot: QtBot, tmp_path: Path) -> None:
        window = opened(qtbot)
        proposed = window.start_page.form()
        window.start_page.set_dataset("digits")
        window.start_page.set_settings({"steps": 7})
        window.start_page.comparison.add_button.click()
        assert window.start_page.comparison.specs
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        (gliding,) = (one for one in window.findChildren(QAction) if "glide" in one.text())
        gliding.setChecked(not has_animations(app))
        Settings().appearance = Appearance.DARK
        chosen: list[Appearance] = []
        window.appearance_chosen.connect(chosen.append)
        window.reset_wanted.emit()
        assert window.start_page.form() == proposed
        assert gliding.isChecked() == has_animations(app)
        assert chosen == [Appearance.SYSTEM]
        assert Settings().start == ""
        assert Settings().appearance is Appearance.SYSTEM
        assert Settings().runs_folder == tmp_path / "runs"

    @pytest.mark.parametrize("layers", [frozenset(), frozenset({Layer.TRAILS, Layer.PICKED_TYPES})])
    def test_the_layers_of_maps_are_remembered_and_reset(
        self, qtbot: QtBot, layers: frozenset[Layer]
    ) -> None:
        first, again, last = Workspace(), Workspace(), Workspace()
        opened(qtbot, first)
        assert first.display.layers == AT_FIRST
        first.display = dataclasses.replace(first.display, layers=layers)
        window = opened(qtbot, again)
        assert again.display.layers == layers
        window.reset_wanted.emit()
        assert again.display.layers == AT_FIRST
        opened(qtbot, last)
        assert last.display.layers == AT_FIRST

    @pytest.mark.parametrize("name", ["watch", "retrieve"])
    def test_how_a_page_is_divided_is_remembered(self, qtbot: QtBot, name: str) -> None:
        def divided(window: MainWindow) -> list[int]:
            window.resize(1000, 900)
            window.show()
            window.show_page(getattr(window, f"{name}_page"))
            return splitter(window).sizes()

        def splitter(window: MainWindow) -> Divided:
            found = getattr(window, f"{name}_page").findChild(Divided, name)
            assert isinstance(found, Divided)
            return found

        def drag(window: MainWindow) -> None:
            bar = splitter(window).handle(1)
            middle = bar.rect().center()
            left, move = Qt.MouseButton.LeftButton, QPoint(50, 50)
            qtbot.mousePress(bar, left, pos=middle)
            qtbot.mouseMove(bar, middle + move)
            qtbot.mouseRelease(bar, left, pos=middle + move)

        first = opened(qtbot)
        before = divided(first)
        first.close()
        assert Settings().divided(name) is None  # as the page proposes in any window
        second = opened(qtbot)
        divided(second)
        drag(second)
        left = splitter(second).sizes()
        assert left != before
        second.close()
        again = opened(qtbot)
        assert divided(again) == left
        again.reset_wanted.emit()
        assert splitter(again).sizes() != left
        assert not splitter(again).by_user


def test_a_training_that_starts_is_proposed_again(launched: Launched) -> None:
    page = launched.window.start_page
    page.set_settings({"steps": 3})
    page.start.emit()
    left = form_of(Settings().start, page.runs_folder)
    assert left is not None
    assert (left.dataset, left.settings["steps"]) == ("digits", 3)
