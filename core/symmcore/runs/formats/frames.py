"""Frames, galleries and projections as safetensors files."""

import math
from collections.abc import Mapping
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import safetensors.numpy

from symmcore.errors import RunError
from symmcore.records import (
    EmbeddedSet,
    FloatArray,
    Frame,
    IndexArray,
    MapQuality,
    MinedGroups,
    PickedPairs,
    PlanePoints,
    Projection,
    WatchedSet,
)
from symmcore.reflection import reflect_partners
from symmcore.runs.formats.untrusted_files import Arrays, ExpectedArrays
from symmcore.settings.symm import Symm

_SPLITS = ("train", "test")
_LARGEST_SAMPLE = 2**31
_HALF = np.float16
FRAME_ARRAYS: ExpectedArrays = {
    f"{split}_embeddings": ("F32", (split, "D")) for split in _SPLITS
} | {
    f"{split}_{name}": ("I64", (split,))
    for split in _SPLITS
    for name in ("partner", "labels", "samples")
}
# Not in runs without Symm, nor in those recorded before pairs were.
PICKED_ARRAYS: ExpectedArrays = {
    "picked": ("I64", ("P", 2, 2)),
    "picked_types": ("I64", (4, 4)),
    "mined_members": ("I64", ("G", 2)),
    "mined_against": ("I64", ("G",)),
    "mined_embeddings": ("F32", ("G", 2, "D")),
}
GALLERY_ARRAYS: ExpectedArrays = {
    "embeddings": ("F16", ("N", "D")),
    "scale": ("F32", ("N",)),
    "labels": ("I64", ("N",)),
    "samples": ("I64", ("N",)),
}
PROJECTION_ARRAYS: ExpectedArrays = {"explained": ("F64", ())} | {
    f"{split}_{name}": ("F32", (split, 2))
    for split in _SPLITS
    for name in ("original", "synthetic")
}

# Not in runs that were recorded before maps were measured.
QUALITY_ARRAYS: ExpectedArrays = {
    f"{split}_quality": ("F64", (len(fields(MapQuality)),)) for split in _SPLITS
}


def frame_bytes(frame: Frame) -> bytes:
    """A frame as a safetensors file.

    For each split: embeddings (N, D) float32, partner, labels and samples (N,) int64,
    named ``train_embeddings`` and so on. Synthetic points follow from these. ``picked`` (P, 2, 2)
    int64 and ``picked_types`` (4, 4) int64 where pairs were picked, and what they were picked
    from as ``mined_members``, ``mined_against`` and ``mined_embeddings``: see :class:`PickedPairs`.
    """
    arrays: Arrays = {}
    for split, watched in zip(_SPLITS, (frame.train, frame.test), strict=True):
        arrays[f"{split}_embeddings"] = watched.points.embeddings
        arrays[f"{split}_partner"] = watched.partner
        arrays[f"{split}_labels"] = watched.points.labels
        arrays[f"{split}_samples"] = watched.points.samples
    if frame.picked is not None:
        arrays["picked"] = frame.picked.points
        if frame.picked.types is not None:
            arrays["picked_types"] = frame.picked.types
    if frame.picked is not None and frame.picked.groups is not None:
        for field in fields(MinedGroups):
            arrays[f"mined_{field.name}"] = getattr(frame.picked.groups, field.name)
    return safetensors_bytes(arrays)


def gallery_bytes(gallery: EmbeddedSet) -> bytes:
    """A gallery as a safetensors file.

    ``embeddings`` (N, D) float16 and ``scale`` (N,) float32: the largest magnitude of each row,
    by which it is divided, so that neither small embeddings nor large ones leave the range of
    float16; ``labels`` and ``samples`` (N,) int64.
    """
    embeddings = gallery.embeddings
    finite = np.where(np.isfinite(embeddings), np.abs(embeddings), 0)
    scale = finite.max(axis=1, initial=0).astype(np.float32)
    # The least of what divides without an overflow; a row of zeros stays one.
    scale[scale < np.finfo(np.float32).tiny] = 1
    return safetensors_bytes(
        {
            "embeddings": (embeddings / scale[:, None]).astype(_HALF),
            "scale": scale,
            "labels": gallery.labels,
            "samples": gallery.samples,
        }
    )


