"""Switches of what the maps show beside the points of images."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QCheckBox, QMenu, QPushButton, QWidget

from symmviz.model.map.layers import AT_FIRST, Layer

_LAYERS = {
    Layer.PICKED_TYPES: (
        "Picked types",
        "A small heat map beside each map: which of the 16 types of pairs, of originals and "
        "synthetic points, were picked as hard negatives in the newest batch. A column of less "
        "than 380 pixels has no room for it.",
    ),
    Layer.SIMILARITIES: (
        "Similarities",
        "A small histogram beside each map: cosines of same-class and of other-class pairs. A "
        "column of less than 380 pixels has no room for it.",
    ),
    Layer.IMAGES: (
        "Images",
        "Images at the places of their points, without overlap: the selected ones first, 150 at "
        "most, and none where more than 4,000 points are in sight.",
    ),
    Layer.TRAILS: (
        "Trails",
        "Where the selected points, up to 50, have been on the maps of the last ten frames.",
    ),
    Layer.DENSITY: (
        "Density",
        "Contours around where points are densest, holding 50%, 80% (whole lines) and 95% "
        "(dashed) of the images' points.",
    ),
}


def synthetic_toggle(parent: QWidget) -> QCheckBox:
    """Switches synthetic points; on at first."""
    made = QCheckBox("◆ Synthetic points", parent)
    made.setAccessibleName("Synthetic points")
    made.setChecked(True)
    made.setToolTip(
        "Circles are images, diamonds synthetic points: each watched image reflected about another "
        "of its class, each an axis once, with "
        "the run's alpha and beta. A run without Symm has mirror images (alpha 2, beta 1), but "
        "does not train on them."
    )
    return made


def pairs_toggle(parent: QWidget) -> QCheckBox:
    """Switches the pairs picked in the newest batch; of training images, so not at first."""
    made = QCheckBox("Mined pairs", parent)
    made.setToolTip(
        "Of training images: for each pair of images in the newest batch, the hardest of the "
        "negative pairs that were picked for it, as a line. A circle is an original, a "
        "diamond a synthetic point; one reflected about another partner than the map's is "
        "drawn at its image. Images that are not watched are left out."
    )
    made.setEnabled(False)
    return made


class _TickMenu(QMenu):
    """Stays open while its entries are ticked with the mouse or Space: several are, often."""

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Tick what is clicked."""
        if not self._tick(self.actionAt(event.position().toPoint())):
            super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Tick what is marked, at Space."""
        if event.key() != Qt.Key.Key_Space or not self._tick(self.activeAction()):
            super().keyPressEvent(event)

    def _tick(self, action: QAction | None) -> bool:
        if action is None or not (action.isCheckable() and action.isEnabled()):
            return False
        action.trigger()
        return True


class LayerMenu(QPushButton):
    """A button with a menu of what can be drawn over and beside the points."""

    chosen = Signal(frozenset)
    """The user wants these :class:`symmviz.model.map.layers.Layer`, and no others."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__("Layers", parent)
        self.setToolTip("What is drawn over and beside the points of the maps.")
        self.setAccessibleName("Layers of the maps")
        menu = _TickMenu(self)
        menu.setToolTipsVisible(True)
        self._actions: dict[Layer, QAction] = {}
        for layer, (text, about) in _LAYERS.items():
            action = menu.addAction(text)
            action.setCheckable(True)
            action.setChecked(layer in AT_FIRST)
            action.setToolTip(about)
            action.triggered.connect(lambda: self.chosen.emit(self.layers))
            self._actions[layer] = action
        self.setMenu(menu)

    @property
    def layers(self) -> frozenset[Layer]:
        """Those that are on."""
        return frozenset(layer for layer, one in self._actions.items() if one.isChecked())

    def set_layers(self, layers: frozenset[Layer]) -> None:
        """Show which are on."""
        for layer, action in self._actions.items():
            action.setChecked(layer in layers)

    def action(self, layer: Layer) -> QAction:
        """What switches a layer."""
        return self._actions[layer]
