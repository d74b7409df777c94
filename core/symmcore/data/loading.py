"""From a list of image files to a dataset that can be trained on."""

import numpy as np

from symmcore.data.dataset import ImageDataset, SkippedImage
from symmcore.data.images.cache import (
    CachePlan,
    CacheSettings,
    open_cache,
    open_checked,
    plan_cache,
)
from symmcore.data.images.decode_pass import DecodeCallback, Decoded, decode_all
from symmcore.data.images.decoded import DecodedImages
from symmcore.data.images.store import ArrayImages, ImageStore, images_digest
from symmcore.data.listing import ImageListing
from symmcore.data.names import display_name
from symmcore.data.sources.splits import check_split, no_queries
from symmcore.errors import InputError
from symmcore.progress import Progress, ProgressCallback, ignore_progress
from symmcore.records import ImageFiles, IndexArray

IMAGE_SIZE = 256
"""Height and width of decoded images in pixels: the paper's."""

_NAMED = 3


def load_listing(
    listing: ImageListing,
    cache: CacheSettings,
    on_progress: ProgressCallback = ignore_progress,
    size: int = IMAGE_SIZE,
) -> ImageDataset:
    """Decode the images of a listing, or open what was decoded before.

    Every set goes into the cache, a small one too: decoded JPEGs take seconds at every start,
    mapped ones none. Where it does not fit, or the folder cannot be written, each image is
    decoded once to see that it can be, and then whenever it is read.

    Files that cannot be decoded are left out, named in ``skipped``, the first in ``notes``;
    positions count the images that are left. A class that thereby has one training image
    left, and so no pair, does not train any more.

    Args:
        listing: the files.
        cache: where decoded images are kept.
        on_progress: told how many images are done, and where they go. When it raises, all
            threads have ended, and nothing half-written is left.
        size: height and width of the decoded images.

    Raises:
        InputError: if there are no files, or more than a tenth cannot be decoded.
    """
    if not listing.files:
        raise InputError(f"{listing.root} holds no images.")
    plan = plan_cache(listing, cache, size, on_progress)
    where = plan.where
    note = f"once: {plan.size()} in {where.parent}" if where is not None and plan.fits else ""

    def progress(done: int, count: int) -> None:
        on_progress(Progress("Decoding images", done, count, note=note))

    decoded, images, notes = _open(listing, plan, size, progress)
    return _without_skipped(listing, decoded, images, notes)


def _open(
    listing: ImageListing, plan: CachePlan, size: int, progress: DecodeCallback
) -> tuple[Decoded, ImageStore, tuple[str, ...]]:
    notes: tuple[str, ...] = () if plan.fits else (plan.sentence(),)
    if plan.fits:
        try:
            cached, damaged = open_cache(listing, plan, size, progress)
        except OSError as error:
            notes = (_unusable(plan, error),)
        else:
            kept = _kept(cached.decoded)
            digest = _digest(cached.decoded, kept, size)
            pixels = ArrayImages(cached.pixels, kept, digest)
            return cached.decoded, pixels, _damage_notes(plan, damaged)
    try:
        decoded, damaged = open_checked(listing, plan, size, progress)
        notes += _damage_notes(plan, damaged)
    except OSError as error:
        if plan.where is not None:
            notes = (_unusable(plan, error),)
        decoded = decode_all(listing.root, listing.files, size, progress, None)
    kept = _kept(decoded)
    files = [listing.files[position] for position in kept]
    digest = _digest(decoded, kept, size)
    images = DecodedImages(listing.root, files, size, digest, ranges=decoded.ranges)
    return decoded, images, notes


def _damage_notes(plan: CachePlan, damaged: bool) -> tuple[str, ...]:
    if not damaged or plan.where is None:
        return ()
    return (f"What was kept of these images in {plan.where.parent} was damaged: decoded anew.",)


