"""Embeddings with coordinates, classes, files and neighbours, a row for each image."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from symmcore.errors import InputError
from symmcore.export.coordinates import chosen_method, projections
from symmcore.export.frames import ImageNames, embedded, frame_step, watched
from symmcore.export.neighbours import NearestImages, nearest_images
from symmcore.export.options import ExportOptions
from symmcore.export.tables import PARQUET, file_ending, write_table
from symmcore.progress import ProgressCallback
from symmcore.projection.base import TRAIN
from symmcore.records import EmbeddedSet, FloatArray
from symmcore.runs.reading.recording import Recording

NPZ = ".npz"


def write_embeddings(
    recordings: Sequence[Recording], path: Path, options: ExportOptions, progress: ProgressCallback
) -> None:
    """Write the embeddings of one run's images after a step.

    Parquet has the columns id (the row), sample (position in the dataset), label, class, file,
    x and y (NaN for an image that the map does not show), embedding, and neighbors: a struct of
    ids and distances, 1 less the cosine, as Embedding Atlas takes it. The same stand in .npz as
    arrays, where file is ``files`` and neighbours are ``neighbor_ids`` and
    ``neighbor_distances``; CSV leaves embeddings and neighbours out.

    Raises:
        InputError: if there are several runs, or no images.
    """
    recording = only_run(recordings)
    step = frame_step(recording, options.step)
    images = embedded(recording, step, options.split)
    nearest = nearest_images(images.embeddings, options.neighbours, progress)
    places = _places(recording, images, step, options, progress)
    columns: dict[str, object] = {
        "id": np.arange(len(images.samples)),
        **ImageNames.of(recording).columns(images),
        "x": places[:, 0],
        "y": places[:, 1],
    }
    if file_ending(path) == NPZ:
        _write_npz(path, columns, images, nearest)
        return
    if file_ending(path) == PARQUET:
        columns["embedding"] = images.embeddings
        columns["neighbors"] = _as_structs(nearest)
    write_table((columns,), path, progress)


def only_run(recordings: Sequence[Recording]) -> Recording:
    """The one run that is exported.

    Raises:
        InputError: if there are several.
    """
    if len(recordings) > 1:
        raise InputError(
            f"{recordings[0].folder} is one of {len(recordings)} runs: name the folder of one, "
            "of which this is written."
        )
    return recordings[0]


def _places(
    recording: Recording,
    images: EmbeddedSet,
    step: int,
    options: ExportOptions,
    progress: ProgressCallback,
) -> FloatArray:
    """Where images lie on the map: (N, 2), NaN for those that it does not show."""
    method = chosen_method((recording,), options, (step,))
    ((projection,),) = projections((recording,), ((step,),), method, options, progress)
    plane = projection.train if options.split == TRAIN else projection.test
    shown = watched(recording.frame(step), options.split).points.samples.tolist()
    rows = {sample: row for row, sample in enumerate(shown)}
    places = np.full((len(images.samples), 2), np.nan, dtype=np.float32)
    for at, sample in enumerate(images.samples.tolist()):
        if sample in rows:
            places[at] = plane.original[rows[sample]]
    return places


def _as_structs(nearest: NearestImages) -> list[dict[str, list[float]]]:
    distances = _distances(nearest)
    return [
        {"ids": ids, "distances": values}
        for ids, values in zip(nearest.rows.tolist(), distances.tolist(), strict=True)
    ]


def _distances(nearest: NearestImages) -> FloatArray:
    found: FloatArray = np.maximum(1.0 - nearest.similarities, np.float32(0.0))
    return found


def _write_npz(
    path: Path, columns: dict[str, object], images: EmbeddedSet, nearest: NearestImages
) -> None:
    arrays: dict[str, Any] = {
        name: np.array([value or "" for value in column], dtype=np.str_)
        if isinstance(column, list)
        else np.asarray(column)
        for name, column in columns.items()
    }
    arrays |= {
        "files": arrays.pop("file"),  # "file" is an argument of savez
        "embeddings": images.embeddings,
        "neighbor_ids": nearest.rows,
        "neighbor_distances": _distances(nearest),
    }
    with path.open("wb") as file:  # to a path that ends with .NPZ it would add another ending
        np.savez(file, **arrays)
