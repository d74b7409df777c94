"""A folder that TensorBoard's Embedding Projector opens."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from symmcore.export.embeddings import only_run
from symmcore.export.frames import ImageNames, embedded, frame_step
from symmcore.export.options import ExportOptions
from symmcore.export.sprite import make_sprite
from symmcore.progress import Progress, ProgressCallback
from symmcore.records import EmbeddedSet
from symmcore.runs.reading.recording import Recording

CONFIG = "projector_config.pbtxt"
TENSORS, METADATA, SPRITE = "tensors.tsv", "metadata.tsv", "sprite.png"
CONTENTS = (CONFIG, TENSORS, METADATA, SPRITE)

_LARGEST_SPRITE = 8192  # pixels of a side: more is no texture for a browser
_LARGEST_TILE = 64
_ROWS_BETWEEN_CALLS = 1000


def write_projector(
    recordings: Sequence[Recording], path: Path, options: ExportOptions, progress: ProgressCallback
) -> None:
    """Write the embeddings of one run's images after a step into a new folder.

    ``tensors.tsv`` holds a row of numbers for each image, ``metadata.tsv`` its class, number and
    file under a heading, ``sprite.png`` its thumbnail.

    Raises:
        InputError: if there are several runs, or no images.
    """
    recording = only_run(recordings)
    step = frame_step(recording, options.step)
    images = embedded(recording, step, options.split)
    path.mkdir()
    _write_tensors(path / TENSORS, images, progress)
    _write_metadata(path / METADATA, recording, images)
    across = int(np.ceil(np.sqrt(len(images.samples))))
    tile = max(1, min(_LARGEST_TILE, _LARGEST_SPRITE // across))
    sprite = make_sprite(recording, images.samples.tolist(), tile, progress)
    sprite.picture.save(path / SPRITE)
    name = f"{recording.info.name} step {step}".replace("\\", "/").replace('"', "'")
    (path / CONFIG).write_text(
        "embeddings {\n"
        f'  tensor_name: "{name}"\n'
        f'  tensor_path: "{TENSORS}"\n'
        f'  metadata_path: "{METADATA}"\n'
        "  sprite {\n"
        f'    image_path: "{SPRITE}"\n'
        f"    single_image_dim: {tile}\n"
        f"    single_image_dim: {tile}\n"
        "  }\n"
        "}\n",
        encoding="utf-8",
    )


def _write_tensors(path: Path, images: EmbeddedSet, progress: ProgressCallback) -> None:
    with path.open("w", encoding="ascii", newline="\n") as file:
        for at, row in enumerate(images.embeddings):
            if at % _ROWS_BETWEEN_CALLS == 0:
                progress(Progress("Writing embeddings", at, len(images.embeddings)))
            # nine digits give every float32 back
            file.write("\t".join(f"{value:.9g}" for value in row.tolist()) + "\n")


def _write_metadata(path: Path, recording: Recording, images: EmbeddedSet) -> None:
    names = ImageNames.of(recording).columns(images)
    columns = ("class", "sample", "file")
    with path.open("w", encoding="utf-8", errors="replace", newline="\n") as file:
        file.write("\t".join(columns) + "\n")
        cells = [names[name] for name in columns]
        for row in zip(*cells, strict=True):
            file.write("\t".join(_cell(value) for value in row) + "\n")


def _cell(value: object) -> str:
    """Text without what ends a cell or a line."""
    return " ".join(("" if value is None else str(value)).split())
