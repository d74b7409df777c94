"""Scan of a chosen dataset, which runs beside the window and can be cancelled."""

from concurrent.futures import CancelledError, Executor, Future
from threading import Event

from symmcore.progress import Progress
from symmcore.training.config import TrainingConfig
from symmcore.training.input import DatasetSummary, scan_dataset


class DatasetScan:
    """One scan; the files are listed in a thread of the pool.

    Args:
        pool: whose thread.
        config: names the dataset.
    """

    def __init__(self, pool: Executor, config: TrainingConfig) -> None:
        self._given_up = Event()
        self._doing: Progress | None = None
        self._found: Future[DatasetSummary | None] = pool.submit(scan_dataset, config, self._tell)

    @property
    def doing(self) -> Progress | None:
        """How far it is, if it has said so."""
        return self._doing

    @property
    def over(self) -> bool:
        """Whether there is a result, or an error."""
        return self._found.done()

    def result(self) -> DatasetSummary | None:
        """What was found, once it is over.

        Raises:
            InputError: naming what is wrong with the dataset.
        """
        return self._found.result(timeout=0)

    def give_up(self) -> None:
        """End it at the next folder or file, if it was begun; nobody waits for it."""
        self._given_up.set()
        self._found.cancel()

    def _tell(self, doing: Progress) -> None:
        if self._given_up.is_set():
            raise CancelledError
        self._doing = doing
