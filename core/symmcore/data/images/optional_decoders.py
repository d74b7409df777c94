"""Image formats of cameras that an optional package decodes: HEIC and RAW."""

import functools
import importlib
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from symmcore.errors import one_line

# From here on, half the size still is more than any network takes, in a quarter of the time.
_HALF_IS_ENOUGH = 2048


@dataclass(frozen=True, slots=True)
class OptionalDecoder:
    """A package that decodes what Pillow alone does not.

    Attributes:
        title: the format's name for people.
        module: the package's name in an import.
        extra: what installs it with symmviz.
        endings: of the names of such files, lower case, with the dot.
    """

    title: str
    module: str
    extra: str
    endings: frozenset[str]

    @property
    def is_installed(self) -> bool:
        """Whether the package is there and can be loaded."""
        return _load_error(self.module) is None

    @property
    def remedy(self) -> str:
        """How to have it, or why it is there and of no use, as the end of a sentence."""
        error = _load_error(self.module)
        missing = isinstance(error, ModuleNotFoundError) and error.name == self.module
        if error is None or missing:
            return f"pip install 'symmviz[{self.extra}]' decodes them"
        return f"{self.module} is installed but cannot be loaded ({one_line(error)})"


HEIF = OptionalDecoder(
    "HEIC", "pillow_heif", "heic", frozenset({".heic", ".heics", ".heif", ".heifs", ".hif"})
)
RAW = OptionalDecoder(
    "camera RAW",
    "rawpy",
    "raw",
    frozenset(
        (
            *(".3fr", ".ari", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".fff"),
            *(".iiq", ".k25", ".kdc", ".mef", ".mos", ".mrw", ".nef", ".nrw", ".orf", ".ori"),
            *(".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f"),
        )
    ),
)
OPTIONAL_DECODERS = (HEIF, RAW)
_BY_ENDING = {ending: decoder for decoder in OPTIONAL_DECODERS for ending in decoder.endings}


def name_ending(file: str) -> str:
    """The ending of a file's name, lower case, with the dot; empty if it has none."""
    _, dot, ending = file.rpartition("/")[2].rpartition(".")
    return f"{dot}{ending.lower()}" if dot else ""


def optional_decoder(file: str | Path) -> OptionalDecoder | None:
    """The package that decodes a file of this name, installed or not; None if Pillow does."""
    return _BY_ENDING.get(name_ending(str(file)))


def open_image(path: Path, formats: tuple[str, ...], max_pixels: int) -> Image.Image:
    """Open an image file with Pillow, or with the package that its ending asks for.

    A RAW file is developed with the camera's white balance, upright; of a large one, half
    the height and width are taken. Whatever else it holds, such as a preview, is not looked at.

    Args:
        path: the file.
        formats: Pillow's names of the formats that may be opened.
        max_pixels: most pixels of a RAW file, which is decoded here, not when it is loaded.

    Raises:
        OSError: if the file cannot be read, or its decoder is not installed.
        UnidentifiedImageError: if no decoder knows it.
        Image.DecompressionBombError: if a RAW file has more pixels.
    """
    decoder = optional_decoder(path)
    if decoder is None:
        return Image.open(path, formats=formats)
    if not decoder.is_installed:
        raise OSError(f"{decoder.title}: {decoder.remedy}")
    if decoder is RAW:
        return _develop(path, max_pixels)
    _register_heif()
    return Image.open(path, formats=(*formats, "HEIF"))


def _develop(path: Path, max_pixels: int) -> Image.Image:
    import rawpy

    try:
        with rawpy.imread(str(path)) as raw:
            height, width = raw.sizes.height, raw.sizes.width
            if height * width > max_pixels:
                raise Image.DecompressionBombError(f"{width} x {height} pixels")
            half = min(height, width) >= _HALF_IS_ENOUGH
            pixels = raw.postprocess(use_camera_wb=True, half_size=half, output_bps=8)
    except rawpy.LibRawFileUnsupportedError as error:
        raise UnidentifiedImageError(f"{path} is no RAW file") from error
    return Image.fromarray(pixels)


@functools.cache
def _register_heif() -> None:
    import pillow_heif

    pillow_heif.register_heif_opener(thumbnails=False)


@functools.cache
def _load_error(module: str) -> Exception | None:
    try:
        importlib.import_module(module)
    except Exception as error:  # noqa: BLE001 - libraries that do not fit raise anything
        return error.with_traceback(None)  # what is kept holds no frames
    return None
