"""Beside the chosen dataset: what is in it, and what keeping its images will take."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from symmcore.data.catalogue import DatasetEntry
from symmcore.data.sources.torchvision_catalog import TORCHVISION_ENTRIES, torchvision_entry
from symmcore.errors import InputError, type_and_line
from symmcore.progress import byte_count
from symmcore.training.config import TrainingConfig
from symmcore.training.input import DatasetSummary
from symmviz.services.dataset_scan import DatasetScan
from symmviz.services.faults import report_unexpected

_LOOKING = "Looking through the files..."
_NOTES_SHOWN = 5


class DatasetView(Protocol):
    """What the presenter needs of the Start page."""

    def set_dataset_note(self, text: str, *, is_error: bool) -> None:
        """Say something beside the dataset; empty for nothing."""


@dataclass(frozen=True, slots=True)
class Fetchable:
    """A dataset that a click fetches.

    Attributes:
        dataset: as the command line writes it.
        title: for the menu: its name, its size, and what a download takes.
    """

    dataset: str
    title: str


def fetchable_datasets() -> tuple[Fetchable, ...]:
    """All of them; whether one is there already can change at any time."""
    return tuple(
        Fetchable(
            f"torchvision:{entry.name}",
            f"{entry.name}, {entry.images:,} images"
            + ("" if entry.is_fetched else f" (download of about {byte_count(entry.download)})"),
        )
        for entry in TORCHVISION_ENTRIES
    )


class DatasetPresenter:
    """Looks at the chosen dataset; the newest choice counts."""

    def __init__(self, view: DatasetView, look: Callable[[TrainingConfig], DatasetScan]) -> None:
        self._view = view
        self._look = look
        self._looked_at: TrainingConfig | None = None
        self._pending: DatasetScan | None = None
        self._again = False
        self._counts: tuple[int, int] | None = None
        self._problem = ""

    @property
    def counts(self) -> tuple[int, int] | None:
        """Training and test images of the chosen dataset; None where they are not known (yet)."""
        return self._counts

    @property
    def problem(self) -> str:
        """Why the chosen dataset cannot be trained on, as far as that is known; else empty."""
        return self._problem

    def look(self, config: TrainingConfig) -> None:
        """Scan a dataset that was chosen, or whose files may have changed."""
        self._again = config == self._looked_at
        self._looked_at = config
        self._problem = ""
        self._drop()
        kind = config.dataset_choice().kind
        if not self._again:
            self._counts = None
        if isinstance(kind, DatasetEntry):
            # Nearly half of each: what is watched of them does not depend on it.
            self._counts = (kind.images // 2, kind.images // 2)
            self._view.set_dataset_note("", is_error=False)
        elif (download := _download_of(config)) is not None:
            self._view.set_dataset_note(download, is_error=False)
        else:
            self._pending = self._look(config)
            self._say_how_far()

    def refuse(self, reason: str) -> None:
        """What is chosen cannot be looked at."""
        self._looked_at = self._counts = None
        self._problem = reason
        self._drop()
        self._view.set_dataset_note(reason, is_error=True)

    def poll(self) -> bool:
        """Show what was found, or how far that is; returns whether it was found just now."""
        if self._pending is None:
            return False
        if not self._pending.over:
            self._say_how_far()
            return False
        found, self._pending = self._pending, None
        try:
            summary = found.result()
        except InputError as error:
            self._problem = str(error)
            self._view.set_dataset_note(self._problem, is_error=True)
        except Exception as error:  # noqa: BLE001 - else the window waits for this dataset for ever
            report_unexpected(error)
            text = f"The dataset cannot be looked at ({type_and_line(error)})."
            self._view.set_dataset_note(text, is_error=True)
        else:
            self._counts = None if summary is None else (summary.train, summary.test)
            text = "" if summary is None else _sentences(summary)
            self._view.set_dataset_note(text, is_error=False)
        return True

    def _say_how_far(self) -> None:
        if self._again or self._pending is None:
            return  # what is known of it stands meanwhile
        doing = self._pending.doing
        text = _LOOKING if doing is None else f"{doing.sentence()}..."
        self._view.set_dataset_note(text, is_error=False)

    def _drop(self) -> None:
        if self._pending is not None:
            self._pending.give_up()
            self._pending = None


def _download_of(config: TrainingConfig) -> str | None:
    """What will be downloaded when the training starts; None if nothing will."""
    choice = config.dataset_choice()
    if choice.kind.name != "torchvision":
        return None
    entry = torchvision_entry(choice.argument)
    if entry.is_fetched:
        return None
    return (
        f"{entry.images:,} images of {entry.classes:,} classes. About "
        f"{byte_count(entry.download)} will be downloaded into {entry.folder} when you start."
    )


def _sentences(summary: DatasetSummary) -> str:
    counts = (
        f"{summary.train:,} training and {summary.test:,} test images of {summary.classes:,} "
        f"classes, split {summary.split}."
    )
    notes = list(summary.notes[:_NOTES_SHOWN])
    more = len(summary.notes) - _NOTES_SHOWN
    if more > 0:
        notes.append(f"{more:,} more notes will be shown with the training.")
    return " ".join((counts, *filter(None, (summary.cache,)), *notes))
