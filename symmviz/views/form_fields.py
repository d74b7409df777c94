"""Fields of a form, and how they line up."""

from PySide6.QtWidgets import QDoubleSpinBox, QFormLayout, QSpinBox, QWidget


class NumberBox(QDoubleSpinBox):
    """A number written with no more digits than it has."""

    def textFromValue(self, value: float) -> str:
        """The number as it is shown."""
        text = super().textFromValue(value)
        point = self.locale().decimalPoint()
        return text.rstrip("0").removesuffix(point) if point in text else text


def number_box(
    parent: QWidget, least: float, most: float, value: float, step: float, decimals: int = 3
) -> NumberBox:
    """A field for a number with up to ``decimals`` digits behind the point."""
    box = NumberBox(parent)
    box.setDecimals(decimals)
    box.setRange(least, most)
    box.setSingleStep(step)
    box.setValue(value)
    return box


def spin_box(parent: QWidget, least: int, most: int, value: int, step: int) -> QSpinBox:
    """A field for a whole number."""
    box = QSpinBox(parent)
    box.setRange(least, most)
    box.setValue(value)
    box.setSingleStep(step)
    box.setGroupSeparatorShown(True)
    return box


def align(*fields: QWidget) -> None:
    """Make fields one below the other equally wide; before ``centre_labels``."""
    for field in fields:
        field.ensurePolished()  # a layout would keep the height from before the style sheet
    width = max(field.sizeHint().width() for field in fields)
    for field in fields:
        field.setMinimumWidth(width)


def centre_labels(form: QFormLayout) -> None:
    """Put each row's label beside the middle of its field, not its top."""
    for row in range(form.rowCount()):
        label = form.itemAt(row, QFormLayout.ItemRole.LabelRole)
        field = form.itemAt(row, QFormLayout.ItemRole.FieldRole)
        widget = label.widget() if label is not None else None
        if widget is not None and field is not None:
            widget.setMinimumHeight(field.sizeHint().height())
