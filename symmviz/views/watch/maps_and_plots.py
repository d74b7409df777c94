"""The maps with the plots under them, or beside them where the page is too low for both."""

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtWidgets import QWidget

from symmviz.model.curve import Panel
from symmviz.views.curves.grid import CurveGrid
from symmviz.views.map.columns import MapColumns
from symmviz.views.watch.event_panel import EventPanel
from symmviz.views.widgets.divided import Divided

_UNDER = [390, 250]  # pixels proposed for maps and plots
_LEAST_HEIGHT = 520  # pixels of a page that has room for maps of 170 above plots of 80
_LEAST_WIDTH = 820  # of one that has room for both side by side
_MOST_BESIDE = 2  # more maps than these take the whole width
_MAPS_SHARE = 0.53


class MapsAndPlots(Divided):
    """Puts the plots beside the maps while the page is low and both have room there.

    Args:
        maps: what stands above the plots, or left of them.
        plots: of all runs.
        columns: of the maps.
        events: whose list stands beside the maps.
        page: that all of it is on.
    """

    def __init__(
        self,
        maps: QWidget,
        plots: CurveGrid,
        columns: MapColumns,
        events: EventPanel,
        page: QWidget,
    ) -> None:
        super().__init__("watch", Qt.Orientation.Vertical, page)
        self._page, self._plots, self._columns, self._events = page, plots, columns, events
        for part in (maps, plots):
            self.addWidget(part)
        for at in range(2):
            self.setStretchFactor(at, 1)
        self.propose(_UNDER)

    def event(self, event: QEvent) -> bool:
        """Arrange both anew where anything needs other room than before."""
        if event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Resize):
            self.arrange()
        return super().event(event)

    def arrange(self) -> None:
        """Stand both beside or above each other, as the page has room.

        On a low page the list of events, which stands beside the maps, takes the plots' place.
        """
        size = self._page.size()
        is_low = self._is_low(size)
        hides_plots = is_low and not self._events.isHidden()
        if hides_plots != self._plots.isHidden():
            self._plots.setHidden(hides_plots)
        if not is_low or hides_plots or not self._fit_beside(size):
            self.turn_back()
        elif self.orientation() is Qt.Orientation.Vertical:
            maps = round(size.width() * _MAPS_SHARE)
            self.turn(Qt.Orientation.Horizontal, [maps, size.width() - maps])

    def _is_low(self, size: QSize) -> bool:
        is_wide = size.width() >= _LEAST_WIDTH
        few = 0 < len(self._columns.shown) <= _MOST_BESIDE
        return size.height() < _LEAST_HEIGHT and is_wide and few

    def _fit_beside(self, size: QSize) -> bool:
        narrow = self._plots.minimumSizeHint().width() <= size.width() / 2
        return narrow and len(self._plots.panels) <= len(Panel)
