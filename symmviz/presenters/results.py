"""The Results page, and the card that says what a training came to."""

from typing import Protocol

from symmcore.runs import Recording
from symmcore.runs.formats.info import RunStatus
from symmviz.model.results import Outcome, ResultsTable
from symmviz.model.workspace import Workspace
from symmviz.services.results import Results, ResultsReader


class ResultsView(Protocol):
    """What the presenter needs of the Results page."""

    def set_table(self, table: ResultsTable) -> None:
        """Show a table."""


class OutcomeView(Protocol):
    """What the presenter needs of the card."""

    def set_outcome(self, outcome: Outcome | None) -> None:
        """Say what a training came to; None takes the card away."""


class ResultsPresenter:
    """Has results made of what is shown, and shows those that are new."""

    def __init__(
        self, page: ResultsView, card: OutcomeView, workspace: Workspace, reader: ResultsReader
    ) -> None:
        self._page = page
        self._card = card
        self._workspace = workspace
        self._reader = reader
        self._shown: Results | None = None

    def update(self, trained: tuple[Recording, ...]) -> None:
        """Show what is new; cheap where nothing is.

        Args:
            trained: the runs of the newest training of this window.
        """
        self._reader.request(self._by_seed(), self._ended(trained))
        results, before = self._reader.results, self._shown
        if results is None or results is before:
            return
        self._shown = results
        if before is None or results.table != before.table:
            self._page.set_table(results.table)
        if before is None or results.outcome != before.outcome:
            self._card.set_outcome(results.outcome)

    def _by_seed(self) -> tuple[Recording, ...]:
        """The runs of the table: as they are shown, or those of several seeds by seed."""
        plotted = self._workspace.plotted
        if self._workspace.seeds is None:
            return plotted
        return tuple(sorted(plotted, key=lambda one: one.info.seed or 0))

    def _ended(self, trained: tuple[Recording, ...]) -> tuple[Recording, ...]:
        """The runs of a training that has ended, and of the other seeds; none while one goes on."""
        shown, seeds = self._workspace.recordings, self._workspace.seeds
        ended = tuple(
            one for one in trained if one in shown and one.state.status is not RunStatus.DIVERGED
        )
        if not ended or any(not one.state.status.is_complete for one in ended):
            return ()
        if seeds is None:
            return ended
        return (
            () if seeds.going else (*ended, *(o for o in self._workspace.plotted if o not in shown))
        )
