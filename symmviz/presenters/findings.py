"""The line beside a run's column in which the collapse doctor speaks."""

from typing import Protocol

from symmcore.runs import Recording
from symmcore.training.collapse import Finding
from symmcore.training.spec import RunSpec
from symmviz.model.runs.findings import (
    FindingLine,
    RunDoctor,
    finding_line,
    finding_remedies,
    shown_finding,
)
from symmviz.model.workspace import Workspace


class FindingsView(Protocol):
    """What the presenter needs of the lines."""

    def set_findings(self, lines: tuple[FindingLine | None, ...]) -> None:
        """Say this of each column; None says nothing."""


class FindingsPresenter:
    """Derives from the recordings what is wrong with them, and tells the view what differs."""

    def __init__(self, view: FindingsView, workspace: Workspace) -> None:
        self._view = view
        self._workspace = workspace
        self._doctors: dict[str, tuple[Recording, RunDoctor]] = {}
        self._shown: tuple[FindingLine | None, ...] = ()

    def update(self) -> None:
        """Show what has changed."""
        recordings = self._workspace.recordings
        self._doctors = {one.key: self._doctor(one) for one in recordings}
        lines = (*map(self._line, recordings), *(None for _ in self._workspace.preparing))
        if lines != self._shown:
            self._shown = lines
            self._view.set_findings(lines)

    @property
    def is_behind(self) -> bool:
        """Whether more of what is recorded is to be looked at: update again."""
        return any(doctor.is_behind for _, doctor in self._doctors.values())

    def wanted(self, run: int, at: int) -> tuple[int, tuple[Recording, ...], RunSpec] | None:
        """What a branch that tries one of the offered settings begins with.

        Args:
            run: position of the column.
            at: position of the setting among those offered.

        Returns:
            The last step before the finding, the run, and what the branch trains; None where
            that is not offered any more.
        """
        recordings = self._workspace.recordings
        finding = self._finding(recordings[run]) if run < len(recordings) else None
        if finding is None:
            return None
        tries = finding_remedies(finding, recordings[run])
        if at >= len(tries):
            return None
        return max(finding.since - 1, 0), (recordings[run],), tries[at].spec

    def _doctor(self, recording: Recording) -> tuple[Recording, RunDoctor]:
        known = self._doctors.get(recording.key)
        return known if known and known[0] is recording else (recording, RunDoctor())

    def _finding(self, recording: Recording) -> Finding | None:
        found = self._doctors[recording.key][1].look_at(recording)
        return shown_finding(found, self._workspace.cursor)

    def _line(self, recording: Recording) -> FindingLine | None:
        finding = self._finding(recording)
        return None if finding is None else finding_line(finding, recording)
