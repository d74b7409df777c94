"""``symmviz import``: embeddings that were made elsewhere, as a run."""

import argparse
import sys
from argparse import Namespace

import numpy as np

from symmcore.data.names import display_name
from symmcore.importing import Imported, ImportOptions, read_embeddings, write_run
from symmcore.progress import Progress, ProgressCallback
from symmviz.cli.paths import user_path
from symmviz.cli.preparing import Preparing
from symmviz.cli.streams import output_status


def add_import(parser: argparse.ArgumentParser) -> None:
    """Say what ``symmviz import`` takes."""
    parser.description = (
        "Record embeddings that were made elsewhere as a run of one frame, for the window and "
        "every other command: .npy, .npz, .parquet, or a folder of TensorBoard's projector."
    )
    parser.set_defaults(run=run_import)
    add = parser.add_argument
    add("source", type=user_path, metavar="EMBEDDINGS", help="the file or folder")
    add("--out", type=user_path, required=True, metavar="RUN", help="the run's folder, a new one")
    add(
        "--labels",
        type=user_path,
        metavar="FILE",
        help="a text file with a label on each line, or a .npy",
    )
    add(
        "--images",
        type=user_path,
        metavar="FOLDER",
        help="the folder that the named image files lie in",
    )
    for what in ("embedding", "label", "file"):
        add(
            f"--{what}",
            default="",
            metavar="NAME",
            help=f"name of the column or array of {what}s (default the usual ones)",
        )
    add(
        "--no-scores",
        action="store_true",
        help="record Recall@1 alone, not Recall@2, 4 and 8, MAP@R, NMI and F1: of 60,000 "
        "embeddings in many classes k-means takes minutes",
    )


def run_import(options: Namespace) -> int:
    """Record what was read."""
    wanted = ImportOptions(
        options.embedding, options.label, options.file, options.labels, options.images
    )
    preparing = Preparing()

    def say(progress: Progress) -> None:
        preparing.say(progress.sentence())

    try:
        say(Progress("Reading embeddings", 0))
        found = read_embeddings(options.source, wanted)
        scores = {} if options.no_scores else _scores(found, say)
        warnings = write_run(options.source, found, options.out, wanted, say, scores)
    finally:
        preparing.done()
    for warning in warnings:
        sys.stderr.write(f"{display_name(warning)}\n")
    rows, columns = found.embeddings.shape
    labels = "" if found.labels is None else f" with {len(set(found.labels)):,} labels"
    sys.stdout.write(
        display_name(f"Wrote {rows:,} embeddings of {columns}{labels} to {options.out}") + "\n"
    )
    return output_status()


def _scores(found: Imported, say: ProgressCallback) -> dict[str, float]:
    if found.labels is None or not np.isfinite(found.embeddings).all():
        return {}
    say(Progress("Scoring embeddings", 0))
    import torch

    from symmcore.evaluation import summary

    labels = np.unique(np.asarray(found.labels), return_inverse=True)[1]

    def tick(iteration: int, most: int) -> None:
        say(Progress("Clustering embeddings", iteration, most))

    return summary(torch.from_numpy(found.embeddings), torch.from_numpy(labels), progress=tick)
