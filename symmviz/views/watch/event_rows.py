"""Draws a row of the list of what happened: when and where in bold, what below it."""

from html import escape

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QTextDocument, QTextOption
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from symmviz.views.style.theme import current_theme

_ABOVE, _BESIDE = 6, 4  # pixels around the text of a row


class EventRows(QStyledItemDelegate):
    """A row a text, whose first line is its heading; a line divides it from the next.

    Args:
        view: whose rows it draws, as wide as its viewport.
    """

    def __init__(self, view: QListView) -> None:
        super().__init__(view)
        self._view = view

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        """As high as the lines of the text are at the view's width."""
        width = self._view.viewport().width()
        text = str(index.data(Qt.ItemDataRole.DisplayRole))
        height = self._document(text, width, "", "").size().height()
        return QSize(width, int(height) + 2 * _ABOVE)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Paint what the style paints of a row without text, then the text."""
        theme, area = current_theme(), option.rect
        self.initStyleOption(option, index)
        option.text = ""
        style = self._view.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, option, painter, self._view)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        heading, below = (theme.accent_text,) * 2 if chosen else (theme.text, theme.muted)
        painter.save()
        if not chosen:
            painter.setPen(QPen(QColor(theme.border), 1))
            painter.drawLine(area.bottomLeft(), area.bottomRight())
        painter.translate(QPointF(area.topLeft()) + QPointF(_BESIDE, _ABOVE))
        text = str(index.data(Qt.ItemDataRole.DisplayRole))
        self._document(text, area.width(), heading, below).drawContents(painter)
        painter.restore()

    def _document(self, text: str, width: int, heading: str, below: str) -> QTextDocument:
        first, _, rest = text.partition("\n")
        made = QTextDocument()
        made.setDocumentMargin(0)
        made.setDefaultFont(self._view.font())
        wrap = QTextOption()
        wrap.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        made.setDefaultTextOption(wrap)
        made.setHtml(
            f"<b style='color:{heading}'>{escape(first)}</b>"
            f"<br><span style='color:{below}'>{escape(rest)}</span>"
        )
        made.setTextWidth(width - 2 * _BESIDE)
        return made
