"""Colours: one palette for light, one for dark, and what colours mean."""

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QStyle

from symmcore.palette import (
    ORIGINAL_ON_DARK,
    ORIGINAL_ON_LIGHT,
    RUNS_ON_DARK,
    RUNS_ON_LIGHT,
    SYNTHETIC_ON_DARK,
    SYNTHETIC_ON_LIGHT,
    VIVID_ON_DARK,
    VIVID_ON_LIGHT,
    class_colours,
)
from symmviz.model.appearance import Appearance
from symmviz.model.map.class_choice import ShownClasses


@dataclass(frozen=True, slots=True)
class Theme:
    """What each thing is coloured with.

    Attributes:
        original: original points (Fig. 8 draws them blue).
        synthetic: synthetic points (Fig. 8 draws them red).
        runs: one colour a run, for lines; used again from the start beyond the last.
        ring: around the selected point.
        neutral: an area that stands for no run and says neither right nor wrong; it stands out
            from what is behind it as a line in the colour of text does from it.
        right: a neighbour of the query's class.
        wrong: a neighbour of another class.
    """

    dark: bool
    window: str
    base: str
    raised: str
    text: str
    muted: str
    border: str
    accent: str
    accent_text: str
    original: str
    synthetic: str
    runs: tuple[str, ...]
    ring: str
    neutral: str
    right: str
    wrong: str

    def class_colours(self, classes: ShownClasses) -> tuple[str, ...]:
        """The colours of the slots of classes that are shown; from the start beyond the last.

        Okabe and Ito's up to 8 classes, Glasbey's beyond; vivid ones for those chosen of many.
        """
        if not classes.are_few:
            return VIVID_ON_DARK if self.dark else VIVID_ON_LIGHT
        return class_colours(len(classes.labels), dark=self.dark)

    def run_colour(self, run: int) -> str:
        """The colour of a run's lines."""
        return self.runs[run % len(self.runs)]


LIGHT = Theme(
    dark=False,
    window="#f4f5f7",
    base="#ffffff",
    raised="#ffffff",
    text="#1c1f24",
    muted="#5d6470",
    border="#d5d8de",
    accent="#2563b8",
    accent_text="#ffffff",
    original=ORIGINAL_ON_LIGHT,
    synthetic=SYNTHETIC_ON_LIGHT,
    runs=RUNS_ON_LIGHT,
    ring="#1c1f24",
    neutral="#7c838f",
    right="#00805d",
    wrong="#c24400",
)
DARK = Theme(
    dark=True,
    window="#1d1f23",
    base="#202328",
    raised="#26292e",
    text="#e8eaed",
    muted="#a0a6b0",
    border="#3a3e46",
    accent="#5b9bea",
    accent_text="#10141a",
    original=ORIGINAL_ON_DARK,
    synthetic=SYNTHETIC_ON_DARK,
    runs=RUNS_ON_DARK,
    ring="#ffffff",
    neutral="#7c838f",
    right="#1fc299",
    wrong="#ff8a4c",
)


def current_theme() -> Theme:
    """The theme the application is coloured with now."""
    # Not a widget's own palette: style sheets make its background transparent black.
    window = QGuiApplication.palette().color(QPalette.ColorRole.Window)
    return DARK if window.lightness() < 128 else LIGHT


def has_animations(app: QApplication) -> bool:
    """Whether the system has animations switched on, as far as Qt knows."""
    return app.style().styleHint(QStyle.StyleHint.SH_Widget_Animation_Duration) > 0


def apply_appearance(app: QApplication, appearance: Appearance) -> None:
    """Colour the whole application; every widget hears of it as a palette change."""
    system_dark = QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark
    dark = system_dark if appearance is Appearance.SYSTEM else appearance is Appearance.DARK
    theme = DARK if dark else LIGHT
    palette = _palette(theme)
    app.setPalette(palette)
    for kind in _FRAMED:
        app.setPalette(_framed(palette, theme) if dark else palette, kind)
    app.setStyleSheet(_STYLE.format(theme=theme))


def _palette(theme: Theme) -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    for target, colour in (
        (role.Window, theme.window),
        (role.WindowText, theme.text),
        (role.Base, theme.base),
        (role.AlternateBase, theme.window),
        (role.Text, theme.text),
        (role.PlaceholderText, theme.muted),
        (role.Button, theme.raised),
        (role.ButtonText, theme.text),
        (role.BrightText, theme.wrong),
        (role.ToolTipBase, theme.raised),
        (role.ToolTipText, theme.text),
        (role.Highlight, theme.accent),
        (role.HighlightedText, theme.accent_text),
        (role.Link, theme.accent),
        (role.Mid, theme.border),
    ):
        palette.setColor(target, QColor(colour))
    group = QPalette.ColorGroup.Disabled
    for target in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(group, target, QColor(theme.muted))
    return palette


# PySide takes names as str, whatever its stubs say.
_FRAMED: tuple[Any, ...] = ("QAbstractSpinBox", "QLineEdit", "QCheckBox", "TypedChoice")
_DARKER = 140  # percent


def _framed(palette: QPalette, theme: Theme) -> QPalette:
    """For fields that Fusion frames in a darker window colour, which is not seen on dark ones."""
    made = QPalette(palette)
    made.setColor(QPalette.ColorRole.Window, QColor(theme.muted).lighter(_DARKER))
    return made


