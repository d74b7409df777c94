"""One HTML file of a run, which opens in any browser without a server or the network."""

import base64
import io
import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from PIL import Image

from symmcore.data.names import display_name
from symmcore.export.coordinates import chosen_method, projections
from symmcore.export.embeddings import only_run
from symmcore.export.frames import ImageNames, frame_step, spread_evenly, watched
from symmcore.export.options import ExportOptions
from symmcore.export.report import curve_panels, failures, quantised, scores
from symmcore.export.sprite import make_sprite
from symmcore.palette import (
    ORIGINAL_ON_DARK,
    ORIGINAL_ON_LIGHT,
    RUN_SYMBOLS,
    RUNS_ON_DARK,
    RUNS_ON_LIGHT,
    SYNTHETIC_ON_DARK,
    SYNTHETIC_ON_LIGHT,
    class_colours,
    run_places,
)
from symmcore.progress import ProgressCallback
from symmcore.projection.base import TRAIN
from symmcore.projection.methods import method_info
from symmcore.runs.reading.recording import Recording

_MOST_FRAMES = 100
_TILE = 48  # pixels of a thumbnail's side
_QUALITY = 80
_PAGE = "report.html"
_TITLE, _DATA = "{{title}}", "{{data}}"


def write_html(
    recordings: Sequence[Recording], path: Path, options: ExportOptions, progress: ProgressCallback
) -> None:
    """Write a page with the map of one run and a step slider, its curves and its failures.

    At most 100 frames are taken, evenly; the page says so.

    Raises:
        InputError: if there are several runs, or no frame.
    """
    recording = only_run(recordings)
    page = files(__package__).joinpath(_PAGE).read_text(encoding="utf-8")
    data = _data(recording, options, progress)
    title = "".join(_ESCAPES.get(letter, letter) for letter in str(data["title"]))
    # In a script "</script>" or "<!--" would end or change it.
    text = json.dumps(data, allow_nan=False).replace("<", "\\u003c")
    before, middle, after = page.replace(_TITLE, title).partition(_DATA)
    assert middle, "the page has a place for the data"
    path.write_text(before + text + after, encoding="utf-8", errors="replace")


def _data(
    recording: Recording, options: ExportOptions, progress: ProgressCallback
) -> dict[str, Any]:
    last = frame_step(recording, options.step)
    every = tuple(step for step in recording.state.frame_steps if step <= last)
    steps = spread_evenly(every, _MOST_FRAMES)
    method = chosen_method((recording,), options, steps)
    (drawn,) = projections((recording,), (steps,), method, options, progress)
    planes = [one.train if options.split == TRAIN else one.test for one in drawn]
    images = watched(recording.frame(last), options.split)
    labels = images.points.labels.tolist()
    classes = sorted(set(labels))
    names = ImageNames.of(recording)
    samples = images.points.samples.tolist()
    coordinates = quantised([(plane.synthetic, plane.original) for plane in planes])
    sprite = make_sprite(recording, samples, _TILE, progress)
    info = recording.info
    (place,) = run_places((info.name,))
    return {
        "title": display_name(info.name),
        "folder": display_name(info.folder.name),
        "dataset": display_name(info.dataset),
        "seed": info.seed,
        "split": options.split,
        "method": method_info(method).label,
        "watched": len(samples),
        "total": info.train_count if options.split == TRAIN else info.test_count,
        "steps": list(steps),
        "frames": len(every),
        "points": _base64(coordinates.tobytes()),
        "partnered": [int(row) for row in (images.partner >= 0)],
        "labels": [classes.index(label) for label in labels],
        "classes": [display_name(recording.info.class_name(label)) for label in classes],
        "samples": samples,
        "files": [display_name(names.file(sample) or "") for sample in samples],
        "sprite": {"src": _picture(sprite.picture), "tile": _TILE, "across": sprite.across},
        "scores": scores(recording, options.step),
        "curves": curve_panels(recording, options.step),
        "failures": failures(recording, last, options, progress),
        "colours": _colours(len(classes), place),
        "symbol": RUN_SYMBOLS[place],
    }


def _colours(classes: int, place: int) -> dict[str, Any]:
    return {
        "light": {
            "classes": class_colours(classes, dark=False),
            "original": ORIGINAL_ON_LIGHT,
            "synthetic": SYNTHETIC_ON_LIGHT,
            "run": RUNS_ON_LIGHT[place],
        },
        "dark": {
            "classes": class_colours(classes, dark=True),
            "original": ORIGINAL_ON_DARK,
            "synthetic": SYNTHETIC_ON_DARK,
            "run": RUNS_ON_DARK[place],
        },
    }


def _picture(picture: Image.Image) -> str:
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=_QUALITY)
    return f"data:image/jpeg;base64,{_base64(stream.getvalue())}"


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}
