"""What the user's actions on the Retrieve page do."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from enum import Enum
from functools import partial
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Qt, QUrl
from PySide6.QtGui import QAction, QDesktopServices, QGuiApplication, QImage, QKeySequence
from PySide6.QtWidgets import QWidget

from symmcore.data.images.formats import has_image_name, image_endings
from symmcore.data.images.store import ImageArray
from symmcore.runs import Recording
from symmviz.model.resolve import shown_step
from symmviz.model.retrieval.browse import Browse, GalleryList
from symmviz.model.retrieval.history import QueryHistory
from symmviz.model.retrieval.query import Query, Split, Upload
from symmviz.model.workspace import MOST_UPLOADS, Selection, Workspace
from symmviz.services.session import Session
from symmviz.views.dialogs.open_dialog import ask_for_images
from symmviz.views.window.main_window import MainWindow


class _First(Enum):
    """Whether the first failure is to be chosen once it is known."""

    LEFT = "left alone"
    PROPOSED = "where nothing is selected"
    WANTED = "whatever is selected"


class RetrievalActions(QObject):
    """Carries what is done on the Retrieve page to the workspace and the session.

    Args:
        window: whose page.
        workspace: changed by what the user does.
        session: embeds images from elsewhere.
        tell: told a sentence on what could not be done.
    """

    def __init__(
        self,
        window: MainWindow,
        workspace: Workspace,
        session: Session,
        tell: Callable[[str], None],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._page = window.retrieve_page
        self._workspace = workspace
        self._session = session
        self._tell = tell
        self._history = QueryHistory()
        self._recordings: tuple[Recording, ...] = ()
        self._opening: tuple[Path, Future[bool]] | None = None
        self._first = _First.LEFT
        self._connect()
        workspace.subscribe(self._on_change)
        if window.page is self._page:  # it was turned to before this was there
            self._on_page(self._page)

    def poll(self) -> None:
        """Choose the first failure, and open the file that was asked for, once they are known."""
        self._choose_first()
        if self._opening is None or not self._opening[1].done():
            return
        (path, is_there), self._opening = self._opening, None
        if is_there.exception() is not None or not is_there.result():
            self._tell(f"{path} is not there (any more).")
        elif not QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))):
            self._tell(f"No program was found that opens {path}.")

    def search_files(self, paths: list[Path]) -> None:
        """Search with image files."""
        if paths:
            kept = paths[:MOST_UPLOADS]
            self._upload(self._session.uploads.add_files(tuple(kept)))
            left_out = len(paths) - len(kept)
            if left_out:
                are = "is" if left_out == 1 else "are"
                self._tell(
                    f"Only {MOST_UPLOADS} images are taken at once: {left_out} {are} left out."
                )

    def show_selected(self) -> None:
        """Turn to the page, which lists the selected images alone where several are."""
        if len(self._workspace.selection.samples) > 1:
            self._list_selected()
        self._window.show_page(self._page)

    def show_first_failure(self) -> None:
        """Choose the first failure that is listed, whatever is selected."""
        self._first = _First.WANTED

    def _choose_first(self) -> None:
        """Choose the first failure once it is known; for who selected nothing, or asked for it."""
        workspace = self._workspace
        if self._first is _First.PROPOSED and workspace.selection.asked is not None:
            self._first = _First.LEFT
        if self._first is _First.LEFT or not self._page.listing.is_of(
            workspace.browse, workspace.display.split
        ):
            return
        at = self._page.gallery.first_failure()
        if at is not None:
            self._first = _First.LEFT
            self._page.gallery.choose(at)

    def _list_selected(self) -> None:
        self._browse(
            samples=self._workspace.selection.samples,
            shown=GalleryList.IMAGES,
            label=None,
            found_as=None,
            text="",
        )

    def _connect(self) -> None:
        page = self._page
        page.chosen.connect(self._on_chosen)
        page.map_wanted.connect(self._show_in_map)
        page.open_wanted.connect(self._open_file)
        page.copy_wanted.connect(lambda path: QGuiApplication.clipboard().setText(str(path)))
        page.files_dropped.connect(self.search_files)
        page.image_pasted.connect(self._search_pasted)
        page.query.back.connect(self._back)
        page.query.forward.connect(self._forward)
        page.query.image_wanted.connect(self._ask_for_image)
        page.query.count_chosen.connect(lambda count: self._browse(neighbours=count))
        page.listing.browsed.connect(self._set_browse)
        page.listing.split_chosen.connect(self._choose_split)
        page.listing.selected_wanted.connect(self._list_selected)
        page.listing.since_wanted.connect(self._compare_with_this_step)
        page.listing.rank_wanted.connect(lambda wanted: self._browse(ranking=wanted))
        self._window.page_shown.connect(self._on_page)
        for text, keys, then in (
            ("Back to the query before", "Alt+Left", self._back),
            ("Forward again", "Alt+Right", self._forward),
            ("Search with the image that was copied", "Ctrl+V", self._paste),
        ):
            action = QAction(text, page)
            action.setShortcut(QKeySequence(keys))
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            action.triggered.connect(partial(_call, then))
            page.addAction(action)

    def _on_change(self) -> None:
        workspace = self._workspace
        if workspace.recordings != self._recordings:
            self._recordings = workspace.recordings
            self._history.clear()
        self._history.visit(workspace.selection)
        self._page.set_history(back=self._history.can_go_back, forward=self._history.can_go_forward)

    def _on_page(self, page: QWidget) -> None:
        is_open = page is self._page
        if not is_open:
            self._first = _First.LEFT
        elif self._first is _First.LEFT:
            self._first = _First.PROPOSED
        self._browse(open=is_open)

    def _on_chosen(self, query: Query | Upload, run: str) -> None:
        if isinstance(query, Upload):
            self._workspace.selection = Selection(upload=query)
            return
        recording = self._workspace.recording(run)
        if recording is None:
            return
        listed = self._workspace.browse.samples
        if query.sample in listed:  # of several that are selected, which stay so
            self._workspace.select_all(recording, query, listed)
        else:
            self._workspace.select(recording, query)

    def _show_in_map(self, query: Query, run: str) -> None:
        self._on_chosen(query, run)
        self._choose_split(query.split)
        self._window.show_page(self._window.watch_page)

    def _open_file(self, path: Path) -> None:
        # A run that somebody else has made names the file: nothing but an image is opened.
        if not has_image_name(path.name):
            self._tell(f"{path} is not opened: its name is not that of an image.")
            return
        self._opening = path, self._session.look_up(path.is_file)

    def _back(self) -> None:
        self._go(self._history.back())

    def _forward(self) -> None:
        self._go(self._history.forward())

    def _go(self, selection: Selection | None) -> None:
        if selection is not None:
            self._workspace.selection = selection

    def _paste(self) -> None:
        if not self._page.accept_images(QGuiApplication.clipboard().mimeData()):
            self._tell("Nothing to search with was copied: copy an image, or an image's file.")

    def _ask_for_image(self) -> None:
        self.search_files(ask_for_images(self._window, "Search with images", image_endings()))

    def _search_pasted(self, image: QImage) -> None:
        self._upload((self._session.uploads.add_pixels(_pixels(image)),))

    def _upload(self, uploads: tuple[Upload, ...]) -> None:
        self._workspace.upload(uploads)
        listed = frozenset(one.number for one in self._workspace.uploads)
        self._session.uploads.keep_only(listed)

    def _choose_split(self, split: Split) -> None:
        self._workspace.display = replace(self._workspace.display, split=split)

    def _compare_with_this_step(self) -> None:
        steps = [shown_step(one, self._workspace.cursor) for one in self._workspace.recordings]
        known = [step for step in steps if step is not None]
        if known:
            self._browse(since=max(known))

    def _browse(self, **changes: object) -> None:
        self._set_browse(replace(self._workspace.browse, **changes))  # type: ignore[arg-type]  # by name

    def _set_browse(self, browse: Browse) -> None:
        self._workspace.browse = browse


def _call(then: Callable[[], None], _checked: bool = False) -> None:
    then()


def _pixels(image: QImage) -> ImageArray:
    """An image of Qt as (H, W, 3) uint8, of its own memory."""
    plain = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(plain.constBits(), dtype=np.uint8)
    rows = rows.reshape(plain.height(), plain.bytesPerLine())[:, : 3 * plain.width()]
    return rows.reshape(plain.height(), plain.width(), 3).copy()
