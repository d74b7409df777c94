"""The menu of projections, whatever is installed."""

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from symmcore.projection import methods
from symmcore.projection.base import PCA, TSNE, UMAP
from symmviz.views.method_box import MethodBox


def test_a_method_whose_library_is_missing_says_what_to_install(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(methods, "find_spec", lambda name: None if name == "umap" else object())
    box = MethodBox()
    qtbot.addWidget(box)
    items = {box.itemData(at): (box.itemText(at), at) for at in range(box.count())}
    assert items[UMAP][0] == "UMAP needs umap-learn: pip install umap-learn"
    assert (items[TSNE][0], items[PCA][0]) == ("t-SNE", "PCA")

    def is_enabled(method: str) -> bool:
        flags = box.model().flags(box.model().index(items[method][1], 0))
        return bool(flags & Qt.ItemFlag.ItemIsEnabled)

    assert [is_enabled(method) for method in (TSNE, UMAP, PCA)] == [True, False, True]
