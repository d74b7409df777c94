"""The mark of an image whose nearest neighbour is of another class."""

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from symmviz.views.style.theme import current_theme


def draw_mark(painter: QPainter, area: QRect, *, whole: bool = True) -> None:
    """Draw a cross on a disc, which is seen on any picture.

    Args:
        painter: draws on the picture.
        area: of the disc.
        whole: whether it is so in every run that is shown; else the disc is hollow.
    """
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    theme = current_theme()
    sign, ground = (theme.base, theme.wrong) if whole else (theme.wrong, theme.base)
    painter.setPen(QPen(QColor(sign), 1))
    painter.setBrush(QColor(ground))
    disc = QRectF(area).adjusted(1, 1, -1, -1)
    painter.drawEllipse(disc)
    pen = QPen(QColor(sign), 1.8)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    cross = disc.adjusted(*(sign * disc.width() * 0.31 for sign in (1, 1, -1, -1)))
    painter.drawLine(cross.topLeft(), cross.bottomRight())
    painter.drawLine(cross.topRight(), cross.bottomLeft())
    painter.restore()
