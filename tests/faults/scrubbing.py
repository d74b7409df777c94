"""Memory while a run of thousands of frames is watched and scrubbed through."""

import dataclasses
import gc
import random
from pathlib import Path

import numpy as np
import pytest
from small_training import METHOD, WholeTraining

from symmcore.records import (
    EmbeddedSet,
    Frame,
    PlanePoints,
    Projection,
    Snapshot,
    StepRecord,
    WatchedSet,
)
from symmcore.runs import Recording
from symmcore.runs.writing.training_recorder import TrainingRecorder

_DIMENSIONS = 64
_IMAGES = 24  # of a split of the tiny dataset
_REPEATED = 12  # so that a frame has some size
_SCRUBS = 4
_FRAMES_A_POLL = 10  # of who follows the directory


def resident_bytes() -> int:
    """Memory that this process holds."""
    gc.collect()
    lines = Path("/proc/self/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


def watch_and_scrub(
    folder: Path, whole: WholeTraining, warm_up: int, frames: int, seed: int
) -> int:
    """Record frames, watch them live and from the directory, and go to random ones of them.

    Args:
        folder: of the run, not there yet.
        whole: a training, for what the run begins with.
        warm_up: frames before memory is measured: as many as fill the caches.
        frames: how many more.
        seed: of where is gone to.

    Returns:
        By how many bytes memory has grown after the warm-up.
    """
    chance = random.Random(seed)  # noqa: S311 - moments, not secrets
    config = dataclasses.replace(whole.config, specs=whole.config.specs[:1], steps=warm_up + frames)
    recorder = TrainingRecorder(folder, config, on_problem=pytest.fail)
    context = whole.told[0][1][0]
    recorder.begin(dataclasses.replace(context, config=config))
    live = recorder.recordings[0]
    followed: Recording | None = None
    before = 0
    for step in range(warm_up + frames):
        snapshots = (_snapshot(step),)
        recorder.scalar(0, StepRecord(step, 1.0, 0.5, float(step)))
        recorder.snapshots(snapshots)
        recorder.projections(tuple(map(_projection, snapshots)))
        live.poll()
        followed = followed or Recording.open(live.folder)
        if step % _FRAMES_A_POLL == 0:
            followed.poll()
        for recording in (live, followed):
            for _ in range(_SCRUBS):
                _go_to(recording, chance)
        if step == warm_up:
            before = resident_bytes()
    grown = resident_bytes() - before
    recorder.close()
    assert len(live.state.frame_steps) == warm_up + frames
    return grown


def _go_to(recording: Recording, chance: random.Random) -> None:
    step = chance.choice(recording.state.frame_steps)
    assert recording.frame(step).step == step
    recording.gallery(step)
    projection = recording.projection(METHOD, step)
    assert projection is None or projection.step == step
    recording.thumbnail(chance.randrange(2 * _IMAGES))


def _snapshot(step: int) -> Snapshot:
    numbers = np.random.default_rng(step)
    count = _IMAGES * _REPEATED

    def watched(first: int) -> WatchedSet:
        points = numbers.standard_normal((count, _DIMENSIONS), dtype=np.float32)
        samples = first + np.tile(np.arange(_IMAGES), _REPEATED)
        partner = np.roll(np.arange(count), 1)
        labels = samples % 4
        return WatchedSet(EmbeddedSet(samples, labels, points), partner, points[partner])

    train, test = watched(0), watched(_IMAGES)
    points = test.points
    other = EmbeddedSet(points.samples[::-1].copy(), points.labels, points.embeddings)
    return Snapshot(Frame(step, train, test), other)


def _projection(snapshot: Snapshot) -> Projection:
    train, test = (
        PlanePoints(of.points.embeddings[:, :2].copy(), of.synthetic[:, :2].copy())
        for of in (snapshot.frame.train, snapshot.frame.test)
    )
    return Projection(snapshot.frame.step, METHOD, train, test, None)
