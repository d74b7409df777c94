"""Run directories that a training has begun, and what they hold."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers_training import tiny_config, tiny_dataset

from symmcore.runs.writing.training_recorder import TrainingRecorder
from symmcore.training.config import TrainingConfig
from symmcore.training.sink import Environment, TrainingContext
from symmcore.training.status import FinishReason, RunState, TrainingStatus

FINISHED = TrainingStatus(RunState.FINISHED, reason=FinishReason.COMPLETED)


ENVIRONMENT = Environment("cpu", 3, (("python", "3.11.7"), ("torch", "2.15.0")))


def context_of(config: TrainingConfig) -> TrainingContext:
    return TrainingContext(config, ENVIRONMENT, tiny_dataset(config.seed))


def begun(
    out: Path, *specs: str, on_problem: Callable[[str], None] = pytest.fail, **settings: Any
) -> TrainingRecorder:
    """The directories of a training that has begun."""
    config = tiny_config(*specs, **settings)
    directories = TrainingRecorder(out, config, on_problem=on_problem)
    directories.begin(context_of(config))
    return directories


def lines(folder: Path) -> list[dict[str, Any]]:
    text = (folder / "metrics.jsonl").read_text("utf-8")
    assert text == "" or text.endswith("\n")
    return [json.loads(line, parse_constant=no_constant) for line in text.splitlines()]


def no_constant(name: str) -> None:
    pytest.fail(f"{name} is no JSON")


def files(folder: Path) -> dict[str, bytes]:
    """All files below a folder and what they hold."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def full_disk(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def hold(*names: str) -> Callable[[Path], None]:
    """Makes a folder that holds these."""

    def make(out: Path) -> None:
        for name in names:
            path = out / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix:
                path.write_text("precious")
            else:
                path.mkdir()

    return make
