"""Which frames of a run, and which of its images, are exported, and what is known of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from symmcore.errors import InputError
from symmcore.export.options import ExportOptions
from symmcore.projection.base import TEST, TRAIN
from symmcore.records import EmbeddedSet, Frame, WatchedSet
from symmcore.runs.reading.recording import Recording


def frame_step(recording: Recording, step: int | None) -> int:
    """The newest frame at or before a step; of all where that is None.

    Raises:
        InputError: if there is none.
    """
    steps = recording.state.frame_steps
    found = [at for at in steps if step is None or at <= step]
    if found:
        return found[-1]
    if steps:
        raise InputError(
            f"{recording.folder} has no frame up to step {step:,}: its first is of step "
            f"{steps[0]:,}."
        )
    raise InputError(f"{recording.folder} holds no frame: nothing was embedded before it ended.")


def watched(frame: Frame, split: str) -> WatchedSet:
    """The watched images of a split."""
    return frame.train if split == TRAIN else frame.test


def embedded(recording: Recording, step: int, split: str) -> EmbeddedSet:
    """All images of a split that were embedded after a step.

    Raises:
        InputError: if there are none.
    """
    if split == TEST and step in recording.state.gallery_steps:
        images = recording.gallery(step)
    else:
        images = watched(recording.frame(step), split).points
    if not len(images.samples):
        raise InputError(f"{recording.folder} watches no {kind_of(split)} images.")
    return images


def run_names(recordings: Sequence[Recording]) -> list[str]:
    """What runs are called in a table: as much of each one's folder as tells them apart."""
    folders = [recording.info.folder.absolute().parts for recording in recordings]
    for depth in range(1, max(map(len, folders), default=1) + 1):
        names = ["/".join(parts[-depth:]) for parts in folders]
        if len(set(names)) == len(names):
            break
    return names


def kind_of(split: str) -> str:
    """What the images of a split are called in a sentence."""
    return "training" if split == TRAIN else "test"


@dataclass(frozen=True, slots=True, eq=False)
class ImageNames:
    """What the images of a run are called.

    Attributes:
        recording: the run.
        files: path of each image of the dataset below one folder; empty where not known.
    """

    recording: Recording
    files: tuple[str, ...]

    @classmethod
    def of(cls, recording: Recording) -> "ImageNames":
        """Read them."""
        found = recording.image_files()
        return cls(recording, () if found is None else found.names)

    def file(self, sample: int) -> str | None:
        """The path of an image below the dataset's folder; None where not known."""
        return self.files[sample] if 0 <= sample < len(self.files) else None

    def columns(self, images: EmbeddedSet) -> dict[str, object]:
        """Number, class and file of each image, as columns of a table."""
        return {
            "sample": images.samples,
            "label": images.labels,
            "class": [self.recording.info.class_name(label) for label in images.labels.tolist()],
            "file": [self.file(sample) for sample in images.samples.tolist()],
        }


def are_wrong(images: EmbeddedSet, nearest: np.ndarray) -> npt.NDArray[np.bool_]:
    """Whether the nearest other image of each is of another class.

    An image whose class has no other is no query, nor is one whose embedding is not a number:
    they are not wrong.

    Args:
        images: N images.
        nearest: (N,) row of the nearest other image of each.

    Returns:
        (N,) bool.
    """
    _, classes, sizes = np.unique(images.labels, return_inverse=True, return_counts=True)
    asked = (sizes[classes.reshape(-1)] > 1) & np.isfinite(images.embeddings).all(axis=1)
    wrong: npt.NDArray[np.bool_] = asked & (images.labels[nearest] != images.labels)
    return wrong


def listed(
    recording: Recording, images: EmbeddedSet, options: ExportOptions, nearest: np.ndarray | None
) -> list[int]:
    """Rows of the images that are to be listed.

    Args:
        recording: whose images they are.
        images: of which some are listed.
        options: which.
        nearest: (N,) row of the nearest other image; None unless only wrong ones are listed.

    Raises:
        InputError: if a class is none of the run's.
    """
    rows = np.arange(len(images.samples))
    kept = np.ones(len(rows), dtype=bool)
    if options.samples is not None:
        kept &= np.isin(images.samples, sorted(options.samples))
    if options.classes:
        present = {recording.info.class_name(label): label for label in np.unique(images.labels)}
        for name in options.classes:
            if name not in present:
                raise InputError(
                    f"{recording.folder} has no image of a class {name!r:.80} here: its classes "
                    f"are {', '.join(sorted(present)[:8])}{', ...' if len(present) > 8 else ''}."
                )
        kept &= np.isin(images.labels, [present[name] for name in options.classes])
    if nearest is not None:
        kept &= are_wrong(images, nearest)
    return [int(row) for row in rows[kept]]


def spread_evenly(steps: tuple[int, ...], most: int) -> tuple[int, ...]:
    """At most so many of some steps, evenly by place, the first and the last among them."""
    if len(steps) <= most:
        return steps
    places = np.linspace(0, len(steps) - 1, most).round().astype(int).tolist()
    kept = [places[0], *(later for earlier, later in pairwise(places) if later != earlier)]
    return tuple(steps[place] for place in kept)
