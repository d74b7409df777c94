"""A folder that holds one training for each of several seeds: what was asked, and how far it is."""

import contextlib
import dataclasses
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from symmcore.errors import InputError, RunError
from symmcore.runs.continuing.continuation import ContinuationPlan, resume_plan
from symmcore.runs.formats.config_file import json_bytes
from symmcore.runs.formats.files import PART, remove_whatever, write_whole
from symmcore.runs.formats.info import RunStatus
from symmcore.runs.formats.layout import (
    CLASSES,
    CONFIG,
    FILES,
    FRAMES,
    LOCK,
    METRICS,
    PROJECTIONS,
    SAFETENSORS,
    SEEDS,
    STATUS,
    THUMBNAILS,
    frame_step,
    gallery_step,
    is_method,
    is_run,
    run_directories,
    seed_folder,
    seed_folders,
)
from symmcore.runs.formats.lock import RunLock
from symmcore.runs.formats.untrusted_files import read_json
from symmcore.runs.reading.recording import Recording
from symmcore.runs.results import read_result
from symmcore.runs.writing.claim import already_holds_run, cannot_write
from symmcore.settings.checkpoint_files import CHECKPOINTS
from symmcore.settings.setting import settings_of
from symmcore.training.config import TrainingConfig

FORMAT = 1
_MOST_SEEDS = 1000
_RANGE = re.compile(r"(\d{1,10})(?:-(\d{1,10}))?", re.ASCII)
# May differ when a training goes on: the machine, and what the seeds are for.
_MAY_DIFFER = frozenset({"seed", "device", "threads", "cache_bytes", "download"})
# What a run holds before its first step: no more than that is removed.
_FIRST_FILES = frozenset({CONFIG, CLASSES, FILES, METRICS, STATUS, LOCK})
_FIRST_FOLDERS = frozenset({FRAMES, THUMBNAILS, PROJECTIONS, CHECKPOINTS})


def parse_seeds(text: str, named: str = "--seeds") -> tuple[int, ...]:
    """Seeds from a list or range, ascending, each once: "0-9" or "0,2,5" or "0-4,10".

    Args:
        text: the list.
        named: the option or field that it is from.

    Raises:
        InputError: naming what is wrong.
    """
    seeds: set[int] = set()
    for part in text.split(","):
        match = _RANGE.fullmatch(part.strip())
        if match is None:
            raise InputError(
                f"{part.strip()!r} in {named} is no seed and no range: write 0-9, or 0,2,5."
            )
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise InputError(f"{part.strip()!r} in {named} ends before it begins: write 0-9.")
        if last - first >= _MOST_SEEDS or len(seeds) + last - first >= _MOST_SEEDS:
            raise InputError(f"{named} names more than {_MOST_SEEDS:,} seeds: name fewer.")
        seeds.update(range(first, last + 1))
    return tuple(sorted(seeds))


