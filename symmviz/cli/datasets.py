"""``symmviz datasets``: which datasets there are, and what one of them holds."""

import argparse
import sys
from argparse import Namespace
from collections.abc import Iterator

import numpy as np

from symmcore.data.catalogue import DATASETS, SOURCES, DatasetEntry
from symmcore.data.dataset import ImageDataset
from symmcore.data.images.decode_pass import measure_all
from symmcore.data.listing import ImageListing
from symmcore.data.names import display_name
from symmcore.data.value_range import ValueRanges
from symmcore.progress import Progress
from symmcore.records import IndexArray
from symmviz.cli.preparing import Preparing
from symmviz.cli.streams import output_status
from symmviz.cli.training_options import add_setting, dataset_config


def add_datasets(parser: argparse.ArgumentParser) -> None:
    """Say what ``symmviz datasets`` takes."""
    parser.description = "List the datasets; with DATASET, say what that one holds."
    parser.set_defaults(run=show_datasets)
    parser.add_argument(
        "dataset", metavar="DATASET", nargs="?", help="a name, or the path of a folder"
    )
    for name in ("split", "seed", "download", "follow_links"):
        add_setting(parser, name)


def show_datasets(options: Namespace) -> int:
    """List the datasets, or look into the one that was named."""
    if options.dataset is None:
        lines = tuple(_table())
    else:
        config = dataset_config(options)
        preparing = Preparing()
        try:
            data = config.dataset_choice().read(
                config.seed, lambda doing: preparing.say(doing.sentence())
            )
            ranges = _value_ranges(data, preparing)
        finally:
            preparing.done()
        lines = (*_contents(data), *ranges.sentences())
    for line in lines:
        sys.stdout.write(display_name(line) + "\n")
    return output_status()


def _value_ranges(data: ImageDataset | ImageListing, preparing: Preparing) -> ValueRanges:
    if isinstance(data, ImageDataset):
        return data.value_ranges

    def progress(done: int, count: int) -> None:
        preparing.say(Progress("Looking at the range of values", done, count).sentence())

    return measure_all(data.root, data.files, progress)


def _table() -> Iterator[str]:
    rows = [(entry.name, entry) for entry in DATASETS] + [
        (f"{source.name}:{source.argument}", source) for source in SOURCES
    ]
    width = max(len(name) for name, _ in rows)
    yield f"{'DATASET':{width}}  {'images':>8}  {'classes':>8}  split"
    for name, row in rows:
        images, classes = (
            "any" if number is None else f"{number:,}" for number in (row.images, row.classes)
        )
        yield f"{name:{width}}  {images:>8}  {classes:>8}  {row.split}"
        yield f"{'':{width}}  {row.description}"
        if isinstance(row, DatasetEntry) and row.variant is not None:
            yield f"{'':{width}}  In another number: {row.variant}"


def _contents(data: ImageDataset | ImageListing) -> Iterator[str]:
    yield f"{data.name}: {_counts(data.labels)}, split {data.split}."
    yield f"Training: {_counts(data.labels[data.train])}."
    yield f"Test: {_counts(data.labels[data.test])}."
    yield from data.notes


def _counts(labels: IndexArray) -> str:
    return f"{len(labels):,} images of {len(np.unique(labels)):,} classes"
