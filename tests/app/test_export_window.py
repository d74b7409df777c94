import csv
import io
import time
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from helpers_runs import record_loop
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget
from pytestqt.qtbot import QtBot

from symmcore.export import ExportOptions
from symmcore.palette import OKABE_ITO
from symmcore.progress import Progress, ProgressCallback
from symmcore.runs import Recording
from symmviz.app import Launched
from symmviz.exporting import EXPORTS, export_kind
from symmviz.exporting.request import ExportRequest
from symmviz.model.curve import Panel
from symmviz.model.display import ColourBy
from symmviz.model.retrieval.query import Query, Split
from symmviz.model.runs.seed_runs import SeedRuns
from symmviz.model.workspace import Cursor
from symmviz.services.exports import Exports, ExportState
from symmviz.views.dialogs.export_dialog import ExportDialog
from symmviz.views.map.column import MapColumn

_PATIENCE = 60_000


@pytest.fixture
def shown(launched: Launched, qtbot: QtBot, tmp_path: Path) -> Launched:
    """The window with a run of two frames."""
    record_loop(tmp_path / "mine")
    launched.controller.open((tmp_path / "mine",))
    workspace = launched.controller.workspace

    def is_drawn() -> bool:
        window = launched.window
        if not workspace.recordings or window.page is not window.watch_page:
            return False
        try:
            scatter = window.watch_page.scatter(0)
        except IndexError:  # its column follows
            return False
        return scatter.positions is not None and scatter.still

    qtbot.waitUntil(is_drawn, timeout=_PATIENCE)
    return launched


@pytest.fixture
def dialog(shown: Launched, qtbot: QtBot) -> ExportDialog:
    shown.window.export_wanted.emit()
    (found,) = shown.window.findChildren(ExportDialog)
    qtbot.waitExposed(found)
    return found


@pytest.fixture
def alone(qtbot: QtBot) -> ExportDialog:
    """The dialog without the window that carries it out."""
    window = QWidget()
    qtbot.addWidget(window)
    return ExportDialog(EXPORTS, ["N-pair"], 1, Path("/"), lambda kind: kind.about, window)


def choose(dialog: ExportDialog, what: str) -> None:
    dialog.what.setCurrentIndex(dialog.what.findData(what))


def click(dialog: ExportDialog, qtbot: QtBot) -> None:
    qtbot.mouseClick(dialog.export_button, Qt.MouseButton.LeftButton)


def test_of_several_seeds_all_that_are_drawn_can_be_written(
    shown: Launched, qtbot: QtBot, tmp_path: Path
) -> None:
    record_loop(tmp_path / "other")
    workspace = shown.controller.workspace
    workspace.seeds = SeedRuns((Recording.open(tmp_path / "other"),), 2, 2, going=False)
    shown.window.export_wanted.emit()
    (dialog,) = shown.window.findChildren(ExportDialog)
    qtbot.waitExposed(dialog)
    offered = {}
    for what in ("metrics", "map", "embeddings"):
        choose(dialog, what)
        offered[what] = [dialog.run.itemText(at) for at in range(dialog.run.count())]
    assert offered["embeddings"] == ["mine", "other"]
    assert offered["map"] == ["mine", "other", "All seeds (2 runs)"], "its map alone is drawn"
    assert offered["metrics"] == ["All seeds (2 runs)", "mine", "other"]
    choose(dialog, "metrics")
    dialog.file.setText(str(tmp_path / "seeds.csv"))
    click(dialog, qtbot)
    qtbot.waitUntil(lambda: dialog.message().startswith("Wrote"), timeout=_PATIENCE)
    with (tmp_path / "seeds.csv").open(newline="") as file:
        assert {row["run"] for row in csv.DictReader(file)} == {"mine", "other"}


def test_the_dialog_writes_what_is_chosen(
    dialog: ExportDialog, qtbot: QtBot, tmp_path: Path
) -> None:
    choose(dialog, "metrics")
    dialog.file.setText(str(tmp_path / "m.csv"))
    click(dialog, qtbot)
    qtbot.waitUntil(lambda: dialog.message().startswith("Wrote"), timeout=_PATIENCE)
    assert not dialog.is_error()
    with (tmp_path / "m.csv").open(newline="") as file:
        assert {row["metric"] for row in csv.DictReader(file)} == {"loss", "test_recall_at_1"}
    click(dialog, qtbot)
    qtbot.waitUntil(lambda: "exists" in dialog.message(), timeout=_PATIENCE)
    assert dialog.is_error()
    assert dialog.export_button.isEnabled()
    dialog.replace.setChecked(True)
    click(dialog, qtbot)
    qtbot.waitUntil(lambda: dialog.message().startswith("Wrote"), timeout=_PATIENCE)
    dialog.reject()


def test_a_wrong_file_is_said_in_the_dialog(
    dialog: ExportDialog, qtbot: QtBot, tmp_path: Path
) -> None:
    choose(dialog, "map")
    for name, said in (("", "no file"), ("a.doc", "is written as .png, .svg or .pdf")):
        dialog.file.setText(name)
        click(dialog, qtbot)
        assert said in dialog.message()
    dialog.file.setText(str(tmp_path / "nowhere" / "a.png"))
    click(dialog, qtbot)
    qtbot.waitUntil(lambda: "its folder does not exist" in dialog.message(), timeout=_PATIENCE)
    dialog.reject()


def test_the_format_and_the_file_say_the_same(alone: ExportDialog) -> None:
    choose(alone, "map")
    alone.form.setCurrentIndex(alone.form.findData(".pdf"))
    assert alone.file.text().endswith("map.pdf")
    choose(alone, "projector")
    assert Path(alone.file.text()).suffix == ""


