"""Files of every kind, written from NumPy arrays and compared with what the arrays say."""

import contextlib
import io
import os
import pickle
import struct
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from symmcore.data.images.decoding import MAX_PIXELS, DecodeError, decode_file

SIDE = 16
RANDOM = np.random.default_rng(0)


def noise(*shape: int, top: int = 256) -> np.ndarray:
    return RANDOM.integers(0, top, shape, dtype=np.uint8)


def saved(tmp_path: Path, image: Image.Image, kind: str, **options: Any) -> Path:
    path = tmp_path / f"image.{kind}"
    image.save(path, **options)
    return path


def grey(values: np.ndarray) -> np.ndarray:
    return np.repeat(values[..., None], 3, axis=2)


def on_white(colour: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    share = alpha[..., None] / 255
    return colour * share + 255 * (1 - share)


@pytest.mark.parametrize("kind", ["png", "bmp", "tiff", "ppm", "webp", "tga"])
def test_rgb(tmp_path: Path, kind: str) -> None:
    pixels = noise(SIDE, SIDE, 3)
    options = {"lossless": True} if kind == "webp" else {}
    image = decode_file(saved(tmp_path, Image.fromarray(pixels), kind, **options), SIDE)
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, pixels)


@pytest.mark.parametrize("kind", ["png", "bmp", "tiff", "gif"])
def test_grey(tmp_path: Path, kind: str) -> None:
    pixels = noise(SIDE, SIDE)
    image = decode_file(saved(tmp_path, Image.fromarray(pixels), kind), SIDE)
    np.testing.assert_array_equal(image, grey(pixels))


def test_jpeg_is_close_to_what_was_saved(tmp_path: Path) -> None:
    down, right = np.mgrid[0:SIDE, 0:SIDE] * 15
    pixels = np.stack([down, right, np.full((SIDE, SIDE), 90)], axis=2).astype(np.uint8)
    path = saved(tmp_path, Image.fromarray(pixels), "jpg", quality=95, subsampling=0)
    assert np.abs(decode_file(path, SIDE).astype(int) - pixels).max() < 12


def test_one_bit(tmp_path: Path) -> None:
    bits = RANDOM.integers(0, 2, (SIDE, SIDE)).astype(bool)
    for kind in ("png", "tiff", "bmp"):
        image = decode_file(saved(tmp_path, Image.fromarray(bits), kind), SIDE)
        np.testing.assert_array_equal(image, grey(bits * np.uint8(255)))


def palette_image() -> tuple[Image.Image, np.ndarray, np.ndarray]:
    palette, indices = noise(7, 3), noise(SIDE, SIDE, top=7)
    image = Image.fromarray(indices)
    image.putpalette(palette.tobytes())  # makes it mode P
    return image, palette, indices


@pytest.mark.parametrize("kind", ["png", "gif", "tiff", "bmp"])
def test_palette(tmp_path: Path, kind: str) -> None:
    image, palette, indices = palette_image()
    assert image.mode == "P"
    np.testing.assert_array_equal(decode_file(saved(tmp_path, image, kind), SIDE), palette[indices])


@pytest.mark.parametrize("kind", ["png", "gif"])
def test_palette_with_a_transparent_colour_lies_on_white(tmp_path: Path, kind: str) -> None:
    image, palette, indices = palette_image()
    palette[3] = 255
    np.testing.assert_array_equal(
        decode_file(saved(tmp_path, image, kind, transparency=3), SIDE), palette[indices]
    )


def test_palette_with_an_alpha_for_each_colour_lies_on_white(tmp_path: Path) -> None:
    image, palette, indices = palette_image()
    alpha = noise(7)
    path = saved(tmp_path, image, "png", transparency=alpha.tobytes())
    expected = on_white(palette[indices], alpha[indices])
    assert np.abs(decode_file(path, SIDE) - expected).max() <= 1


@pytest.mark.parametrize("kind", ["png", "tiff", "webp"])
def test_alpha_lies_on_white(tmp_path: Path, kind: str) -> None:
    pixels = noise(SIDE, SIDE, 4)
    options = {"lossless": True, "exact": True} if kind == "webp" else {}
    image = decode_file(saved(tmp_path, Image.fromarray(pixels, "RGBA"), kind, **options), SIDE)
    assert np.abs(image - on_white(pixels[..., :3], pixels[..., 3])).max() <= 1


