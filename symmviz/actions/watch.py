"""What the user's actions on the Watch page do."""

import dataclasses
from typing import Any

from PySide6.QtCore import QObject, QPointF
from PySide6.QtGui import QAction, QKeySequence

from symmviz.bridge import Bridge
from symmviz.model.display import PictureId
from symmviz.model.loaded import Loaded
from symmviz.model.resolve import axis_of, describe, describe_synthetic, image_at
from symmviz.model.retrieval.query import Query
from symmviz.model.workspace import Workspace
from symmviz.presenters.window import WindowPresenter
from symmviz.views.watch.page import WatchPage


class WatchActions(QObject):
    """Changes what the workspace displays and selects, as the Watch page is used.

    Args:
        page: whose signals are answered.
        workspace: what is changed.
        loaded: what is known of the images of a run.
        pages: who reads the plots under the pointer.
        bridge: is told when something is to be drawn soon.
    """

    def __init__(
        self,
        page: WatchPage,
        workspace: Workspace,
        loaded: Loaded,
        pages: WindowPresenter,
        bridge: Bridge,
    ) -> None:
        super().__init__(page)
        self._page = page
        self._workspace = workspace
        self._loaded = loaded
        self._pages = pages
        self._bridge = bridge
        page.split_chosen.connect(lambda split: self._draw(split=split))
        page.method_chosen.connect(lambda method: self._draw(method=method))
        page.colour_chosen.connect(lambda meaning: self._draw(colour_by=meaning))
        page.colours.since_chosen.connect(self._on_since)
        page.synthetic_toggled.connect(lambda visible: self._draw(synthetic_visible=visible))
        page.pairs_toggled.connect(lambda visible: self._draw(pairs_visible=visible))
        page.layers_chosen.connect(lambda layers: self._draw(layers=layers))
        page.events.button.toggled.connect(lambda shown: self._draw(events_visible=shown))
        page.events.chosen.connect(pages.events.go_to)
        page.row_picked.connect(self._on_picked)
        page.rows_lassoed.connect(self._on_lassoed)
        page.selection.strip.clicked.connect(self._on_picture)
        clear = QAction("Clear the selection", page)
        clear.setShortcut(QKeySequence("Esc"))
        clear.triggered.connect(lambda: workspace.clear_selection())
        page.addAction(clear)
        page.legend.class_clicked.connect(pages.classes.toggle_hidden)
        page.legend.class_isolated.connect(pages.classes.isolate)
        page.legend.class_chosen.connect(pages.classes.toggle_colour)
        page.row_hovered.connect(self._on_hovered)
        page.curves.look_chosen.connect(lambda look: self._draw(curves=look))
        page.curves.pointed.connect(self._on_pointed)
        page.curves.place_chosen.connect(self._on_place_chosen)

    def _draw(self, **changed: Any) -> None:
        self._workspace.display = dataclasses.replace(self._workspace.display, **changed)

    def _on_since(self, step: int) -> None:
        self._workspace.browse = dataclasses.replace(self._workspace.browse, since=step)

    def _on_pointed(self, place: float | None) -> None:
        self._pages.curves.point(place)
        self._bridge.poll_soon()

    def _on_place_chosen(self, place: float) -> None:
        step = self._pages.curves.step_at(place)
        if step is not None:
            self._pages.time.move_near(step)

    def _on_picked(self, run: int, row: int) -> None:
        image = image_at(self._workspace, self._loaded, run, row)
        if image is not None:
            self._pages.classes.colour_class_of(run, row)
            self._workspace.select(*image)

    def _on_lassoed(self, run: int, rows: tuple[int, ...]) -> None:
        images = [image_at(self._workspace, self._loaded, run, row) for row in rows]
        known = [image for image in images if image is not None]
        if known:
            recording, query = known[0]
            samples = frozenset(one.sample for _, one in known)
            self._workspace.select_all(recording, query, samples)

    def _on_picture(self, picture: PictureId) -> None:
        """Look for one of several selected images; they stay selected."""
        recording = self._workspace.recording(picture.run)
        if recording is not None:
            query = Query(picture.sample, self._workspace.display.split)
            self._workspace.select_all(recording, query, self._workspace.selection.samples)

    def _on_hovered(self, run: int, row: int, synthetic: bool, position: QPointF) -> None:
        image = image_at(self._workspace, self._loaded, run, row)
        if image is None:
            return
        recording, query = image
        pictures = [PictureId(recording.key, query.sample)]
        text = describe(self._loaded, recording, query)
        axis = axis_of(self._workspace, self._loaded, run, row) if synthetic else None
        if axis is not None:
            pictures.append(PictureId(recording.key, axis.sample))
            text = describe_synthetic(self._workspace, self._loaded, recording, row)
        self._page.hover_card.show_at(
            self._page.scatter(run).mapTo(self._page, position.toPoint()),
            tuple(pictures),
            text.replace(" · ", "\n"),
        )
