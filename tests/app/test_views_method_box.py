"""The menu of projections, whatever is installed."""

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from symmcore.projection import methods
from symmcore.projection.base import PCA, TSNE, UMAP
from symmviz.views.map.method_box import MethodBox


def test_a_method_whose_library_is_missing_says_what_to_install(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(methods, "find_spec", lambda name: None if name == "umap" else object())
    box = MethodBox()
    qtbot.addWidget(box)
    items = {box.itemData(at): (box.itemText(at), at) for at in range(box.count())}
    assert items[UMAP][0] == "UMAP needs umap-learn: pip install umap-learn"
    assert (items[TSNE][0], items[PCA][0]) == ("t-SNE", "PCA")
    assert [is_enabled(box, method) for method in (TSNE, UMAP, PCA)] == [True, False, True]


def test_a_method_whose_library_is_found_broken_says_what_it_needs(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(methods, "find_spec", lambda name: object())
    box = MethodBox()
    qtbot.addWidget(box)
    box.set_method(TSNE)
    width = box.sizeHint().width()
    box.set_unusable({TSNE: methods.UnusableMethodError(TSNE, OSError("no")).remedy})
    said = "t-SNE needs openTSNE repaired: pip install --force-reinstall openTSNE"
    assert box.itemText(box.findData(TSNE)) == said
    assert [is_enabled(box, method) for method in (TSNE, UMAP, PCA)] == [False, True, True]
    assert box.currentData() == TSNE
    assert box.sizeHint().width() == width, "it takes no room from what is beside it"


def is_enabled(box: MethodBox, method: str) -> bool:
    flags = box.model().flags(box.model().index(box.findData(method), 0))
    return bool(flags & Qt.ItemFlag.ItemIsEnabled)
