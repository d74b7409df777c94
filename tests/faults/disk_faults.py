"""Every write, fsync and rename of a recorded training fails, once and for good."""

import contextlib
import enum
import errno
import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from small_training import Acknowledged, WholeTraining, check_folder, check_recording, play

from symmcore.errors import InputError
from symmcore.runs.formats import files
from symmcore.runs.formats.info import RunStatus
from symmcore.runs.formats.layout import run_directories
from symmcore.runs.writing import thumbnail_writer, training_recorder
from symmcore.runs.writing.training_recorder import TrainingRecorder

TRAINING, CHECKPOINTS, THUMBNAILS = "training", "checkpoints", "thumbnails"
"""Threads that write: each one's calls come in an order that does not change."""


class Fault(enum.Enum):
    """How a call fails."""

    NO_SPACE = errno.ENOSPC
    IO_ERROR = errno.EIO
    NO_ACCESS = errno.EACCES
    SHORT = 0  # a write that writes less, which is no error
    TORN = -errno.ENOSPC  # a write that writes some, and then there is no space

    @property
    def number(self) -> int:
        """The system's number of the error."""
        return abs(self.value)


@dataclass
class FaultyDisk:
    """Stands in for the calls of ``files``: one of them fails, or all from one on.

    Attributes:
        fault: how it fails; None for not at all.
        at: the number of the call that fails, among those of one thread.
        for_good: whether all later ones fail too. Those of training and checkpoints do alike.
        thread: whose calls are counted.
        calls: what was called on the thread that is counted: function and path.
        failed: those that failed.
    """

    fault: Fault | None = None
    at: int = -1
    for_good: bool = False
    thread: str = TRAINING
    calls: list[tuple[str, str]] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)

    @contextlib.contextmanager
    def mounted(self) -> Iterator[None]:
        """Inside, runs are written to this disk."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(files, "write", self._write)
            patch.setattr(files, "fsync", self._fsync)
            patch.setattr(files, "rename", self._rename)
            patch.setattr(thumbnail_writer, "_SECONDS_BETWEEN_TRIES", 0.01)
            patch.setattr(training_recorder, "_SECONDS_FOR_THUMBNAILS", 0.2)
            yield

    def heal(self) -> None:
        """Nothing fails from here on."""
        self.fault = None

    def _write(self, descriptor: int, content: bytes | memoryview) -> int:
        fault = self._fault("write", str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        if fault is None:
            return os.write(descriptor, content)
        if fault in (Fault.SHORT, Fault.TORN):
            some = os.write(descriptor, content[: max(1, len(content) // 2)])
            if fault is Fault.SHORT:
                return some
        raise OSError(fault.number, os.strerror(fault.number))

    def _fsync(self, descriptor: int) -> None:
        fault = self._fault("fsync", str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        if fault is not None:
            raise OSError(fault.number, os.strerror(fault.number))
        # nothing here can tell whether it was flushed, and a real disk takes its time

    def _rename(self, source: Path, target: Path) -> None:
        fault = self._fault("rename", str(target))
        if fault is not None:
            raise OSError(fault.number, os.strerror(fault.number))
        source.replace(target)

    def _number(self, function: str, path: str) -> int | None:
        """The number of a call, where it is of the thread that is counted."""
        if _thread() != self.thread:
            return None
        self.calls.append((function, path))
        return len(self.calls) - 1

    def _fault(self, function: str, path: str) -> Fault | None:
        number, fault = self._number(function, path), self.fault
        if fault is None or not self._has_its_turn(number):
            return None
        full = fault in (Fault.SHORT, Fault.TORN, Fault.NO_SPACE)
        if full and self.for_good and function != "write":
            return None  # a full disk can still rename
        self.failed.append((function, path))
        return fault

    def _has_its_turn(self, number: int | None) -> bool:
        if number is not None:
            return number >= self.at if self.for_good else number == self.at
        # the same disk, but for thumbnails, whose failures are told apart
        return self.for_good and bool(self.failed) and THUMBNAILS not in (_thread(), self.thread)


def _thread() -> str:
    name = threading.current_thread().name
    return name if name in (CHECKPOINTS, THUMBNAILS) else TRAINING


def clean_calls(folder: Path, whole: WholeTraining, thread: str) -> list[tuple[str, str]]:
    """The calls of one thread in a recording that nothing happens to."""
    disk = FaultyDisk(thread=thread)
    with disk.mounted():
        recorder = TrainingRecorder(folder, whole.config, on_problem=pytest.fail)
        play(recorder, whole.told)
        recorder.close()
    shutil.rmtree(folder)
    return disk.calls


def faults_of(function: str) -> tuple[Fault, ...]:
    """How a call of a function can fail."""
    if function == "write":
        return tuple(Fault)
    return (Fault.NO_SPACE, Fault.IO_ERROR, Fault.NO_ACCESS)


def check_fault(folder: Path, whole: WholeTraining, disk: FaultyDisk) -> None:
    """Record a training on a disk that fails, and check what is told and what is there.

    Args:
        folder: of the comparison, which is not there yet.
        whole: the training.
        disk: with its fault chosen.
    """
    problems: list[str] = []
    with disk.mounted():
        recorder = TrainingRecorder(folder, whole.config, on_problem=problems.append)
        try:
            play(recorder, whole.told[:1], end=False)
        except InputError as error:
            _check_refused(folder, error)
            recorder.close()
            return
        played = Played(recorder, whole, disk)
        for name, arguments in whole.told[1:]:
            getattr(recorder, name)(*arguments)
            written = name != "checkpoints" or disk.at % 2 == 0
            if name == "checkpoints" and written:
                recorder.finish_checkpoints()
            played.note(name, arguments, written=written)
        play(recorder, ())
        played.check_live()
        _check_told(folder, disk, problems)
        played.check_folders(folder)
        if disk.for_good and disk.at % 2:
            recorder.close()  # which must not fail either
            played.check_folders(folder)
            return
        disk.heal()
        recorder.close()
    played.check_all_saved(folder)


class Played:
    """A recording on a faulty disk, and what was acknowledged before the first fault."""

    def __init__(self, recorder: TrainingRecorder, whole: WholeTraining, disk: FaultyDisk) -> None:
        self._recorder = recorder
        self._whole = whole
        self._disk = disk
        self._said = [Acknowledged() for _ in whole.runs]
        self._told = [Acknowledged() for _ in whole.runs]
        self._thinned = whole.config.recording_bytes < 10**6

    def note(self, name: str, arguments: tuple[object, ...], *, written: bool) -> None:
        """Something was told to the recorder, and it has returned.

        Args:
            name: of the recorder's method.
            arguments: of it.
            written: whether it has said so only after it was written.
        """
        both = written and not self._disk.failed
        for said in (self._told, self._said) if both else (self._told,):
            acknowledge(said, name, arguments)

    def check_live(self) -> None:
        """The recording of this process has everything, whatever the disk does."""
        for recording, run, said in zip(
            self._recorder.recordings, self._whole.runs, self._told, strict=True
        ):
            recording.poll()
            held = Acknowledged(said.lines, said.frames)
            check_recording(recording, run, held, thinned=self._thinned)
            loss = recording.state.metrics["loss"]
            assert len(loss.steps) == sum('"kind": "step"' in line for line in run.lines)

    def check_folders(self, out: Path) -> None:
        """Each run opens and holds what was acknowledged before the fault."""
        for folder, run, said in zip(self._folders(out), self._whole.runs, self._said, strict=True):
            check_folder(folder, run, said, thinned=self._thinned)

    def check_all_saved(self, out: Path) -> None:
        """The disk has worked again: everything is there."""
        for folder, run, said in zip(self._folders(out), self._whole.runs, self._told, strict=True):
            expected = Acknowledged(said.lines, said.frames, {max(said.checkpoints)})
            recording = check_folder(folder, run, expected, thinned=self._thinned)
            missing = said.checkpoints - set(recording.state.checkpoint_steps)
            assert self._thinned or self._disk.for_good or len(missing) <= 1, missing
            assert recording.state.status is RunStatus.FINISHED, recording.state.status
            parts = [path for path in folder.rglob(".*") if path.name != ".run.lock"]
            assert not parts, parts

    def _folders(self, out: Path) -> tuple[Path, ...]:
        return run_directories(out, self._whole.config)


def acknowledge(said: list[Acknowledged], name: str, arguments: tuple[object, ...]) -> None:
    """Note what a recorder has returned from."""
    if name == "scalar":
        said[arguments[0]].lines += 1  # type: ignore[call-overload]  # the position of the run
        return
    for one, of in zip(said, arguments[0], strict=True):  # type: ignore[call-overload]  # a tuple
        if name == "snapshots":
            one.frames.add(of.frame.step)
        elif name == "checkpoints":
            one.checkpoints.add(of.step)


def _check_refused(folder: Path, error: InputError) -> None:
    """A training that cannot begin says so in a sentence, and leaves nothing in the way."""
    message = str(error)
    assert str(folder) in message, message
    assert "\n" not in message
    left = list(folder.rglob("*")) if folder.exists() else []
    assert not left, left


def _check_told(folder: Path, disk: FaultyDisk, problems: list[str]) -> None:
    """One sentence for each run whose saving began to fail."""
    if disk.fault is Fault.SHORT:
        assert problems == []
        return
    # a projection can be computed again, and what is to go can stay a while
    quiet = [call for call in disk.failed if "/projections" in call[1] or _goes(*call)]
    runs = {
        Path(path).relative_to(folder).parts[0]
        for function, path in disk.failed
        if (function, path) not in quiet
    }
    assert len(problems) == len(runs), (problems, disk.failed[:3])
    for problem in problems:
        assert str(folder) in problem
        assert "\n" not in problem


def _goes(function: str, path: str) -> bool:
    """Whether a checkpoint that is to be removed was to get a hidden name."""
    return function == "rename" and path.endswith(files.PART)
