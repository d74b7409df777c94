"""The choice between light and dark."""

from enum import Enum


class Appearance(Enum):
    """Which palette to use."""

    SYSTEM = "Like the system"
    LIGHT = "Light"
    DARK = "Dark"