def projection_bytes(projection: Projection) -> bytes:
    """A projection as a safetensors file.

    For each split ``train_original`` and so on, ``train_synthetic`` and so on: (N, 2) float32.
    ``explained`` () float64, NaN where the method has no such number; ``train_quality`` and so
    on, where a map was measured: (5,) float64, the fields of :class:`MapQuality` in order.
    """
    explained = math.nan if projection.explained is None else projection.explained
    arrays: Arrays = {"explained": np.array(explained, dtype=np.float64)}
    for split, points in zip(_SPLITS, (projection.train, projection.test), strict=True):
        arrays[f"{split}_original"] = points.original
        arrays[f"{split}_synthetic"] = points.synthetic
        if points.quality is not None:
            arrays[f"{split}_quality"] = np.array(astuple(points.quality), dtype=np.float64)
    return safetensors_bytes(arrays)


def safetensors_bytes(arrays: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """Arrays as a safetensors file."""
    # safetensors writes the memory as it lies, whatever the strides say
    ordered = {name: np.require(array, requirements="C") for name, array in arrays.items()}
    content: bytes = safetensors.numpy.save(ordered)
    return content


def frame_from(path: Path, arrays: Arrays, step: int, symm: Symm | None) -> Frame:
    """The frame that a file holds.

    Args:
        path: of the file, for errors.
        arrays: what is in it.
        step: of the frame.
        symm: how the run makes synthetic points; None for a run without.

    Raises:
        RunError: if it is none: arrays are missing or of other shapes or types.
    """
    train, test = (_watched_set(path, arrays, split, symm) for split in _SPLITS)
    if train.points.embeddings.shape[1] != test.points.embeddings.shape[1]:
        raise RunError(f"{path} is damaged: its splits have different numbers of dimensions.")
    return Frame(step, train, test, _picked(path, arrays))


def gallery_from(path: Path, arrays: Arrays) -> EmbeddedSet:
    """The gallery that a file holds, as float32.

    Raises:
        RunError: if it is none.
    """
    half = _array(path, arrays, "embeddings", np.float16, 2)
    count = len(half)
    scale = _array(path, arrays, "scale", np.float32, 1, count)
    with np.errstate(all="ignore"):
        embeddings: FloatArray = half.astype(np.float32)
        embeddings *= scale[:, None]
    embeddings.flags.writeable = False
    return EmbeddedSet(
        samples=_positions(path, arrays, "samples", count),
        labels=_positions(path, arrays, "labels", count),
        embeddings=embeddings,
    )


def projection_from(path: Path, arrays: Arrays, method: str, step: int) -> Projection:
    """The projection that a file holds.

    Raises:
        RunError: if it is none, or has coordinates that are no numbers.
    """
    explained = float(_array(path, arrays, "explained", np.float64, 0))
    points = []
    for split in _SPLITS:
        original = _plane(path, arrays, f"{split}_original")
        synthetic = _plane(path, arrays, f"{split}_synthetic")
        points.append(PlanePoints(original, synthetic, _quality(arrays, split)))
        if points[-1].synthetic.shape != original.shape:
            raise RunError(f"{path} is damaged: {split} points and synthetic ones do not fit.")
    return Projection(
        step, method, points[0], points[1], explained if math.isfinite(explained) else None
    )


def _picked(path: Path, arrays: Arrays) -> PickedPairs | None:
    if "picked" not in arrays:
        return None
    points: IndexArray = _array(path, arrays, "picked", np.int64, 3)
    images, axes = points[..., 0], points[..., 1]
    if points.size and not (
        images.min() >= 0 and axes.min() >= -1 and points.max() < _LARGEST_SAMPLE
    ):
        raise RunError(f"{path} is damaged: picked are no positions.")
    return PickedPairs(points, _picked_types(path, arrays), _mined_groups(path, arrays))


def _mined_groups(path: Path, arrays: Arrays) -> MinedGroups | None:
    if not all(f"mined_{field.name}" in arrays for field in fields(MinedGroups)):
        return None
    against = _positions(path, arrays, "mined_against", None)
    members: IndexArray = _array(path, arrays, "mined_members", np.int64, 2)
    embeddings: FloatArray = _array(path, arrays, "mined_embeddings", np.float32, 3)
    count = len(against)
    if members.shape != (count, 2) or embeddings.shape[:2] != (count, 2):
        raise RunError(f"{path} is damaged: mined pairs are of different numbers.")
    if count and not (members.min() >= 0 and against.max() < count):
        raise RunError(f"{path} is damaged: mined pairs are no positions.")
    return MinedGroups(members, against, embeddings)


def _picked_types(path: Path, arrays: Arrays) -> IndexArray | None:
    if "picked_types" not in arrays:
        return None
    types: IndexArray = _array(path, arrays, "picked_types", np.int64, 2)
    if types.shape != (4, 4) or types.min() < 0:
        raise RunError(f"{path} is damaged: picked_types are no numbers of pairs.")
    return types


def _quality(arrays: Arrays, split: str) -> MapQuality | None:
    """How far a split's map can be trusted, if its file says so; what is no share is NaN."""
    values = arrays.get(f"{split}_quality")
    if values is None:
        return None
    return MapQuality(*(float(value) if 0.0 <= value <= 1.0 else math.nan for value in values))


def largest_label(frame: Frame) -> int:
    """The largest label in a frame; -1 in one of no images."""
    return max(int(part.points.labels.max(initial=-1)) for part in (frame.train, frame.test))


def _watched_set(path: Path, arrays: Arrays, split: str, symm: Symm | None) -> WatchedSet:
    embeddings: FloatArray = _array(path, arrays, f"{split}_embeddings", np.float32, 2)
    count = len(embeddings)
    partner: IndexArray = _array(path, arrays, f"{split}_partner", np.int64, 1, count)
    if count and not (partner.min() >= -1 and partner.max() < count):
        raise RunError(f"{path} is damaged: a partner in {split} is none of {count} images.")
    alpha, beta = (2.0, 1.0) if symm is None else (symm.alpha, symm.beta)
    return WatchedSet(
        points=EmbeddedSet(
            samples=_positions(path, arrays, f"{split}_samples", count),
            labels=_positions(path, arrays, f"{split}_labels", count),
            embeddings=embeddings,
        ),
        partner=partner,
        synthetic=reflect_partners(embeddings, partner, alpha, beta),
    )


def _plane(path: Path, arrays: Arrays, name: str) -> FloatArray:
    points: FloatArray = _array(path, arrays, name, np.float32, 2)
    if points.shape[1] != 2 or not np.isfinite(points).all():
        raise RunError(f"{path} is damaged: {name} holds no points of a plane.")
    return points


def _positions(path: Path, arrays: Arrays, name: str, count: int | None) -> IndexArray:
    values: IndexArray = _array(path, arrays, name, np.int64, 1, count)
    if len(values) and not (values.min() >= 0 and values.max() < _LARGEST_SAMPLE):
        raise RunError(f"{path} is damaged: {name} are no positions.")
    return values


def _array(
    path: Path,
    arrays: Arrays,
    name: str,
    dtype: npt.DTypeLike,
    dimensions: int,
    count: int | None = None,
) -> npt.NDArray[Any]:
    array = arrays.get(name)
    if array is None:
        raise RunError(f"{path} is damaged: {name} is not in it.")
    fits = array.dtype == dtype and array.ndim == dimensions
    if not fits or (count is not None and len(array) != count):
        expected = "" if count is None else f" of {count}"
        raise RunError(
            f"{path} is damaged: {name} is {array.dtype} {array.shape}, not {np.dtype(dtype)} "
            f"with {dimensions} dimensions{expected}."
        )
    return array