def test_what_is_selected_is_listed(
    shown: Launched, dialog: ExportDialog, qtbot: QtBot, tmp_path: Path
) -> None:
    workspace = shown.controller.workspace
    workspace.select(workspace.recordings[0], Query(7, Split.TEST))
    choose(dialog, "selection")
    dialog.file.setText(str(tmp_path / "list.txt"))
    click(dialog, qtbot)
    qtbot.waitUntil(lambda: dialog.message().startswith("Wrote"), timeout=_PATIENCE)
    assert (tmp_path / "list.txt").read_text() == "7\n"
    dialog.reject()


def test_it_is_said_which_steps_and_images_an_export_is_of(shown: Launched) -> None:
    workspace = shown.controller.workspace
    workspace.cursor = Cursor(1)
    workspace.display = replace(workspace.display, method="pca")
    shown.window.export_wanted.emit()
    (dialog,) = shown.window.findChildren(ExportDialog)
    at = "step 1, where the time slider is"
    for what, said in (
        ("map", f"At {at}, of the test images, by PCA."),
        ("metrics", f"Up to {at}."),
        ("animation", f"Up to {at}, of the test images, by PCA."),
    ):
        choose(dialog, what)
        assert dialog.scope.text() == said
    choose(dialog, "html")
    assert not dialog.file.text().endswith("html.html")
    dialog.reject()


def test_every_field_has_a_name_and_a_tip(alone: ExportDialog) -> None:
    for at in range(len(EXPORTS)):
        alone.what.setCurrentIndex(at)
        for field in (alone.what, alone.run, alone.form, alone.file, alone.neighbours):
            assert field.accessibleName()
            assert field.toolTip()


def test_an_export_is_cancelled_and_leaves_nothing(tmp_path: Path, qtbot: QtBot) -> None:
    record_loop(tmp_path / "mine")
    there = sorted(tmp_path.iterdir())
    kind = export_kind("metrics")

    def write(_: object, path: Path, options: ExportOptions, progress: ProgressCallback) -> None:
        path.write_text("half")
        for done in range(100_000):
            progress(Progress("Working", done))
            time.sleep(0.001)

    endless = type(kind)("x", "X", "", (".csv",), write)
    exports = Exports()
    run = Recording.open(tmp_path / "mine")
    exports.start(ExportRequest(endless, (run,), tmp_path / "a.csv", ExportOptions(), False))
    qtbot.waitUntil(
        lambda: exports.state is not None and exports.state.progress is not None,
        timeout=_PATIENCE,
    )
    exports.cancel()
    qtbot.waitUntil(lambda: _state(exports).ended, timeout=_PATIENCE)
    assert exports.close(10)
    assert _state(exports).cancelled
    assert _state(exports).error == ""
    assert sorted(tmp_path.iterdir()) == there


def _state(exports: Exports) -> ExportState:
    assert exports.state is not None
    return exports.state


def test_the_picture_of_a_map_is_copied(shown: Launched, qtbot: QtBot) -> None:
    page, workspace = shown.window.watch_page, shown.controller.workspace
    workspace.display = replace(workspace.display, colour_by=ColourBy.CLASS)
    column = page.scatter(0).parentWidget()
    assert isinstance(column, MapColumn)
    qtbot.wait(200)
    qtbot.waitUntil(lambda: page.scatter(0).still, timeout=_PATIENCE)
    page.scatter(0).actions()[0].trigger()
    copied = QGuiApplication.clipboard().image()
    assert copied.width() >= 2 * column.width() - 1
    buffer = io.BytesIO(bytes(column.pictures.coded(".png")))
    with Image.open(buffer) as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    wanted = [int(OKABE_ITO[0][at : at + 2], 16) for at in (1, 3, 5)]
    assert (abs(pixels - wanted).max(axis=2) < 50).sum() > 50, "points of the first class"


def test_a_right_click_offers_the_picture_of_a_plot(
    shown: Launched, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = shown.window.watch_page.curves.panel(Panel.LOSS)
    monkeypatch.setattr(QFileDialog, "exec", lambda _: 1)
    monkeypatch.setattr(QFileDialog, "selectedFiles", lambda _: [str(tmp_path / "loss.svg")])
    # which the offscreen platform has no way to show
    monkeypatch.setattr(QMenu, "popup", lambda *_: None)
    qtbot.mouseClick(
        panel.plot.viewport(),
        Qt.MouseButton.RightButton,
        pos=QPoint(panel.plot.width() // 2, panel.plot.height() // 3),
    )
    qtbot.waitUntil(lambda: bool(panel.findChildren(QMenu)), timeout=5000)
    (menu,) = panel.findChildren(QMenu)
    assert [action.text() for action in menu.actions()] == ["Copy picture", "Save picture..."]
    menu.actions()[1].trigger()
    menu.aboutToHide.emit()
    path = tmp_path / "loss.svg"
    qtbot.waitUntil(path.exists, timeout=_PATIENCE)
    qtbot.waitUntil(
        lambda: str(path) in shown.window.statusBar().currentMessage(), timeout=_PATIENCE
    )
    drawing = ElementTree.parse(path).getroot()  # noqa: S314 - our own
    words = " ".join("".join(text.itertext()) for text in drawing.iter() if "text" in text.tag)
    assert "Loss" in words
    content = panel.pictures.coded(".pdf")
    assert content.startswith(b"%PDF-")
    assert content.rstrip().endswith(b"%%EOF")
