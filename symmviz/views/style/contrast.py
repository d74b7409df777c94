"""Colours of points as colours of text that can be read."""

from PySide6.QtGui import QColor

LEAST_CONTRAST = 3.0
"""Of large or bold text against what it is on, by WCAG 2.1, success criterion 1.4.3."""
_STEPS = 20


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, from 1 to 21: WCAG 2.1's definition.

    Args:
        one: as "#rrggbb".
        other: the same.
    """
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def legible(colour: str, ground: str, text: str) -> str:
    """A colour, or the nearest mixture of it and the text's that can be read.

    Args:
        colour: as "#rrggbb".
        ground: what it is on.
        text: the colour of other text on that.
    """
    for step in range(_STEPS):
        mixed = _mixed(colour, text, step / _STEPS)
        if contrast(mixed, ground) >= LEAST_CONTRAST:
            return mixed
    return text


def _mixed(colour: str, other: str, share: float) -> str:
    parts = zip(_parts(colour), _parts(other), strict=True)
    red, green, blue = (one + (two - one) * share for one, two in parts)
    return QColor.fromRgbF(red, green, blue).name()


def _parts(colour: str) -> tuple[float, float, float]:
    """Red, green and blue, from 0 to 1."""
    parsed = QColor(colour)
    return parsed.redF(), parsed.greenF(), parsed.blueF()


def _luminance(colour: str) -> float:
    """Relative luminance, from 0 to 1."""
    red, green, blue = map(_linear, _parts(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
