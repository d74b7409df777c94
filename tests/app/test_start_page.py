"""The Start page by itself: what is shown is what is asked for."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLabel,
    QMenu,
    QPushButton,
    QRadioButton,
    QSpinBox,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from symmcore.data.sources import torchvision_catalog
from symmcore.losses import build_loss
from symmcore.settings.losses import CATALOG, LossSettings
from symmcore.settings.symm import Symm
from symmcore.training.config import preset_config
from symmviz.model.runs.comparison import MOST_RUNS
from symmviz.model.runs.figures import FIGURES, Figure
from symmviz.presenters.start import chosen_seeds, training_config
from symmviz.presenters.start_check import start_problem
from symmviz.views.forms.loss_fields import LossFields
from symmviz.views.forms.training_fields import TrainingFields
from symmviz.views.start.dataset_picker import DatasetPicker
from symmviz.views.start.page import StartPage
from symmviz.views.start.preset_field import PresetField
from symmviz.views.start.seeds_field import SeedsField
from symmviz.views.widgets.disclosure import Disclosure
from symmviz.views.widgets.typed_choice import TypedChoice


@pytest.fixture
def page(qtbot: QtBot) -> StartPage:
    made = StartPage(Path("/runs"))
    qtbot.addWidget(made)
    return made


def test_alphabets_are_proposed_and_digits_are_one_click_away(
    qtbot: QtBot, page: StartPage
) -> None:
    assert page.form().dataset == "alphabets"
    digits = next(b for b in page.findChildren(QRadioButton) if b.text() == "Digits")
    qtbot.mouseClick(digits, Qt.MouseButton.LeftButton)
    assert page.form().dataset == "digits"


def drop(page: StartPage, path: Path) -> bool:
    """Drop a path on the page as from a file manager; returns whether it was taken."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    event = QDropEvent(
        QPoint(5, 5),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    page.dropEvent(event)
    return event.isAccepted()