@pytest.mark.parametrize("kind", ["png", "tiff"])
def test_grey_with_alpha_lies_on_white(tmp_path: Path, kind: str) -> None:
    pixels = noise(SIDE, SIDE, 2)
    image = decode_file(saved(tmp_path, Image.fromarray(pixels, "LA"), kind), SIDE)
    assert np.abs(image - on_white(grey(pixels[..., 0]), pixels[..., 1])).max() <= 1


def test_a_colour_that_stands_for_transparent_becomes_white(tmp_path: Path) -> None:
    pixels = noise(SIDE, SIDE, 3)
    pixels[2:5] = (1, 2, 3)
    path = saved(tmp_path, Image.fromarray(pixels), "png", transparency=(1, 2, 3))
    pixels[2:5] = 255
    np.testing.assert_array_equal(decode_file(path, SIDE), pixels)


@pytest.mark.parametrize("kind", ["png", "tiff"])
def test_sixteen_bits_are_scaled_not_clipped(tmp_path: Path, kind: str) -> None:
    values = RANDOM.integers(0, 65536, (SIDE, SIDE)).astype(np.uint16)
    values[0, :4] = (0, 255, 256, 65535)
    path = saved(tmp_path, Image.fromarray(values), kind)
    expected = np.rint(values.astype(np.float64) * 255 / 65535).astype(np.uint8)
    np.testing.assert_array_equal(decode_file(path, SIDE), grey(expected))


def test_sixteen_bits_big_endian(tmp_path: Path) -> None:
    values = RANDOM.integers(0, 65536, (SIDE, SIDE))
    path = tmp_path / "image.pgm"  # the format itself is big-endian
    path.write_bytes(b"P5 16 16 65535 " + values.astype(">u2").tobytes())
    np.testing.assert_array_equal(
        decode_file(path, SIDE), grey(np.rint(values * 255 / 65535).astype(np.uint8))
    )


@pytest.mark.parametrize(
    ("low", "high", "black", "white"),
    [(0.0, 1.0, 0, 1), (0.0, 255.0, 0, 255), (-3.0, 5.0, -3, 5), (10.0, 4000.0, 10, 4000)],
)
def test_real_numbers(tmp_path: Path, low: float, high: float, black: int, white: int) -> None:
    values = RANDOM.uniform(low, high, (SIDE, SIDE)).astype(np.float32)
    values[0, :2] = low, high
    path = saved(tmp_path, Image.fromarray(values), "tiff")
    expected = 255 * (values.astype(np.float64) - black) / (white - black)
    assert np.abs(decode_file(path, SIDE) - grey(expected)).max() <= 0.5 + 1e-6


def test_integers_of_32_bits_and_a_single_value(tmp_path: Path) -> None:
    values = RANDOM.integers(-70000, 70000, (SIDE, SIDE)).astype(np.int32)
    values[0, :2] = -70000, 70000
    image = decode_file(saved(tmp_path, Image.fromarray(values), "tiff"), SIDE)
    assert np.abs(image - grey((values + 70000) * 255 / 140000)).max() <= 0.5
    flat = Image.fromarray(np.full((SIDE, SIDE), -7, dtype=np.int32))
    assert (decode_file(saved(tmp_path, flat, "tiff"), SIDE) == 0).all()


def test_not_a_number_is_black(tmp_path: Path) -> None:
    values = np.full((SIDE, SIDE), 1.0, dtype=np.float32)
    values[0, :2] = np.nan, np.inf
    image = decode_file(saved(tmp_path, Image.fromarray(values), "tiff"), SIDE)
    assert (image[0, :2] == 0).all()
    assert (image[1:] == 255).all()


def test_cmyk(tmp_path: Path) -> None:
    pixels = noise(SIDE, SIDE, 4)
    image = decode_file(saved(tmp_path, Image.fromarray(pixels, "CMYK"), "tiff"), SIDE)
    light = 255 - pixels.astype(np.float64)
    assert np.abs(image - light[..., :3] * light[..., 3:] / 255).max() <= 1


def test_cmyk_jpeg(tmp_path: Path) -> None:
    ink = np.full((SIDE, SIDE, 4), (200, 30, 60, 20), dtype=np.uint8)
    path = saved(tmp_path, Image.fromarray(ink, "CMYK"), "jpg", quality=95)
    expected = [(255 - v) * (255 - 20) / 255 for v in (200, 30, 60)]
    assert np.abs(decode_file(path, SIDE) - np.array(expected)).max() < 6