_STYLE = """
QFrame[card="true"] {{
    background: {theme.raised}; border: 1px solid {theme.border}; border-radius: 8px;
}}
QFrame[card="true"] QLabel {{ background: transparent; border: none; }}
QLabel[muted="true"] {{ color: {theme.muted}; }}
QLabel[error="true"] {{ color: {theme.wrong}; }}
QLabel[heading="true"] {{ font-size: 15pt; font-weight: 600; }}
QLabel[title="true"] {{ font-weight: 600; }}
QPushButton {{
    padding: 5px 14px; border: 1px solid {theme.border}; border-radius: 6px;
    background: {theme.raised}; color: {theme.text};
}}
QPushButton:hover {{ border-color: {theme.accent}; }}
QPushButton:focus {{ border-color: {theme.accent}; }}
QPushButton:pressed {{ background: {theme.border}; }}
QPushButton:disabled {{ color: {theme.muted}; background: {theme.window}; }}
QPushButton[chip="true"] {{ padding: 0 6px; border-radius: 4px; color: {theme.muted}; }}
QPushButton[chip="true"]:checked {{
    background: {theme.accent}; color: {theme.accent_text}; border-color: {theme.accent};
}}
QPushButton:checked {{ border-color: {theme.accent}; color: {theme.accent}; }}
QPushButton[primary="true"] {{
    background: {theme.accent}; color: {theme.accent_text}; border-color: {theme.accent};
    font-weight: 600;
}}
QPushButton[primary="true"]:disabled {{
    background: {theme.window}; color: {theme.muted}; border-color: {theme.border};
}}
QPushButton[page="true"] {{
    border: none; border-radius: 0; background: transparent; padding: 8px 14px;
    border-bottom: 2px solid transparent;
}}
QPushButton[page="true"]:checked {{
    border-bottom: 2px solid {theme.accent}; color: {theme.accent};
}}
QPushButton[page="true"]:focus {{ text-decoration: underline; }}
QPushButton[segment="true"] {{
    padding: 4px 4px; border-radius: 0; margin-left: -1px; background: {theme.window};
}}
QPushButton[segment="true"]:checked {{
    background: {theme.raised}; color: {theme.accent}; border-color: {theme.accent};
}}
QFrame[notice="true"] {{
    background: {theme.raised}; border: 1px solid {theme.wrong}; border-radius: 6px;
}}
QFrame[notice="true"] QLabel {{ background: transparent; border: none; }}
QFrame[bar="true"] {{ background: {theme.raised}; border-bottom: 1px solid {theme.border}; }}
QFrame[footer="true"] {{ background: {theme.raised}; border-top: 1px solid {theme.border}; }}
QProgressBar {{
    border: none; border-radius: 3px; background: {theme.border}; max-height: 6px;
}}
QProgressBar::chunk {{ background: {theme.accent}; border-radius: 3px; }}
QSpinBox, QDoubleSpinBox, QComboBox, SeedsField {{ min-height: 24px; }}
QCheckBox::indicator:unchecked, QRadioButton::indicator:unchecked {{
    border: 1px solid {theme.muted}; background: {theme.base}; width: 12px; height: 12px;
}}
QCheckBox::indicator:unchecked {{ border-radius: 2px; }}
QRadioButton::indicator:unchecked {{ border-radius: 7px; }}
QRadioButton::indicator:checked {{
    border: 4px solid {theme.accent}; border-radius: 7px; background: {theme.raised};
    width: 6px; height: 6px;
}}
QToolButton[picture="true"] {{
    border: 2px solid transparent; border-radius: 6px; padding: 2px; background: transparent;
}}
QToolButton[picture="true"]:hover {{ border-color: {theme.muted}; }}
QToolButton[picture="true"]:focus {{ border-color: {theme.accent}; }}
QFrame[timeline="true"] {{
    background: {theme.raised}; border: none; border-top: 1px solid {theme.border};
}}
QFrame[timeline="true"] QLabel {{ background: transparent; border: none; }}
QToolButton[transport="true"] {{
    border: 1px solid transparent; border-radius: 6px; background: transparent;
}}
QToolButton[transport="true"]:hover {{ background: {theme.window}; border-color: {theme.border}; }}
QToolButton[transport="true"]:pressed {{ background: {theme.border}; }}
QToolButton[transport="true"]:focus {{ border-color: {theme.accent}; }}
QToolButton[transport="true"]:disabled {{ background: transparent; border-color: transparent; }}
QPushButton[follow="on"] {{ border-color: transparent; background: transparent; }}
QPushButton[follow="on"]:enabled {{ color: {theme.accent}; }}
QPushButton[follow="on"]:focus {{ border-color: {theme.accent}; }}
QPushButton[follow="off"] {{
    background: {theme.accent}; color: {theme.accent_text}; border-color: {theme.accent};
    font-weight: 600;
}}
QTableView[spaced="true"]::item {{ padding: 0 3px; }}
QTableView[spaced="true"] QHeaderView::section {{
    padding: 2px 6px; border: none; border-bottom: 1px solid {theme.border};
    background: {theme.raised}; color: {theme.muted};
}}
QTableView[gallery="true"] {{ selection-background-color: transparent; }}
QListView:focus, QTableView:focus {{ border: 1px solid {theme.accent}; }}
QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
QToolTip {{
    background: {theme.raised}; color: {theme.text}; border: 1px solid {theme.border};
}}
"""