def _unusable(plan: CachePlan, error: OSError) -> str:
    assert plan.where is not None, "somebody tried to write there"
    return (
        f"{plan.where.parent} cannot keep decoded images ({error.strerror or error}): "
        "they are decoded as needed."
    )


def _kept(decoded: Decoded) -> IndexArray:
    positions = np.arange(len(decoded.digests))
    return np.setdiff1d(positions, [one.position for one in decoded.skipped]).astype(np.int64)


def _digest(decoded: Decoded, kept: IndexArray, size: int) -> str:
    return images_digest((len(kept), size, size, 3), [decoded.digests[kept].tobytes()])


def _without_skipped(
    listing: ImageListing, decoded: Decoded, images: ImageStore, notes: tuple[str, ...]
) -> ImageDataset:
    kept = _kept(decoded)
    train, pairless = _with_pairs(listing, np.intersect1d(listing.train, kept))
    test = np.intersect1d(listing.test, kept)
    skipped = tuple(
        SkippedImage(listing.files[one.position], one.reason) for one in decoded.skipped
    )
    if skipped and len(listing.test) > 0:  # what is only to be decoded has no test side
        what = _some([f"{display_name(one.file)}, which {one.reason}" for one in skipped])
        check_split(f"{listing.root} without {what},", listing.labels, train, test)
    return ImageDataset(
        name=listing.name,
        images=images,
        labels=listing.labels[kept],
        class_names=listing.class_names,
        train=np.searchsorted(kept, train),
        test=np.searchsorted(kept, test),
        split=listing.split,
        notes=(
            *listing.notes,
            *notes,
            *decoded.ranges.sentences(),
            *_skipped_notes(listing, skipped),
            *pairless,
            *_untested(listing, test),
            *_more_alone(listing, test),
        ),
        skipped=skipped,
        unused=listing.unused,
        value_ranges=decoded.ranges,
        files=ImageFiles(listing.root, tuple(listing.files[position] for position in kept)),
    )


def _with_pairs(listing: ImageListing, train: IndexArray) -> tuple[IndexArray, tuple[str, ...]]:
    """The training positions of classes that still have a pair, and a note on the others."""
    count = len(listing.class_names)
    before = np.bincount(listing.labels[listing.train], minlength=count)
    after = np.bincount(listing.labels[train], minlength=count)
    lost = (before > 1) & (after < 2)
    if not lost.any():
        return train, ()
    names = [listing.class_names[label] for label in np.flatnonzero(lost)]
    note = f"Without the skipped images no pair is left of {_some(names)}: left out of training."
    return train[~lost[listing.labels[train]]], (note,)


def _untested(listing: ImageListing, test: IndexArray) -> tuple[str, ...]:
    """A note on the classes that have lost all their test images."""
    lost = np.setdiff1d(listing.labels[listing.test], listing.labels[test])
    if not len(lost):
        return ()
    names = [listing.class_names[label] for label in lost]
    return (f"Without the skipped images no test image is left of {_some(names)}.",)


def _more_alone(listing: ImageListing, test: IndexArray) -> tuple[str, ...]:
    """The note on test images that are no queries, where it is another than the listing's."""
    notes = no_queries(listing.labels, test)
    if notes == no_queries(listing.labels, listing.test):
        return ()
    return tuple(f"Without the skipped images {note}" for note in notes)


def _skipped_notes(listing: ImageListing, skipped: tuple[SkippedImage, ...]) -> tuple[str, ...]:
    if not skipped:
        return ()
    what = _some([f"{display_name(one.file)} {one.reason}" for one in skipped])
    images = "images was" if len(skipped) == 1 else "images were"
    return (f"{len(skipped):,} of {len(listing.files):,} {images} skipped: {what}.",)


def _some(items: list[str]) -> str:
    """The first few, and how many more there are."""
    shown = ", ".join(items[:_NAMED])
    more = len(items) - _NAMED
    return f"{shown} and {more:,} more" if more > 0 else shown