def test_what_is_dropped_is_told_without_a_look_at_the_disk(
    qtbot: QtBot, page: StartPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(path: Path) -> bool:
        raise AssertionError(f"{path} was looked at, which may be a slow network folder")

    monkeypatch.setattr(Path, "is_dir", look)
    with qtbot.waitSignal(page.dropped) as told:
        assert drop(page, tmp_path)
    assert told.args == [tmp_path]


def test_the_folders_that_can_be_opened_are_listed(page: StartPage) -> None:
    button = next(b for b in page.findChildren(QPushButton) if b.text() == "Open")
    titles = [action.text() for action in button.menu().actions()]
    assert titles == [
        "A folder of images...",
        "CUB-200-2011...",
        "Cars196...",
        "Stanford Online Products...",
        "From torchvision",
    ]


def test_what_a_click_downloads_is_said_before(
    page: StartPage, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torchvision_catalog, "cache_folder", lambda: tmp_path)
    (tmp_path / torchvision_catalog.DTD.name / torchvision_catalog.DTD.marker).mkdir(parents=True)
    button = next(b for b in page.findChildren(QPushButton) if b.text() == "Open")
    menu = next(m for m in button.menu().findChildren(QMenu) if "torchvision" in m.title())
    menu.aboutToShow.emit()
    titles = {action.text(): action for action in menu.actions()}
    assert "Omniglot, 32,460 images (download of about 16 MB)" in titles
    assert "Food101, 101,000 images (download of about 5.0 GB)" in titles
    assert "DTD, 5,640 images" in titles
    with qtbot.waitSignal(page.dataset_changed):
        titles["DTD, 5,640 images"].trigger()
    assert page.form().dataset == "torchvision:DTD"


def test_a_note_beside_the_dataset(page: StartPage) -> None:
    picker = page.findChild(DatasetPicker)
    assert picker is not None
    page.set_dataset_note("Looking <b>through</b> the files...", is_error=False)
    assert picker.note() == "Looking <b>through</b> the files..."
    page.set_dataset_note("", is_error=False)
    assert picker.note() == ""


def test_another_split_or_preset_is_looked_at_anew(page: StartPage, qtbot: QtBot) -> None:
    with qtbot.waitSignal(page.dataset_changed):
        page.set_preset("paper")  # its images are larger
    split = next(b for b in page.findChildren(QComboBox) if b.findData("image") >= 0)
    with qtbot.waitSignal(page.dataset_changed):
        split.setCurrentIndex(split.findData("image"))


def test_links_of_the_users_own_folder_can_be_followed(
    page: StartPage, qtbot: QtBot, tmp_path: Path
) -> None:
    follow = next(b for b in page.findChildren(QCheckBox) if b.text() == "Follow links")
    assert not follow.isVisibleTo(page)
    page.set_dataset(f"folder:{tmp_path}")
    assert follow.isVisibleTo(page)
    assert not page.form().settings["follow_links"]
    with qtbot.waitSignal(page.dataset_changed):
        follow.click()
    assert page.form().settings["follow_links"]
    page.set_dataset("digits")
    assert not follow.isVisibleTo(page)
    assert not training_config(page.form(), compare=False).follow_links


def test_a_preset_fills_in_its_values(page: StartPage) -> None:
    page.set_preset("paper")
    form = page.form()
    usual = preset_config("paper")
    for name in ("network", "dim", "learning_rate", "steps", "eval_every", "batch_size"):
        assert form.settings[name] == getattr(usual, name)
    page.set_preset("quick")
    assert page.form().settings["network"] == "conv3"


def test_only_networks_with_imagenet_weights_offer_them(page: StartPage) -> None:
    weights = next(box for box in page.findChildren(QComboBox) if box.findData("imagenet") >= 0)
    assert not weights.isEnabled()
    page.set_preset("paper")
    assert weights.isEnabled()
    weights.setCurrentIndex(weights.findData("imagenet"))
    assert page.form().settings["weights"] == "imagenet"
    page.set_preset("quick")
    assert page.form().settings["weights"] == "none"


def test_a_network_of_timm_is_typed_in(
    page: StartPage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    (box,) = page.findChildren(TypedChoice)
    (fields,) = page.findChildren(TrainingFields)

    edit = box.lineEdit()
    assert edit is not None

    def type_in(text: str) -> None:
        edit.clear()
        qtbot.keyClicks(edit, text)
        qtbot.keyClick(edit, Qt.Key.Key_Return)

    for name in ("timm:test_vit", "timm:test_resnet"):
        type_in(name)
        assert fields.network_problem() == "Checking the name with timm..."
    type_in("resnet-18")
    assert fields.network_problem() == ""
    assert page.form().settings["network"] == "resnet18"
    type_in("resnett")
    assert fields.network_problem().startswith("Unknown network 'resnett': choose one of conv3,")
    problem = start_problem(page.form())
    assert problem is not None
    assert problem.text == fields.network_problem()
    box.setEditText("timm:test_vit")  # not left yet, and yet it counts
    assert page.form().settings["network"] == "timm:test_vit"
    assert [box.itemData(at) for at in range(box.count())].count("timm:test_vit") == 1
    taken = replace(page.form(), settings={"network": "timm:test_resnet"})
    page.set_form(taken)
    assert page.form().settings["network"] == "timm:test_resnet"
    page.set_preset("paper")
    page.set_preset("quick")
    assert page.form().settings["network"] == "conv3"
    fields.set_timm_names(frozenset())
    monkeypatch.setitem(sys.modules, "timm", None)
    type_in("timm:test_vit")
    assert fields.network_problem() == (
        "The network timm:test_vit needs timm: pip install 'symmviz[timm]'."
    )


def test_a_name_that_timm_has_not_is_said_beside_the_field(page: StartPage, qtbot: QtBot) -> None:
    (box,) = page.findChildren(TypedChoice)
    fields, edit = page.training, box.lineEdit()
    assert edit is not None
    edit.clear()
    with qtbot.waitSignal(fields.timm_names_wanted):
        qtbot.keyClicks(edit, "timm:")  # while it is typed
    box.choose("timm:resnet5O")
    assert [fields.wants_timm_names, fields.network_problem()[:8]] == [True, "Checking"]
    names = frozenset({"resnet50", "resnet50.a1_in1k", "vit_tiny"})
    fields.set_timm_names(names)
    said = fields.network_problem()
    assert said.endswith("has no network 'resnet5O': near are resnet50.")
    assert start_problem(page.form()) is None
    problem = start_problem(page.form(), timm_names=names)
    assert problem is not None
    assert problem.text == f"{said[:-1]}; choose another network under Advanced."
    box.choose("timm:resnet50.a1_in1k")
    assert fields.network_problem() == ""
    weights = fields.field("weights")
    assert weights.isEnabled()
    box.choose("timm:vit_tiny")  # of which there are no weights among the names
    assert not weights.isEnabled()
    completer = edit.completer()
    completer.setCompletionPrefix("NET50")
    assert completer.completionCount() == 2
    box.choose("timm:anything")
    fields.set_timm_names(frozenset())  # nobody knows them
    assert fields.network_problem() == ""


def test_what_is_below_the_fold_is_scrolled_to_when_it_is_opened(
    page: StartPage, qtbot: QtBot
) -> None:
    page.resize(900, 480)
    page.show()
    (more,) = page.findChildren(Disclosure)
    assert not page.training.visibleRegion().boundingRect().height()
    with qtbot.waitSignal(more.opened):
        more.click()
    assert page.training.visibleRegion().boundingRect().height() > 100
    assert more.visibleRegion().boundingRect().height() == more.height()


def test_symm_and_the_loss_are_trained_as_they_are_set(page: StartPage) -> None:
    assert (page.form().symm_settings, page.form().loss_settings) == (Symm(), LossSettings())
    page.set_loss("angular")
    fields = loss_fields(page)
    for label, value in (("Symm: alpha", 1.5), ("Symm: rank", 24), ("Angle", 36.5)):
        box = labelled(fields, label)
        assert box.toolTip()
        box.setValue(value)
    form = page.form()
    assert form.symm_settings == Symm(alpha=1.5, rank=24)
    assert form.loss_settings == LossSettings(angle_deg=36.5)
    for beside in fields.findChildren(QLabel):
        assert beside.toolTip() == beside.buddy().toolTip()
    # Another loss has its own settings, and fewer candidates.
    page.set_loss("lifted")
    form = page.form()
    assert form.loss_settings == LossSettings()
    assert form.symm_settings == Symm(alpha=1.5, rank=16)
    labelled(fields, "Margin").setValue(0.25)
    assert page.form().loss_settings == LossSettings(margin=0.25)


def test_only_the_settings_that_the_loss_has_are_shown(page: StartPage) -> None:
    fields = loss_fields(page)
    shown = {
        "npair": ["Norm penalty"],
        "angular": ["Angle", "Norm penalty"],
        "triplet": ["Margin"],
        "triplet-semihard": ["Margin"],
        "lifted": ["Margin"],
    }
    for loss, labels in shown.items():
        page.set_loss(loss)
        rows = [label for label in fields.findChildren(QLabel) if label.isVisibleTo(fields)]
        assert [row.text() for row in rows if "Symm" not in row.text()] == labels


def test_a_preset_chooses_the_pairs(page: StartPage) -> None:
    page.set_preset("official")
    assert page.form().symm_settings == Symm(pairs="official")
    rank = labelled(loss_fields(page), "Symm: rank")
    rank.setValue(99)
    assert page.form().symm_settings.rank == 6
    assert "of the 6 combinations" in rank.toolTip()
    page.set_preset("quick")
    assert page.form().symm_settings == Symm()


@pytest.mark.parametrize("loss", [info.name for info in CATALOG])
def test_every_number_that_can_be_set_can_be_trained(page: StartPage, loss: str) -> None:
    page.set_loss(loss)
    fields = loss_fields(page)
    boxes: list[Any] = [*fields.findChildren(QDoubleSpinBox), *fields.findChildren(QSpinBox)]
    for end in ("minimum", "maximum"):
        for box in boxes:
            box.setValue(getattr(box, end)())
        form = page.form()
        training_config(form, compare=True)
        assert build_loss(loss, form.symm_settings, form.loss_settings)


def test_a_number_is_shown_with_the_digits_it_has(page: StartPage) -> None:
    fields = loss_fields(page)
    assert labelled(fields, "Norm penalty").text() == "0.002"
    alpha = labelled(fields, "Symm: alpha")
    texts = []
    for value in (2.0, 1.25, 10.0, 100.0):
        alpha.setValue(value)
        texts.append(alpha.text())
    assert texts == ["2", "1.25", "10", "100"]


def test_a_preset_sets_everything_back(page: StartPage) -> None:
    page.set_loss("angular")
    usual = page.form()
    fields = loss_fields(page)
    for label in ("Symm: alpha", "Symm: beta", "Symm: rank", "Angle", "Norm penalty"):
        labelled(fields, label).setValue(1.5 if "rank" not in label else 5)
    page.set_preset("paper")
    page.set_preset("quick")
    assert page.form() == usual


def test_what_is_still_being_typed_counts(page: StartPage, qtbot: QtBot) -> None:
    steps = page.findChildren(QSpinBox)[0]
    steps.selectAll()
    qtbot.keyClicks(steps, "5000000")
    assert page.form().settings["steps"] == 1_000_000


def test_the_tab_key_goes_through_the_page_as_it_is_read(page: StartPage, qtbot: QtBot) -> None:
    page.resize(1000, 1400)
    page.show()
    more = next(b for b in page.findChildren(QToolButton) if b.text() == "Advanced")
    more.click()
    qtbot.waitExposed(page)
    page.set_can_start(True)
    loss = next(box for box in page.findChildren(QComboBox) if box.findData("npair") >= 0)
    chain: list[QWidget] = [loss]
    widget = loss.nextInFocusChain()
    while widget is not loss:
        assert widget is not None
        chain.append(widget)
        widget = widget.nextInFocusChain()
    kinds = QComboBox | QSpinBox | QDoubleSpinBox | SeedsField
    fields = [one for one in chain if isinstance(one, kinds) and one.isVisibleTo(page)]
    assert len(fields) == 5 + 9 + 5
    second = loss_fields(page).mapTo(page, QPoint()).x()
    places = [field.mapTo(page, QPoint()) for field in fields]
    order = [(place.x() >= second, place.y()) for place in places]
    assert order == sorted(order)


def test_an_error_is_scrolled_to(page: StartPage, qtbot: QtBot) -> None:
    page.resize(900, 300)
    page.show()
    qtbot.waitExposed(page)
    page.set_error("No.")
    label = next(one for one in page.findChildren(QLabel) if one.text() == "No.")
    qtbot.waitUntil(lambda: not label.visibleRegion().isEmpty())


def loss_fields(page: StartPage) -> LossFields:
    fields = page.findChild(LossFields)
    assert fields is not None
    return fields


def labelled(fields: LossFields, text: str) -> Any:
    """The field beside a label: a box of numbers, or of whole ones, which is used alike."""
    label = next(label for label in fields.findChildren(QLabel) if label.text() == text)
    return label.buddy()


def test_several_seeds_are_written_as_on_the_command_line(page: StartPage, qtbot: QtBot) -> None:
    (seeds,) = page.findChildren(SeedsField)
    assert chosen_seeds(page.form()) == (0,)
    seeds.selectAll()
    qtbot.keyClicks(seeds, "3,5-7")
    form = page.form()
    assert chosen_seeds(form) == (3, 5, 6, 7)
    assert training_config(form, compare=False).seed == form.settings["seed"] == 3
    qtbot.keyClicks(seeds, "x")
    problem = start_problem(page.form())
    assert problem is not None
    assert problem.text == "'5-7x' in Seeds is no seed and no range: write 0-9, or 0,2,5."
    page.set_settings({"seed": 9})
    assert chosen_seeds(page.form()) == (9,)
    seeds.setText("1,9999999999")
    problem = start_problem(page.form())
    assert problem is not None
    assert "seed" in problem.text.lower()


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: str(figure.title))
def test_a_figure_of_the_paper_is_one_choice(page: StartPage, figure: Figure) -> None:
    menu = page.comparison.figures_button.menu()
    (action,) = (one for one in menu.actions() if one.text() == figure.title)
    action.trigger()
    assert 2 <= len(figure.names) <= MOST_RUNS
    assert page.comparison.note().startswith(f"{figure.title}. {figure.about}")
    assert "They differ in " in page.comparison.note()
    config = training_config(page.form(), compare=False)
    assert tuple(spec.name for spec in config.specs) == figure.names
    page.comparison.chips()[0].click()
    assert figure.title not in page.comparison.note()


def test_a_comparison_is_put_together_and_taken_apart(page: StartPage, qtbot: QtBot) -> None:
    page.set_can_start(True)
    for loss in ("npair", "npair", "triplet"):  # the second is there already
        page.set_loss(loss)
        page.comparison.add_button.click()
    assert [spec.name.partition(":")[0] for spec in page.form().compared] == [
        "npair+symm",
        "triplet+symm",
    ]
    assert "differ in loss" in page.comparison.note()
    assert page.start_button.text() == "Compare these 2 runs"
    assert not page.compare_button.isVisibleTo(page)
    page.comparison.chips()[0].click()
    assert len(page.comparison.chips()) == 1
    assert page.start_button.text() == "Start"
    assert page.compare_button.isVisibleTo(page)
    for rank in range(1, MOST_RUNS + 1):
        labelled(loss_fields(page), "Symm: rank").setValue(rank)
        page.comparison.add_button.click()
    assert len(page.comparison.chips()) == MOST_RUNS
    assert not page.comparison.add_button.isEnabled()


class TestPreset:
    def test_numbers_that_were_changed_are_said_with_a_way_back(
        self, page: StartPage, qtbot: QtBot
    ) -> None:
        field = page.findChild(PresetField)
        assert field is not None
        assert (field.box.currentText(), field.reset_button.isHidden()) == ("Quick", True)
        page.set_settings({"steps": 77, "seed": 5})
        assert field.box.currentText() == "Quick, changed"
        assert page.form().preset == "quick"
        qtbot.mouseClick(field.reset_button, Qt.MouseButton.LeftButton)
        assert (field.box.currentText(), field.reset_button.isHidden()) == ("Quick", True)
        assert page.form().settings["steps"] == 300
        assert page.form().settings["seed"] == 5  # which is none of the preset's

    def test_settings_of_the_method_are_the_presets_too(self, page: StartPage) -> None:
        field = page.findChild(PresetField)
        assert field is not None
        labelled(loss_fields(page), "Symm: alpha").setValue(1.5)
        assert field.box.currentText() == "Quick, changed"
        labelled(loss_fields(page), "Symm: alpha").setValue(2.0)
        assert field.box.currentText() == "Quick"
        page.set_preset("official")
        assert field.box.currentText() == "Official code"
        page.set_loss("triplet")
        assert field.box.currentText() == "Official code"

    def test_what_cannot_be_trained_is_said_beside_it(self, page: StartPage) -> None:
        page.set_can_start(True)
        page.set_problem("No.", of_preset=True)
        assert not page.start_button.isEnabled()
        assert not page.compare_button.isEnabled()
        assert (page.problem(), page.error()) == ("No.", "")
        page.set_problem("Never.", of_preset=False)
        assert (page.problem(), page.error()) == ("Never.", "Never.")
        page.set_problem("", of_preset=False)
        assert page.start_button.isEnabled()
        assert page.problem() == ""
