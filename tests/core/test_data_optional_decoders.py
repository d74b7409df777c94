"""HEIC and RAW: decoded where their packages are installed, else named in a sentence."""

import importlib.util
import struct
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from symmcore.data.images import optional_decoders
from symmcore.data.images.decoding import DecodeError, decode_file
from symmcore.data.images.formats import has_image_name
from symmcore.data.images.optional_decoders import HEIF, RAW, open_image, optional_decoder

heic = pytest.mark.skipif(
    importlib.util.find_spec("pillow_heif") is None, reason="needs symmviz[heic]: pillow-heif"
)
raw = pytest.mark.skipif(
    importlib.util.find_spec("rawpy") is None, reason="needs symmviz[raw]: rawpy"
)


def picture() -> Image.Image:
    """Dark above, bright below; red at the left, blue at the right."""
    pixels = np.zeros((64, 96, 3), dtype=np.uint8)
    pixels[32:, :, 1] = 200
    pixels[:, :48, 0] = 200
    pixels[:, 48:, 2] = 200
    return Image.fromarray(pixels)


def save_heic(path: Path, image: Image.Image, **options: object) -> Path:
    optional_decoders._register_heif()
    image.save(path, format="HEIF", quality=95, **options)
    return path


def save_dng(path: Path, width: int = 64, height: int = 48, orientation: int = 1) -> Path:
    """A DNG as a camera with an RGGB sensor of 16 bits would write it; red above, blue below."""
    mosaic = np.full((height, width), 1000, dtype="<u2")
    mosaic[: height // 2 : 2, ::2] = 60_000  # red
    mosaic[height // 2 + 1 :: 2, 1::2] = 60_000  # blue
    data = mosaic.tobytes()
    matrix = [(1, 1), (0, 1), (0, 1), (0, 1), (1, 1), (0, 1), (0, 1), (0, 1), (1, 1)]
    entries: list[tuple[int, int, Any]] = [
        (254, 4, [0]), (256, 4, [width]), (257, 4, [height]), (258, 3, [16]), (259, 3, [1]),
        (262, 3, [32803]), (271, 2, b"Test\0"), (272, 2, b"Sensor\0"), (273, 4, [8]),
        (274, 3, [orientation]), (277, 3, [1]), (278, 4, [height]), (279, 4, [len(data)]),
        (33421, 3, [2, 2]), (33422, 1, bytes([0, 1, 1, 2])), (50706, 1, bytes([1, 4, 0, 0])),
        (50708, 2, b"Test Sensor\0"), (50714, 4, [0]), (50717, 4, [65_535]),
        (50721, 10, matrix), (50728, 5, [(1, 1)] * 3), (50778, 3, [21]),
    ]  # fmt: skip
    start = 8 + len(data)
    extra_at = start + 2 + 12 * len(entries) + 4
    directory, extra = struct.pack("<H", len(entries)), b""
    for tag, kind, values in entries:
        if isinstance(values, bytes):
            count, packed = len(values), values
        elif kind in (5, 10):
            count = len(values)
            packed = b"".join(struct.pack("<ii", *value) for value in values)
        else:
            count = len(values)
            packed = struct.pack(f"<{count}{'H' if kind == 3 else 'I'}", *values)
        if len(packed) > 4:
            packed, extra = struct.pack("<I", extra_at + len(extra)), extra + packed
        directory += struct.pack("<HHI", tag, kind, count) + packed.ljust(4, b"\0")
    header = struct.pack("<2sHI", b"II", 42, start)
    path.write_bytes(header + data + directory + bytes(4) + extra)
    return path


class TestHeic:
    @heic
    @pytest.mark.parametrize("ending", ["heic", "HEIC", "heif", "hif"])
    def test_pixels(self, tmp_path: Path, ending: str) -> None:
        path = save_heic(tmp_path / f"a.{ending}", picture())
        assert has_image_name(path.name)
        found = decode_file(path, 32).astype(int)
        expected = np.asarray(picture().resize((32, 32), Image.Resampling.BILINEAR)).astype(int)
        assert np.abs(found - expected).mean() < 8
        assert np.abs(found[4, 4] - [200, 0, 0]).max() < 40
        assert np.abs(found[28, 28] - [0, 200, 200]).max() < 40

    @heic
    def test_it_is_upright_once(self, tmp_path: Path) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6
        path = save_heic(tmp_path / "a.heic", picture(), exif=exif.tobytes())
        upright = decode_file(path, 32).astype(int)
        turned = np.asarray(picture().transpose(Image.Transpose.ROTATE_270).resize((32, 32)))
        assert np.abs(upright - turned.astype(int)).mean() < 12

    @heic
    def test_what_is_damaged_or_another_file(self, tmp_path: Path) -> None:
        whole = save_heic(tmp_path / "a.heic", picture()).read_bytes()
        for name, content in (("cut.heic", whole[: len(whole) // 2]), ("text.heic", b"hello" * 99)):
            (tmp_path / name).write_bytes(content)
            with pytest.raises(DecodeError):
                decode_file(tmp_path / name, 32)

    @heic
    def test_a_jpeg_that_a_phone_has_misnamed(self, tmp_path: Path) -> None:
        picture().save(tmp_path / "a.heic", format="JPEG")
        assert decode_file(tmp_path / "a.heic", 32).shape == (32, 32, 3)

    @heic
    def test_a_size_beyond_the_limit_is_not_decoded(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("symmcore.data.images.decoding.MAX_PIXELS", 1000)
        with pytest.raises(DecodeError, match="megapixels"):
            decode_file(save_heic(tmp_path / "a.heic", picture()), 32)


class TestRaw:
    @raw
    @pytest.mark.parametrize("ending", ["dng", "DNG"])
    def test_pixels(self, tmp_path: Path, ending: str) -> None:
        path = save_dng(tmp_path / f"a.{ending}")
        assert has_image_name(path.name)
        found = decode_file(path, 32).astype(int)
        assert found.shape == (32, 32, 3)
        red, blue = found[6, 16], found[26, 16]
        assert red.argmax() == 0
        assert blue.argmax() == 2

    @raw
    def test_it_is_upright(self, tmp_path: Path) -> None:
        found = decode_file(save_dng(tmp_path / "a.dng", orientation=3), 32).astype(int)
        assert found[6, 16].argmax() == 2
        assert found[26, 16].argmax() == 0

    @raw
    def test_of_a_large_one_half_is_developed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = save_dng(tmp_path / "a.dng")
        whole = open_image(path, ("TIFF",), 10**6)
        monkeypatch.setattr(optional_decoders, "_HALF_IS_ENOUGH", 10)
        half = open_image(path, ("TIFF",), 10**6)
        assert half.width in (whole.width // 2, whole.width // 2 + 1)

    @raw
    def test_what_is_damaged_or_another_file(self, tmp_path: Path) -> None:
        whole = save_dng(tmp_path / "a.dng").read_bytes()
        picture().save(tmp_path / "jpeg.cr2", format="JPEG")
        (tmp_path / "text.nef").write_bytes(b"hello" * 99)
        (tmp_path / "cut.dng").write_bytes(whole[:2000])
        for name in ("jpeg.cr2", "text.nef", "cut.dng"):
            with pytest.raises(DecodeError):
                decode_file(tmp_path / name, 32)

    @raw
    def test_a_size_beyond_the_limit_is_not_developed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("symmcore.data.images.decoding.MAX_PIXELS", 1000)
        with pytest.raises(DecodeError, match="megapixels"):
            decode_file(save_dng(tmp_path / "a.dng"), 32)


def test_without_the_package_the_sentence_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        optional_decoders, "_load_error", lambda module: ModuleNotFoundError(name=module)
    )
    for name, extra in (("a.heic", "heic"), ("a.CR2", "raw")):
        (tmp_path / name).write_bytes(b"some bytes")
        with pytest.raises(DecodeError) as caught:
            decode_file(tmp_path / name, 32)
        assert f"pip install 'symmviz[{extra}]'" in str(caught.value)
        assert str(tmp_path / name) in str(caught.value)


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("raise OSError('libheif.so.1: cannot open')", "libheif.so.1: cannot open"),
        ("import no_such_part", "No module named 'no_such_part'"),
    ],
)
def test_a_package_that_cannot_be_loaded_says_why(
    code: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pillow_heif.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "pillow_heif", raising=False)
    optional_decoders._load_error.cache_clear()
    try:
        assert not HEIF.is_installed
        assert HEIF.remedy == f"pillow_heif is installed but cannot be loaded ({problem})"
    finally:
        optional_decoders._load_error.cache_clear()


def test_all_else_is_pillows(tmp_path: Path) -> None:
    picture().save(tmp_path / "a.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert decode_file(tmp_path / "a.png", 16).shape == (16, 16, 3)
    assert optional_decoder("a/b.NEF") is RAW
    assert optional_decoder("a.heic/b.png") is None
