"""What the user's wish for Figure 8, frames side by side, does."""

from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from symmcore.errors import InputError, type_and_line
from symmcore.export import ExportOptions
from symmcore.export.options import parse_steps
from symmcore.projection.base import TEST, TRAIN
from symmcore.runs import Recording
from symmviz.exporting import export_kind
from symmviz.exporting.request import ExportRequest
from symmviz.model.retrieval.query import Split
from symmviz.model.workspace import Workspace
from symmviz.services.session import Session
from symmviz.views.dialogs.figure_dialog import FigureDialog
from symmviz.views.window.main_window import MainWindow

if TYPE_CHECKING:
    from symmviz.exporting.figure8 import DrawnFigure


class Figure8Actions(QObject):
    """Opens the dialog of the figure, and has its picture drawn and written.

    Args:
        window: whose menu.
        workspace: what is shown.
        session: draws and writes, away from the GUI thread.
    """

    def __init__(self, window: MainWindow, workspace: Workspace, session: Session) -> None:
        super().__init__(window)
        self._window = window
        self._workspace = workspace
        self._session = session
        self._dialog: FigureDialog | None = None
        self._recordings: tuple[Recording, ...] = ()
        self._drawing: Future[DrawnFigure] | None = None
        self._writing = False
        window.figure_wanted.connect(self.ask)

    def ask(self) -> FigureDialog | None:
        """Open the dialog; the open one, if one is. None where no run is shown."""
        if self._dialog is None and self._workspace.recordings:
            self._recordings = self._workspace.recordings
            dialog = FigureDialog(self._window)
            dialog.draw_wanted.connect(self._draw)
            dialog.save_wanted.connect(self._save)
            dialog.finished.connect(self._on_closed)
            self._dialog = dialog
            self._draw()
            dialog.open()
        return self._dialog

    def poll(self) -> None:
        """Show what was drawn, and say what came of a file."""
        dialog = self._dialog
        if dialog is None:
            return
        drawing = self._drawing
        if drawing is not None and not drawing.done():
            progress = self._session.exports.figure_progress
            if progress is not None:
                dialog.say(progress.sentence(), keep_working=True)
        elif drawing is not None:
            self._drawing = None
            error = drawing.exception()
            if error is None:
                figure = drawing.result()
                dialog.show_figure(figure.image, figure.steps)
            else:
                words = str(error) if isinstance(error, InputError) else type_and_line(error)
                dialog.say(words, is_error=True)
        state = self._session.exports.state
        if self._writing and state is not None and state.ended:
            self._writing = False
            failed = bool(state.error) or state.cancelled
            dialog.say(state.error if failed else f"Wrote {state.path}.", is_error=failed)

    def _draw(self) -> None:
        options = self._options()
        if options is not None and self._dialog is not None:
            self._dialog.begin()
            self._drawing = self._session.exports.draw_figure(self._recordings, options)

    def _save(self, path: Path) -> None:
        options = self._options()
        if options is not None and self._dialog is not None:
            self._dialog.begin()
            self._writing = True
            request = ExportRequest(
                export_kind("figure8"), self._recordings, path, options, overwrite=True
            )  # what is there was asked about
            self._session.exports.start(request)

    def _options(self) -> ExportOptions | None:
        """What is shown, at the steps that are named; None where those are none."""
        assert self._dialog is not None, "it asks for this"
        try:
            steps = parse_steps(self._dialog.steps.text())
        except InputError as error:
            self._dialog.say(str(error), is_error=True)
            return None
        display = self._workspace.display
        return ExportOptions(
            split=TRAIN if display.split is Split.TRAIN else TEST,
            preferred=display.method,
            synthetic=True,
            steps=steps,
            awaits=display.method not in self._session.frames.unusable_methods(),
        )

    def _on_closed(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None
        self._session.exports.cancel_figure()
        self._drawing, self._writing = None, False
