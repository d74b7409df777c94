"""A row of the selected images."""

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from symmviz.model.display import PictureId
from symmviz.model.mined_pair import MinedPair
from symmviz.model.pictures import NoPictures, PictureSource
from symmviz.views.style.theme import current_theme
from symmviz.views.widgets.elided_label import ElidedLabel
from symmviz.views.widgets.images import numbered, picture_pixmap, placeholder

_SIZE, _GAP = 34, 4
_ROOM_FOR_MORE = 64
_NOTHING_SELECTED = (
    "Click a point to select its image; Shift and drag around several.",
    "Click a point; Shift and drag around several.",
    "Click a point to select it.",
)
_SEE_ONE = "See its neighbours"
_SEE_SEVERAL = "List them in Retrieve"
_TIP_ONE = "Show on the Retrieve page what each run finds for what is selected."
_TIP_SEVERAL = "List the selected images on the Retrieve page, to see what each run finds for each."


class SelectionStrip(QWidget):
    """Shows as many images as fit in a row, and how many more there are; hidden with none."""

    clicked = Signal(PictureId)
    """An image was clicked."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._pictures: PictureSource = NoPictures()
        self._shown: tuple[PictureId, ...] = ()
        self._waits = False
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setToolTip("The selected images: click one to find its neighbours.")
        self.hide()

    def set_pictures(self, pictures: PictureSource) -> None:
        """Take pictures from there."""
        self._pictures = pictures

    def set_images(self, images: tuple[PictureId, ...]) -> None:
        """Show these."""
        self._shown = images
        self.setVisible(bool(images))
        self.update()

    def pictures_came(self) -> None:
        """Draw the pictures that are there by now."""
        if self._waits and self.isVisible():
            self.update()

    def sizeHint(self) -> QSize:
        """One row."""
        return QSize(0, _SIZE)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw those that fit."""
        painter = QPainter(self)
        ratio = self.devicePixelRatioF()
        self._waits = False
        fit = self._fitting()
        for at, picture in enumerate(self._shown[:fit]):
            pixmap = picture_pixmap(self._pictures, picture, _SIZE, ratio)
            if pixmap is None and self._pictures.missing_reason(picture.run):
                pixmap = numbered(picture.sample, _SIZE, ratio)
            self._waits |= pixmap is None
            pixmap = placeholder(_SIZE, ratio) if pixmap is None else pixmap
            size = pixmap.deviceIndependentSize().toSize()
            corner = QPoint(at * (_SIZE + _GAP), 0)
            corner += QPoint((_SIZE - size.width()) // 2, (_SIZE - size.height()) // 2)
            painter.drawPixmap(corner, pixmap)
        more = len(self._shown) - fit
        if more > 0:
            painter.setPen(current_theme().muted)
            left = fit * (_SIZE + _GAP)
            area = QRect(left, 0, self.width() - left, self.height())
            painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, f" + {more:,}")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose an image."""
        at = int(event.position().x()) // (_SIZE + _GAP)
        if event.button() == Qt.MouseButton.LeftButton and 0 <= at < self._fitting():
            self.clicked.emit(self._shown[at])

    def _fitting(self) -> int:
        """How many images there is room for."""
        side = _SIZE + _GAP
        if len(self._shown) * side <= self.width() + _GAP:
            return len(self._shown)
        return max(0, self.width() - _ROOM_FOR_MORE) // side


class SelectionBar(QWidget):
    """What is selected: in words, and where several images are, their pictures."""

    neighbours_wanted = Signal()
    """The user wants to see the selected image's neighbours."""
    mined_wanted = Signal(MinedPair)
    """The user wants to see a mined pair on the Learn page."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.strip = SelectionStrip(self)
        self._text = ElidedLabel(parent=self)
        self._text.setProperty("muted", True)
        self._see = QPushButton(self)
        self._see.clicked.connect(self.neighbours_wanted)
        self._mined: MinedPair | None = None
        self.learn_button = QPushButton("Show in Learn", self)
        self.learn_button.setToolTip(
            "The selected image's pair in the newest batch and the pair it was mined against, on "
            "the Learn page: a plane through the four of them."
        )
        self.learn_button.clicked.connect(lambda: self.mined_wanted.emit(self._mined))
        self.learn_button.hide()
        line = QHBoxLayout()
        line.addWidget(self._text, 1)
        line.addWidget(self.learn_button)
        line.addWidget(self._see)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.strip)
        layout.addLayout(line)
        self.show_images("", ())

    @property
    def text(self) -> str:
        """What is said of the selection."""
        return self._text.text()

    def offer_mined(self, mined: MinedPair | None) -> None:
        """Offer to show this pair; None to offer none."""
        self._mined = mined
        self.learn_button.setVisible(mined is not None)

    def show_images(self, text: str, pictures: tuple[PictureId, ...]) -> None:
        """Say this of what is selected, empty for nothing, and show these pictures."""
        several = len(pictures) > 1
        shorter = (text.partition(":")[0],) if several else ()  # how many, before which and how
        self._text.setText(*((text, *shorter) if text else _NOTHING_SELECTED))
        self._see.setText(_SEE_SEVERAL if several else _SEE_ONE)
        self._see.setToolTip(_TIP_SEVERAL if several else _TIP_ONE)
        self._see.setEnabled(bool(text))
        self.strip.set_images(pictures)
