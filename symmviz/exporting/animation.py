"""Animations of maps as MP4 and GIF, coded by imageio and what it brings."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from symmcore.errors import InputError, one_line
from symmcore.export.frames import frame_step, spread_evenly
from symmcore.export.optional_modules import optional_module
from symmcore.export.options import ExportOptions
from symmcore.export.tables import file_ending
from symmcore.progress import Progress, ProgressCallback
from symmcore.runs.reading.recording import Recording
from symmviz.exporting.maps import MapSheet, map_sheet
from symmviz.exporting.sheet import ensure_application, sheet_image

_MOST_FRAMES = 400
_MP4_RATE, _GIF_RATE = 25.0, 12.5  # pictures a second; a GIF counts hundredths of one
_MP4_SIDE, _GIF_SIDE = 480, 320
_STILL = 1.0  # seconds that the last frame stands
_QUALITY = 8
_BLOCK = 16  # pixels, which coders take pictures apart into


def write_animation(
    recordings: Sequence[Recording], path: Path, options: ExportOptions, progress: ProgressCallback
) -> None:
    """Write the maps of runs, side by side, from their first frame on: MP4 or GIF.

    Points glide from frame to frame; a run without a frame at a step shows the one before.

    Raises:
        InputError: if a library is missing, there are too many runs, or one has no frame.
    """
    imageio: Any = optional_module("imageio.v2", "An animation")
    is_gif = file_ending(path) == ".gif"
    if not is_gif:
        _check_ffmpeg()
    rate, side = (_GIF_RATE, _GIF_SIDE) if is_gif else (_MP4_RATE, _MP4_SIDE)
    steps = _steps(recordings, options.step)
    ensure_application()
    sheet = map_sheet(recordings, steps, options, progress, side)
    sheet.load_loops(lambda: progress(Progress("Compiling the loops that draw", 0)))
    places = _places(len(steps[0]), options.seconds, rate)
    writer = _gif_writer(imageio, path, rate) if is_gif else _mp4_writer(imageio, path, rate)
    try:
        for done, picture in enumerate(_pictures(sheet, places)):
            progress(Progress("Drawing pictures", done, len(places)))
            writer.append_data(picture)
    finally:
        writer.close()


def _check_ffmpeg() -> None:
    try:
        optional_module("imageio_ffmpeg", "MP4").get_ffmpeg_exe()
    except RuntimeError as error:
        raise InputError(f"MP4 needs ffmpeg, which is not there ({one_line(error)}).") from error


def _mp4_writer(imageio: Any, path: Path, rate: float) -> Any:
    return imageio.get_writer(
        path,
        format="FFMPEG",
        mode="I",
        fps=rate,
        codec="libx264",
        quality=_QUALITY,
        macro_block_size=_BLOCK,
        pixelformat="yuv420p",  # which every player knows
        output_params=["-movflags", "+faststart"],  # it plays before all of it is there
    )


def _gif_writer(imageio: Any, path: Path, rate: float) -> Any:
    return imageio.get_writer(path, format="GIF-PIL", mode="I", duration=1 / rate, loop=0)


def _steps(recordings: Sequence[Recording], last: int | None) -> list[tuple[int, ...]]:
    """The frame of each run at each of the steps at which any of them has one."""
    ends = [frame_step(recording, last) for recording in recordings]
    every = {
        step
        for recording, end in zip(recordings, ends, strict=True)
        for step in recording.state.frame_steps
        if step <= end
    }
    if len(every) < 2:
        raise InputError(
            f"{recordings[0].folder} holds one frame: an animation takes two, export its map."
        )
    timeline = spread_evenly(tuple(sorted(every)), _MOST_FRAMES)
    found = []
    for recording in recordings:
        own = np.array(recording.state.frame_steps)
        at = np.searchsorted(own, timeline, side="right") - 1
        found.append(tuple(own[np.maximum(at, 0)].tolist()))
    return found


def _places(frames: int, seconds: float, rate: float) -> list[float]:
    """Where among the frames each picture is."""
    moving = max(2, round(seconds * rate))
    places = np.linspace(0.0, frames - 1.0, moving).tolist()
    return [*places, *[frames - 1.0] * round(_STILL * rate)]


def _pictures(sheet: MapSheet, places: Sequence[float]) -> Iterator[npt.NDArray[np.uint8]]:
    """Each picture, (H, W, 3) uint8, with sides that coders take."""
    size = tuple(-(-length // _BLOCK) * _BLOCK for length in sheet.size)
    for place in places:
        sheet.place = place
        image = sheet_image(sheet, 1.0, (size[0], size[1]))
        pixels = np.frombuffer(image.constBits(), np.uint8)
        rows = pixels.reshape(image.height(), image.bytesPerLine() // 4, 4)
        yield np.ascontiguousarray(rows[:, : image.width(), 2::-1])
