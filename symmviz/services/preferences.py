"""What the window remembers from one launch to the next."""

from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings

from symmcore.folders import default_runs_folder
from symmviz.model.appearance import Appearance
from symmviz.model.map.layers import AT_FIRST, Layer

_RUNS_FOLDER = "runs_folder"
_APPEARANCE = "appearance"
_GEOMETRY = "geometry"
_START = "start"
_DIVIDED = "divided"
_GLIDING = "gliding"
_LAYERS = "layers"


class Settings:
    """Typed access to the user's settings file."""

    def __init__(self) -> None:
        self._store = QSettings("symmviz", "symmviz")

    @property
    def runs_folder(self) -> Path:
        """Where runs are kept: ``symmviz/runs`` among the user's documents by default."""
        stored = self._store.value(_RUNS_FOLDER)
        if isinstance(stored, str) and stored:
            return Path(stored)
        return default_runs_folder()

    @runs_folder.setter
    def runs_folder(self, folder: Path) -> None:
        self._set(_RUNS_FOLDER, str(folder))

    @property
    def appearance(self) -> Appearance:
        """Which colours the window has."""
        stored = self._store.value(_APPEARANCE)
        return next((a for a in Appearance if a.name == stored), Appearance.SYSTEM)

    @appearance.setter
    def appearance(self, appearance: Appearance) -> None:
        self._set(_APPEARANCE, appearance.name)

    @property
    def gliding(self) -> bool | None:
        """Whether points glide from frame to frame; None as the system's animations do."""
        stored = self._store.value(_GLIDING)
        return None if stored is None else str(stored) == str(True)

    @gliding.setter
    def gliding(self, glides: bool) -> None:
        self._set(_GLIDING, str(glides))

    @property
    def layers(self) -> frozenset[Layer]:
        """What is drawn over and beside the points of maps."""
        stored = self._store.value(_LAYERS)
        if not isinstance(stored, str):
            return AT_FIRST
        names = stored.split()
        return frozenset(layer for layer in Layer if layer.name in names)

    @layers.setter
    def layers(self, layers: frozenset[Layer]) -> None:
        self._set(_LAYERS, " ".join(layer.name for layer in Layer if layer in layers))

    @property
    def geometry(self) -> QByteArray | None:
        """Where the window was, in Qt's own form."""
        stored = self._store.value(_GEOMETRY)
        return stored if isinstance(stored, QByteArray) else None

    @geometry.setter
    def geometry(self, geometry: QByteArray) -> None:
        self._set(_GEOMETRY, geometry)

    @property
    def start(self) -> str:
        """What the Start page said, as it was written; empty before anything was."""
        stored = self._store.value(_START)
        return stored if isinstance(stored, str) else ""

    @start.setter
    def start(self, text: str) -> None:
        self._set(_START, text)

    def divided(self, name: str) -> QByteArray | None:
        """How the user has divided a page, in Qt's own form."""
        stored = self._store.value(f"{_DIVIDED}/{name}")
        return stored if isinstance(stored, QByteArray) else None

    def set_divided(self, name: str, state: QByteArray) -> None:
        """Keep how a page is divided."""
        self._set(f"{_DIVIDED}/{name}", state)

    def forget(self) -> None:
        """Have everything as at the first launch, but for the folder of runs."""
        for key in self._store.allKeys():
            if key != _RUNS_FOLDER:
                self._store.remove(key)
        self._store.sync()

    def _set(self, key: str, value: object) -> None:
        self._store.setValue(key, value)
        self._store.sync()