class SeedFolder:
    """The trainings of one configuration over seeds, each in a folder of its own.

    Attributes:
        seeds: all that the folder is for, ascending.
    """

    def __init__(self, out: Path, config: TrainingConfig, seeds: tuple[int, ...]) -> None:
        """Write down what is asked, or find that the folder was made for the same.

        Seeds that it was made for before are among ``seeds`` from then on. Where seeds are asked
        for, the training may have more steps than before: all seeds then go on up to there.

        Args:
            out: the folder.
            config: the training; its seed does not matter.
            seeds: those that are asked for; none for those that it was made for.

        Raises:
            InputError: if a seed is out of range, the folder holds something else or was made
                for another training, or it cannot be written.
        """
        self._out = out
        self._config = config
        self._made = self._wrote = False
        self._replaced: bytes | None = None
        for seed in seeds:
            self.config(seed)
        asked = _settings(config)
        before, planned = self._read(asked, may_grow=bool(seeds))
        self._config = dataclasses.replace(config, steps=max(config.steps, planned))
        self.seeds = tuple(sorted({*seeds, *before}))
        if self.seeds == before and planned >= config.steps:
            return
        try:
            self._made = not out.exists()
            out.mkdir(parents=True, exist_ok=True)
            if before:
                self._replaced = (out / SEEDS).read_bytes()
            written = {"format": FORMAT, "seeds": list(self.seeds), "training": asked}
            write_whole(out / SEEDS, json_bytes(written))
            self._wrote = True
        except OSError as error:
            raise cannot_write(out, error) from error

    def config(self, seed: int) -> TrainingConfig:
        """The training of one seed.

        Raises:
            InputError: if the seed is out of range.
        """
        return dataclasses.replace(self._config, seed=seed)

    def folder(self, seed: int) -> Path:
        """Where the run of a seed is, or its comparison."""
        return seed_folder(self._out, seed)

    def is_finished(self, seed: int) -> bool:
        """Whether nothing is left to train: each run took all steps and is scored, or diverged.

        Raises:
            InputError: if a run is there and cannot be opened.
        """
        recordings = self._recordings(seed)
        if not recordings:
            return False
        going = [one for one in recordings if one.state.status is not RunStatus.DIVERGED]
        whole = len(run_directories(self.folder(seed), self._config)) == len(recordings)
        return whole and all(_is_finished(one, self._config.steps) for one in going)

    def plan(self, seed: int) -> ContinuationPlan | None:
        """How the training of a seed goes on; None where it is to begin.

        What is left of one that ended before anything was trained is removed, if that is all
        that its folder holds.

        Raises:
            InputError: if it cannot go on, or its folder holds what may be worth keeping.
        """
        recordings = self._recordings(seed)
        if not recordings:
            return None
        if not any(one.state.last_step or one.state.checkpoint_steps for one in recordings):
            for recording in recordings:
                _check_worthless(recording)
            for recording in recordings:
                _remove(recording.folder)
            return None
        planned = [one.info.resolved.steps for one in recordings if one.info.resolved is not None]
        return resume_plan(self.folder(seed), max([self._config.steps, *planned]))

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left to train of any seed.

        Raises:
            InputError: if a run is there and cannot be opened.
        """
        return all(map(self.is_finished, self.seeds))

    def longer(self, steps: int) -> "SeedFolder":
        """The same seeds, all of which go on up to a later step; see the constructor.

        Args:
            steps: of each seed, from its beginning.

        Raises:
            InputError: if the folder cannot be written.
        """
        return SeedFolder(self._out, dataclasses.replace(self._config, steps=steps), self.seeds)

    def withdraw(self) -> None:
        """Take back what was asked if no run has begun: what was there before is there again."""
        if not self._wrote or any(self._recordings(seed) for seed in self.seeds):
            return
        with contextlib.suppress(OSError):
            if self._replaced is not None:
                write_whole(self._out / SEEDS, self._replaced)
                return
            (self._out / SEEDS).unlink(missing_ok=True)
            if self._made:
                self._out.rmdir()

    def _recordings(self, seed: int) -> tuple[Recording, ...]:
        """The runs of one seed that are there, read whole."""
        recordings = []
        for directory in run_directories(self.folder(seed), self._config):
            if is_run(directory):
                recordings.append(Recording.open(directory))
                recordings[-1].read_whole()
        return tuple(recordings)

    def _read(self, asked: Mapping[str, object], *, may_grow: bool) -> tuple[tuple[int, ...], int]:
        """The seeds that the folder was made for, none where it is new, and for how many steps."""
        path = self._out / SEEDS
        try:
            written = read_json(self._out, path)
        except FileNotFoundError:
            self._check_new()
            return (), self._config.steps
        except (RunError, OSError) as error:
            raise InputError(f"{error} Choose another output folder.") from error
        training, seeds = written.get("training"), written.get("seeds")
        if (
            written.get("format") != FORMAT
            or not isinstance(training, Mapping)
            or not isinstance(seeds, list)
            or not all(type(seed) is int and seed >= 0 for seed in seeds)
        ):
            raise InputError(
                f"{path} is damaged, or of another version: choose another output folder."
            )
        steps = training.get("steps")
        if type(steps) is not int:
            steps = self._config.steps
        may_differ = set()
        # What is looked at may be a run that has not gone on to the folder's steps yet.
        if steps < self._config.steps if may_grow else steps > self._config.steps:
            may_differ.add("steps")
        if not may_grow:  # a run that went on has written down what its training chose by itself
            may_differ |= {name for name in asked if training.get(name) is None}
        asked = {name: value for name, value in asked.items() if name not in may_differ}
        self._check_same(training, asked)
        return tuple(sorted(seeds)), steps

    def _check_new(self) -> None:
        try:
            if not self._out.exists():
                return
            for path in (self._out, *(one for one in self._out.iterdir() if one.is_dir())):
                if is_run(path):
                    raise already_holds_run(path)
            for path in seed_folders(self._out):
                raise already_holds_run(path)
        except OSError as error:
            raise cannot_write(self._out, error) from error

    def _check_same(self, before: Mapping[str, Any], asked: Mapping[str, object]) -> None:
        for name, value in asked.items():
            if name not in _MAY_DIFFER and name in before and before[name] != value:
                raise InputError(
                    f"{self._out} was made with {_said(name, before[name])} and not with "
                    f"{_said(name, value)}: give the same again, or choose another output folder."
                )


def _is_finished(recording: Recording, steps: int) -> bool:
    state, result = recording.state, read_result(recording)
    kept = state.status is RunStatus.FINISHED or max(state.checkpoint_steps, default=0) >= steps
    return kept and result.is_whole and result.step >= steps


def _check_worthless(recording: Recording) -> None:
    """Make sure that a run without a step is one, and not one that could not be read."""
    folder, state = recording.folder, recording.state
    try:
        other = next(_other_than_first(folder), None)
    except OSError as error:
        raise cannot_write(folder, error) from error
    if other is None and not state.warnings and not any(state.frame_steps):
        return
    what = f"{other} is there" if other else " ".join(state.warnings) or "it has frames"
    raise InputError(
        f"{folder} holds a run of which no step can be read, and it is not known to be empty "
        f"({what.rstrip('.')}): move it away, or choose another output folder."
    )


def _other_than_first(folder: Path) -> Iterator[Path]:
    """What a run directory holds that none does before its first step."""

    def fail(error: OSError) -> None:
        raise error

    for parent, folders, names in os.walk(folder, onerror=fail):
        for name in (*folders, *names):
            path = Path(parent, name)
            parts = path.relative_to(folder).parts
            if path.is_symlink() or not _is_first(parts, is_folder=name in folders):
                yield path


def _is_first(parts: tuple[str, ...], *, is_folder: bool) -> bool:
    """Whether a run directory can hold a file or folder before its first step."""
    if any(part.startswith(".") and part.endswith(PART) for part in parts):
        return True  # half-written when its process was killed
    if len(parts) == 1:
        return parts[0] in (_FIRST_FOLDERS if is_folder else _FIRST_FILES)
    name = parts[-1]
    match parts[:-1]:
        case (folder,) if folder == FRAMES:
            return not is_folder and 0 in (frame_step(name), gallery_step(name))
        case (folder,) if folder == THUMBNAILS:
            return not is_folder and name.endswith(SAFETENSORS)
        case (folder,) if folder == PROJECTIONS:
            return is_folder and is_method(name)
        case (folder, _) if folder == PROJECTIONS:
            return not is_folder and frame_step(name) == 0
    return False


def _remove(directory: Path) -> None:
    """Remove a run in which nothing was trained, unless another process has begun it."""
    try:
        lock = RunLock(directory)
        for path in tuple(directory.iterdir()):
            if path.name != LOCK:
                remove_whatever(path)
        lock.remove()
    except OSError as error:
        raise cannot_write(directory, error) from error


def _settings(config: TrainingConfig) -> dict[str, object]:
    """The training as JSON has it."""
    values = dataclasses.asdict(config) | {"specs": [spec.name for spec in config.specs]}
    loaded: dict[str, object] = json.loads(json.dumps(values))
    return loaded


def _said(name: str, value: object) -> str:
    """A setting as the command line has it."""
    flags = {named.name: named.flag for named in settings_of(TrainingConfig)}
    if name == "specs" and isinstance(value, list):
        return " ".join(map(str, value))
    return f"{flags.get(name, name)} {value}"
