"""What each query retrieves, and lists of images, as tables."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from symmcore.errors import InputError
from symmcore.export.embeddings import only_run
from symmcore.export.frames import ImageNames, embedded, frame_step, kind_of, listed, run_names
from symmcore.export.neighbours import nearest_images
from symmcore.export.options import ExportOptions
from symmcore.export.tables import CSV, Columns, file_ending, write_table
from symmcore.progress import ProgressCallback
from symmcore.records import EmbeddedSet
from symmcore.runs.reading.recording import Recording


def write_retrieval(
    recordings: Sequence[Recording], path: Path, options: ExportOptions, progress: ProgressCallback
) -> None:
    """Write the nearest images of each query, a row for each neighbour.

    The columns are run, step, query, query_class, query_file, rank from 1, neighbor,
    neighbor_class, neighbor_file, similarity (the cosine) and correct.

    Raises:
        InputError: if a run has no frame or no images, or a class is unknown.
    """
    write_table(_retrieved(recordings, options, progress), path, progress)


def write_selection(
    recordings: Sequence[Recording], path: Path, options: ExportOptions, progress: ProgressCallback
) -> None:
    """Write which images the options name: a text file of paths, or a CSV.

    A line of text is an image's path below the dataset's folder, or its position in the dataset
    where the run names no files; :func:`symmcore.export.selection.read_selection` reads both.

    Raises:
        InputError: if there are several runs, or no image fits.
    """
    recording = only_run(recordings)
    images = embedded(recording, frame_step(recording, options.step), options.split)
    rows = listed(recording, images, options, _nearest(images, options, progress))
    if not rows:
        raise InputError(f"{recording.folder}: none of its {kind_of(options.split)} images fits.")
    chosen = EmbeddedSet(images.samples[rows], images.labels[rows], images.embeddings[rows])
    names = ImageNames.of(recording)
    if file_ending(path) == CSV:
        write_table((names.columns(chosen),), path, progress)
        return
    with path.open("w", encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        for sample in chosen.samples.tolist():
            file.write(f"{names.file(sample) or sample}\n")


def _retrieved(
    recordings: Sequence[Recording], options: ExportOptions, progress: ProgressCallback
) -> Iterator[Columns]:
    for run, recording in zip(run_names(recordings), recordings, strict=True):
        step = frame_step(recording, options.step)
        images = embedded(recording, step, options.split)
        nearest = nearest_images(images.embeddings, options.neighbours, progress)
        first = nearest.rows[:, 0] if options.wrong_only and nearest.rows.shape[1] else None
        queries = np.array(listed(recording, images, options, first), dtype=np.int64)
        found = nearest.rows[queries]
        k = found.shape[1]
        names = ImageNames.of(recording).columns(images)
        classes, files = names["class"], names["file"]
        assert isinstance(classes, list), "they are text"
        assert isinstance(files, list), "they are text"
        asked, neighbours = queries.repeat(k), found.reshape(-1)
        yield {
            "run": [run] * len(asked),
            "step": np.full(len(asked), step),
            "query": images.samples[asked],
            "query_class": [classes[row] for row in asked],
            "query_file": [files[row] for row in asked],
            "rank": np.tile(np.arange(1, k + 1), len(queries)),
            "neighbor": images.samples[neighbours],
            "neighbor_class": [classes[row] for row in neighbours],
            "neighbor_file": [files[row] for row in neighbours],
            "similarity": nearest.similarities[queries].reshape(-1),
            "correct": images.labels[asked] == images.labels[neighbours],
        }


def _nearest(
    images: EmbeddedSet, options: ExportOptions, progress: ProgressCallback
) -> np.ndarray | None:
    """The row of the nearest other image of each; None where it does not matter."""
    if not options.wrong_only:
        return None
    found = nearest_images(images.embeddings, 1, progress).rows
    return found[:, 0] if found.shape[1] else np.full(len(found), -1)