def test_ycbcr(tmp_path: Path) -> None:
    pixels = noise(SIDE, SIDE, 3)
    image = decode_file(saved(tmp_path, Image.fromarray(pixels, "YCbCr"), "tiff"), SIDE)
    y, cb, cr = (pixels[..., i].astype(np.float64) for i in range(3))
    cb, cr = cb - 128, cr - 128
    expected = np.stack([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb], axis=2)
    assert np.abs(image - expected.clip(0, 255)).max() <= 2


@pytest.mark.parametrize("kind", ["gif", "png", "webp", "tiff"])
def test_an_animation_gives_its_first_frame(tmp_path: Path, kind: str) -> None:
    frames = [Image.fromarray(grey(noise(SIDE, SIDE, top=2) * np.uint8(255))) for _ in range(3)]
    options = {"lossless": True} if kind == "webp" else {}
    path = saved(tmp_path, frames[0], kind, save_all=True, append_images=frames[1:], **options)
    with Image.open(path) as image:
        assert getattr(image, "n_frames", 1) == 3
    np.testing.assert_array_equal(decode_file(path, SIDE), np.asarray(frames[0]))


UPRIGHT = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: lambda a: np.rot90(a, 1),
}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["png", "tiff", "webp"])
def test_exif_orientation(tmp_path: Path, orientation: int, kind: str) -> None:
    pixels = noise(SIDE, SIDE, 3)
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if kind == "webp" else {}
    path = saved(tmp_path, Image.fromarray(pixels), kind, exif=exif, **options)
    np.testing.assert_array_equal(decode_file(path, SIDE), UPRIGHT[orientation](pixels))


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0nonsense"]
)
def test_damaged_exif_data_do_not_cost_the_picture(tmp_path: Path, exif: bytes) -> None:
    pixels = noise(SIDE, SIDE, 3)
    path = saved(tmp_path, Image.fromarray(pixels), "webp", lossless=True, exif=b"Exif\0\0" + exif)
    np.testing.assert_array_equal(decode_file(path, SIDE), pixels)


def triangle(count: int, size: int) -> np.ndarray:
    """Antialiased bilinear resampling along one axis as a matrix (size, count)."""
    scale = count / size
    support = max(scale, 1.0)
    centres = (np.arange(size) + 0.5) * scale
    distance = np.abs(np.arange(count)[None] + 0.5 - centres[:, None]) / support
    weights = np.clip(1 - distance, 0, None)
    normalised: np.ndarray = weights / weights.sum(1, keepdims=True)
    return normalised


@pytest.mark.parametrize(("height", "width"), [(40, 90), (300, 20), (7, 5)])
def test_both_sides_are_resized_by_a_triangle_as_wide_as_the_scale(
    tmp_path: Path, height: int, width: int
) -> None:
    pixels = noise(height, width, 3)
    image = decode_file(saved(tmp_path, Image.fromarray(pixels), "png"), SIDE)
    expected = np.einsum("ih,hwc,jw->ijc", triangle(height, SIDE), pixels, triangle(width, SIDE))
    assert image.shape == (SIDE, SIDE, 3)
    assert np.abs(image - expected).max() <= 1.01  # rounded after each of two passes


def png_header(width: int, height: int) -> bytes:
    content = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + content
    return head + struct.pack(">II", zlib.crc32(content), 100) + b"IDAT"


def bmp_header(width: int, height: int) -> bytes:
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + struct.pack(
        "<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0
    )  # fmt: skip


