"""A label of a few lines."""

from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from symmviz.views.widgets.title_label import TitleLabel

TEXT = "599 of 599 test images · fail: 62 in N-pair, 46 in Symm + N-pair, 43 in Triplet"


def test_a_text_is_broken_into_its_lines_and_cut_only_beyond_the_last(qtbot: QtBot) -> None:
    page = QWidget()
    qtbot.addWidget(page)
    page.show()
    for most in (1, 2, 3, 4):
        label = TitleLabel(page, most)
        label.setText(TEXT)
        label.show()
        label.resize(label.whole_width() // most + 90, 80)
        assert 1 <= label.lines <= most
        assert label.shown().replace("\n", " ") == TEXT
        assert not label.toolTip()
        label.resize(label.whole_width() // most - 20, 80)
        assert label.lines == most
        assert "…" in label.shown().split("\n")[-1]
        assert label.toolTip()
