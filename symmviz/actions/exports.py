"""What the user's wishes for files and pictures of the runs do."""

from PySide6.QtCore import QObject

from symmcore.errors import InputError
from symmcore.export import ExportKind, ExportOptions
from symmcore.export.options import parse_steps
from symmcore.folders import home_folder
from symmcore.projection.base import TEST, TRAIN
from symmcore.records import Projection
from symmcore.runs import Recording
from symmviz.actions.file_saves import FileSaves
from symmviz.exporting import EXPORTS
from symmviz.exporting.request import ExportRequest
from symmviz.model.display import ColourBy
from symmviz.model.resolve import export_scope
from symmviz.model.resolve.export_scope import maps_on_screen
from symmviz.model.retrieval.query import Split
from symmviz.model.runs.titles import run_titles
from symmviz.model.workspace import Workspace, images_key
from symmviz.services.session import Session
from symmviz.views.dialogs.export_dialog import REPLACE, ExportDialog
from symmviz.views.window.main_window import MainWindow

_SAID_MS = 8000
_MAP = "map"
_MAPS = (_MAP, "animation")


class ExportActions(QObject):
    """Opens the dialog of exports, and says what came of them and of pictures.

    Args:
        window: whose menu and pictures.
        workspace: what is shown.
        session: writes the files.
    """

    def __init__(self, window: MainWindow, workspace: Workspace, session: Session) -> None:
        super().__init__(window)
        self._window = window
        self._workspace = workspace
        self._session = session
        self._dialog: ExportDialog | None = None
        self._folder = home_folder()
        self._recordings: tuple[Recording, ...] = ()  # those that the dialog names
        self._saves = FileSaves(session.write_file, lambda text, _is_error: self._say(text))
        window.export_wanted.connect(self.ask)
        window.watch_page.picture_save_wanted.connect(self._saves.save)

    def ask(self) -> ExportDialog | None:
        """Open the dialog; the open one, if one is. None where no run is shown."""
        shown, recordings = self._workspace.recordings, self._workspace.plotted
        if self._dialog is None and shown:
            self._recordings = recordings
            titles = run_titles(tuple(recording.info for recording in recordings))
            dialog = ExportDialog(
                EXPORTS,
                [title.title for title in titles],
                len(shown),
                self._folder,
                self._scope,
                self._window,
            )
            dialog.export_wanted.connect(self._start)
            dialog.cancel_wanted.connect(self._session.exports.cancel)
            dialog.finished.connect(self._on_closed)
            self._dialog = dialog
            dialog.open()
        return self._dialog

    def poll(self) -> None:
        """Show how far it is, and what came of it."""
        self._saves.poll()
        state, dialog = self._session.exports.state, self._dialog
        if state is None or dialog is None or not dialog.running:
            return
        if not state.ended:
            if state.progress is not None:
                dialog.show_progress(state.progress)
        elif state.exists:
            dialog.set_error(f'{state.path} exists: name another, or tick "{REPLACE}".')
        elif state.error or state.cancelled:
            dialog.set_error(state.error)
        else:
            self._folder = state.path.parent
            dialog.finish(f"Wrote {state.path}.")

    def _start(self) -> None:
        dialog = self._dialog
        assert dialog is not None, "it asks for this"
        try:
            request = ExportRequest(
                dialog.kind,
                self._chosen(),
                dialog.path(),
                self._options(dialog),
                dialog.overwrite,
            )
        except InputError as error:
            dialog.set_error(str(error))
            return
        dialog.begin()
        self._session.exports.start(request)

    def _options(self, dialog: ExportDialog) -> ExportOptions:
        """What is shown, and what the dialog says besides."""
        display, selection = self._workspace.display, self._workspace.selection
        recording = self._recordings[dialog.chosen_runs[0]]
        samples = None
        if dialog.kind.name == "selection" and not dialog.wrong.isChecked():
            known = selection.samples and selection.fingerprint == images_key(recording)
            samples = selection.samples if known else None
        return ExportOptions(
            step=self._workspace.cursor.step,
            split=TRAIN if display.split is Split.TRAIN else TEST,
            preferred=display.method,
            drawn=self._drawn(dialog.kind),
            awaits=dialog.kind.name in _MAPS and self._is_projected(),
            neighbours=dialog.neighbours.value(),
            wrong_only=dialog.wrong.isChecked(),
            samples=samples,
            seconds=dialog.seconds.value(),
            by_class=display.colour_by is not ColourBy.KIND,
            synthetic=display.synthetic_visible,
            steps=parse_steps(dialog.steps.text()),
        )

    def _scope(self, kind: ExportKind) -> str:
        return export_scope(
            self._workspace,
            has_images=kind.has_images,
            has_maps=kind.name in _MAPS,
            is_history=kind.is_history,
            drawn=self._drawn(kind),
            is_awaited=self._is_projected(),
        )

    def _is_projected(self) -> bool:
        """Whether the shown projection of these runs is being recorded, frame by frame."""
        method, shown = self._workspace.display.method, self._workspace.recordings
        is_usable = method not in self._session.frames.unusable_methods()
        return is_usable and set(self._chosen()) <= set(shown)

    def _chosen(self) -> tuple[Recording, ...]:
        """The runs that are ticked in the dialog; all that are shown before it is there."""
        if self._dialog is None:
            return self._workspace.recordings
        return tuple(self._recordings[at] for at in self._dialog.chosen_runs)

    def _drawn(self, kind: ExportKind) -> tuple[tuple[str, Projection], ...]:
        """What is on the screen of what an export draws: a map is to be what one sees."""
        if kind.name != _MAP:
            return ()
        return maps_on_screen(self._workspace, self._session.frames)

    def _on_closed(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None

    def _say(self, sentence: str) -> None:
        self._window.statusBar().showMessage(sentence, _SAID_MS)
