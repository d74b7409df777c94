"""Fields of a form: numbers as people type them, and how fields line up."""

import math
import re
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar, cast

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QValidator
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QLayoutItem,
    QSpinBox,
    QWidget,
)


class NumberBox(QDoubleSpinBox):
    """A number, written with no more digits than it has; 1e-4 and 0,5 are read too.

    Anything can be typed. When the field is left, a number out of range becomes the nearest in
    range, and what is none the one before: Qt's own box swallows the keys it does not like, and
    makes 14 of 1e-4.
    """

    def textFromValue(self, value: float) -> str:
        """The number as it is shown."""
        text = super().textFromValue(value)
        point = self.locale().decimalPoint()
        return text.rstrip("0").removesuffix(point) if point in text else text

    def valueFromText(self, text: str) -> float:
        """The number that a text stands for; the present one if it stands for none."""
        number = self.parsed(text)
        return self.value() if number is None else number

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """Whether the text is a number in range; if not, it is while being typed."""
        return _validated(self, text, position)

    def fixup(self, text: str) -> str:
        """The text of the nearest number in range."""
        return _text_in_range(self, text)

    def parsed(self, text: str) -> float | None:
        """The number that a text says, in range or not; None if it says none."""
        if text and text == self.specialValueText():
            return self.minimum()
        return _number(text.removesuffix(self.suffix()).replace(",", "."))


class WholeNumberBox(QSpinBox):
    """A whole number; anything can be typed, as in ``NumberBox``."""

    def valueFromText(self, text: str) -> int:
        """The number that a text stands for; the present one if it stands for none."""
        number = self.parsed(text)
        return self.value() if number is None else number

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """Whether the text is a whole number in range; if not, it is while being typed."""
        return _validated(self, text, position)

    def fixup(self, text: str) -> str:
        """The text of the nearest number in range."""
        return _text_in_range(self, text)

    def parsed(self, text: str) -> int | None:
        """The whole number that a text says, in range or not; None if it says none."""
        if text and text == self.specialValueText():
            return self.minimum()
        digits = text.removesuffix(self.suffix()).strip()
        if re.fullmatch(_grouped(self.locale().groupSeparator()), digits):
            digits = re.sub(r"\D", "", digits)
        number = _number(digits)
        return None if number is None or not number.is_integer() else int(number)


_Box = TypeVar("_Box", NumberBox, WholeNumberBox)


def _validated(box: _Box, text: str, position: int) -> tuple[QValidator.State, str, int]:
    number = box.parsed(text)
    is_in_range = number is not None and box.minimum() <= number <= box.maximum()
    state = QValidator.State.Acceptable if is_in_range else QValidator.State.Intermediate
    return state, text, position


def _text_in_range(box: _Box, text: str) -> str:
    nearest = min(max(box.valueFromText(text), box.minimum()), box.maximum())
    return box.textFromValue(nearest) + box.suffix()


def number_box(
    parent: QWidget, least: float, most: float, value: float, step: float, decimals: int = 3
) -> NumberBox:
    """A field for a number with up to ``decimals`` digits behind the point."""
    box = NumberBox(parent)
    box.setDecimals(decimals)
    box.setRange(least, most)
    box.setSingleStep(step)
    box.setValue(value)
    box.setKeyboardTracking(False)  # or the start of what is no number would be the present one
    return box


def spin_box(parent: QWidget, least: int, most: int, value: int, step: int) -> WholeNumberBox:
    """A field for a whole number."""
    box = WholeNumberBox(parent)
    box.setRange(least, most)
    box.setValue(value)
    box.setSingleStep(step)
    box.setGroupSeparatorShown(True)
    box.setKeyboardTracking(False)
    return box


def leave_wheel_to_page(page: QWidget) -> None:
    """Have the wheel scroll a page of fields, and change a field only if it has the focus."""
    guard = _WheelGuard(page)
    for kind in (QComboBox, QAbstractSpinBox):
        for field in cast(list[QWidget], page.findChildren(kind)):
            field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # not by the wheel
            field.installEventFilter(guard)


def on_change(fields: Iterable[QWidget], then: Callable[[], None]) -> None:
    """Call ``then`` when another value is chosen in one of these fields."""
    for field in fields:
        if isinstance(field, QComboBox):
            field.currentIndexChanged.connect(lambda _: then())
        elif isinstance(field, NumberBox | WholeNumberBox):
            field.valueChanged.connect(lambda _: then())


def keep_keys(window: QWidget) -> None:
    """Have letters choose in a drop-down list that has the focus, not act as shortcuts."""
    guard = _KeyGuard(window)
    for field in window.findChildren(QComboBox):
        field.installEventFilter(guard)


def align(*fields: QWidget) -> None:
    """Make fields one below the other equally wide; before ``centre_labels``."""
    for field in fields:
        field.ensurePolished()  # a layout would keep the height from before the style sheet
    width = max(field.sizeHint().width() for field in fields)
    for field in fields:
        field.setMinimumWidth(width)


def centre_labels(form: QFormLayout) -> None:
    """Put each row's label beside the middle of its field, not its top."""
    for label, field in _labelled(form):
        label.setMinimumHeight(field.sizeHint().height())


def explain_labels(form: QFormLayout) -> None:
    """Have each row's label say what its field says when the pointer rests on it."""
    for label, field in _labelled(form):
        widget = field.widget()
        if widget is not None:  # a row of several has no one thing to say
            label.setToolTip(widget.toolTip())


def _labelled(form: QFormLayout) -> Iterator[tuple[QWidget, QLayoutItem]]:
    """The label and the field of each row that has both."""
    for row in range(form.rowCount()):
        label = form.itemAt(row, QFormLayout.ItemRole.LabelRole)
        field = form.itemAt(row, QFormLayout.ItemRole.FieldRole)
        widget = label.widget() if label is not None else None
        if widget is not None and field is not None:
            yield widget, field


class _KeyGuard(QObject):
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Claim keys that write something for the field."""
        if event.type() is QEvent.Type.ShortcutOverride and cast(QKeyEvent, event).text().isalnum():
            event.accept()
        return False


class _WheelGuard(QObject):
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Hand the wheel on to the field's parent unless the field has the focus."""
        if event.type() is QEvent.Type.Wheel and not cast(QWidget, watched).hasFocus():
            event.ignore()
            return True
        return False


def _grouped(separator: str) -> str:
    """A pattern of digits in groups of three, between separators or spaces."""
    return rf"\d{{1,3}}([{re.escape(separator)}\s]\d{{3}})+"


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
