"""Finds what is left to train of several seeds, and claims the folder of the next."""

from collections.abc import Callable
from dataclasses import dataclass

from symmcore.errors import InputError
from symmcore.runs import Recording
from symmcore.runs.continuing.seed_folder import SeedFolder
from symmcore.runs.reading.opening import read_runs
from symmviz.services.training.continuing import Continuation, prepare_continuation
from symmviz.services.training.process import TrainingProcess


@dataclass(frozen=True, slots=True, eq=False)
class SeedsLeft:
    """How far the seeds are.

    Attributes:
        folder: of all.
        finished: the runs of those that are finished, read whole.
        seed: the one that is to be trained now; None where all are finished.
        planned: its training; None where all are finished.
    """

    folder: SeedFolder
    finished: tuple[Recording, ...]
    seed: int | None = None
    planned: Continuation | None = None

    @property
    def count(self) -> int:
        """How many seeds there are."""
        return len(self.folder.seeds)

    @property
    def place(self) -> int:
        """Of the seed that is to be trained now, from 1."""
        return self.count if self.seed is None else self.folder.seeds.index(self.seed) + 1

    def close(self) -> None:
        """Close what is open, where it is not to be trained."""
        if self.planned is not None:
            self.planned.close()


def seeds_left(open_folder: Callable[[], SeedFolder], training: TrainingProcess) -> SeedsLeft:
    """Find the first seed that is not finished, and claim its folder.

    Args:
        open_folder: gives the folder of all seeds.
        training: claims the folder.

    Raises:
        InputError: if the folder was made for another training, or a run of it cannot go on.
    """
    folder = open_folder()
    done = [seed for seed in folder.seeds if folder.is_finished(seed)]
    finished = read_runs(map(folder.folder, done))
    seed = next((one for one in folder.seeds if one not in done), None)
    if seed is None:
        return SeedsLeft(folder, finished)
    try:
        return SeedsLeft(folder, finished, seed, _planned(folder, seed, training))
    except InputError:
        folder.withdraw()
        raise


def _planned(folder: SeedFolder, seed: int, training: TrainingProcess) -> Continuation:
    plan, out = folder.plan(seed), folder.folder(seed)
    if plan is not None:
        return prepare_continuation(lambda: plan, lambda _: out, training)
    config = folder.config(seed)
    return Continuation(config, training.claim(config, out, None), None)