@pytest.mark.parametrize("header", [png_header, bmp_header])
@pytest.mark.parametrize(("width", "height"), [(20000, 10000), (12000, 10000), (MAX_PIXELS + 1, 1)])
def test_too_many_pixels_are_refused_by_the_header(
    tmp_path: Path, header: Callable[[int, int], bytes], width: int, height: int
) -> None:
    path = tmp_path / "large.png"
    path.write_bytes(header(width, height) + b"\0" * 100)
    with pytest.raises(DecodeError, match=r"large.png has more than 89 megapixels"):
        decode_file(path, SIDE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # as outside of tests
        with pytest.raises(DecodeError, match=r"large.png has more than 89 megapixels"):
            decode_file(path, SIDE)


def test_what_lies_in_a_container_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """IPTC may hold an image of any format: a program for Ghostscript, or one of any size."""

    def record(number: tuple[int, int], content: bytes) -> bytes:
        return bytes((0x1C, *number)) + struct.pack(">H", len(content)) + content

    path = tmp_path / "holds.jpg"
    path.write_bytes(
        record((3, 60), b"\1\0") + record((3, 65), b"\0") + record((3, 20), struct.pack(">H", 20))
        + record((3, 30), struct.pack(">H", 20)) + record((3, 120), b"\5")
        + record((8, 10), b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n")
    )  # fmt: skip
    with Image.open(path) as image:
        assert image.format == "IPTC"  # Pillow itself would
    monkeypatch.setattr("PIL.EpsImagePlugin.Ghostscript", lambda *_: pytest.fail("it ran"))
    with pytest.raises(DecodeError, match="is not an image of a known format"):
        decode_file(path, SIDE)


def test_a_texture_around_a_jpeg_of_any_size_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "holds.png"
    inner = encoded("jpeg")  # 64 x 64, where the header says 4 x 4
    head = b"BLP1" + struct.pack("<iIIIii", 0, 0, 4, 4, 4, 0)
    begin = len(head) + 2 * 64 + 4
    places = struct.pack("<16I", begin, *[0] * 15) + struct.pack("<16I", len(inner), *[0] * 15)
    path.write_bytes(head + places + struct.pack("<I", 0) + inner)
    with Image.open(path) as image:
        assert (image.format, image.size) == ("BLP", (4, 4))  # Pillow itself would
        image.load()
    with pytest.raises(DecodeError, match="is not an image of a known format"):
        decode_file(path, SIDE)


def damaged(tmp_path: Path, content: bytes) -> str:
    path = tmp_path / "bad.png"
    path.write_bytes(content)
    with pytest.raises(DecodeError) as caught:
        decode_file(path, SIDE)
    assert caught.value.path == path
    assert str(caught.value) == f"{path} {caught.value.reason}."
    assert "\n" not in str(caught.value)
    return caught.value.reason


def encoded(kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(noise(64, 64, 3)).save(buffer, kind)
    return buffer.getvalue()


def test_what_is_no_image(tmp_path: Path) -> None:
    assert damaged(tmp_path, b"") == "is empty"
    assert damaged(tmp_path, b"Hello, this is text.\n") == "is not an image of a known format"
    assert damaged(tmp_path, b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n") == (
        "is not an image of a known format"
    )


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "tiff", "bmp", "webp"])
def test_a_truncated_file(tmp_path: Path, kind: str) -> None:
    content = encoded(kind)
    assert "(" in damaged(tmp_path, content[: len(content) // 2])


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "tiff", "bmp", "webp"])
@pytest.mark.filterwarnings("ignore")  # Pillow warns of odd data that it reads all the same
def test_damage_anywhere_gives_pixels_or_the_one_error(tmp_path: Path, kind: str) -> None:
    original = np.frombuffer(encoded(kind), dtype=np.uint8)
    path = tmp_path / f"image.{kind}"
    random = np.random.default_rng(1)
    for _ in range(40):
        content = original.copy()
        places = random.integers(0, min(len(content), 400), 6)
        content[places] = random.integers(0, 256, 6)
        path.write_bytes(content.tobytes())
        with contextlib.suppress(DecodeError):
            assert decode_file(path, SIDE).shape == (SIDE, SIDE, 3)


def test_what_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DecodeError, match=r"nowhere.png cannot be read \(No such file"):
        decode_file(tmp_path / "nowhere.png", SIDE)
    with pytest.raises(DecodeError, match="is not a file"):
        decode_file(tmp_path, SIDE)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.png")
        with pytest.raises(DecodeError, match="is not a file"):
            decode_file(tmp_path / "pipe.png", SIDE)
    path = saved(tmp_path, Image.fromarray(noise(4, 4, 3)), "png")
    monkeypatch.setattr(os, "access", lambda *_: False)  # a test may run as root
    with pytest.raises(DecodeError, match="may not be read"):
        decode_file(path, SIDE)


def test_the_error_crosses_processes() -> None:
    error = pickle.loads(pickle.dumps(DecodeError(Path("a.png"), "is empty")))  # noqa: S301 - own
    assert (error.path, error.reason, str(error)) == (Path("a.png"), "is empty", "a.png is empty.")
