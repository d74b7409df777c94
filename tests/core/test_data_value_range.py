"""Images of more than 8 bits: one range for all of a dataset, against what the arrays say."""

import dataclasses
import json
import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from image_files import ASCII, FLOAT, SHORT, write_packed_tiff, write_png, write_tiff
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from symmcore.data.dataset import ImageDataset
from symmcore.data.images.cache import CacheSettings
from symmcore.data.images.decode_pass import measure_all
from symmcore.data.images.decoding import decode_file
from symmcore.data.listing import ImageListing
from symmcore.data.loading import load_listing
from symmcore.data.value_range import EIGHT_BITS, ValueRange, ValueRanges
from symmcore.errors import InputError
from symmcore.progress import Progress

SIDE = 24
RANDOM = np.random.default_rng(0)
NODATA = 42113

Array = np.ndarray
Tags = dict[int, tuple[int, Any]]
Write = Callable[[Path, Array], Path]


def integers(low: int, high: int, dtype: type = np.uint16, channels: int = 0) -> Array:
    """Random values, both ends of the range among them."""
    shape = (SIDE, SIDE, channels) if channels else (SIDE, SIDE)
    values: Array = RANDOM.integers(low, high + 1, shape).astype(dtype)
    values[0, 0], values[-1, -1] = low, high
    return values


def reals(low: float, high: float) -> Array:
    values = RANDOM.uniform(low, high, (SIDE, SIDE)).astype(np.float32)
    values[0, 0], values[-1, -1] = low, high
    return values


def scaled(values: Array, low: float, high: float) -> Array:
    """(H, W, 3) uint8, what every pixel should be."""
    grey = np.rint((values.astype(np.float64) - low) * 255 / (high - low)).clip(0, 255)
    return grey.astype(np.uint8) if values.ndim == 3 else np.stack([grey] * 3, 2).astype(np.uint8)


def listing_of(root: Path, files: list[str]) -> ImageListing:
    count = len(files)
    positions = np.arange(count)
    return ImageListing(
        "made", root, tuple(files), positions % 2, ("a", "b"),
        positions[: count // 2], positions[count // 2 :], "by halves",
    )  # fmt: skip


def loaded(root: Path, files: list[str], limit: int = 10**9) -> ImageDataset:
    cache = CacheSettings(root.parent / "cache", limit)
    return load_listing(listing_of(root, files), cache, size=SIDE)


def dataset(
    tmp_path: Path, images: list[Array], write: Write, suffix: str, limit: int = 10**9
) -> tuple[ImageDataset, Array]:
    """The images written, and read as a dataset: that, and its pixels (N, H, W, 3)."""
    root = tmp_path / "tree"
    root.mkdir()
    files = [f"{number}.{suffix}" for number in range(len(images))]
    for file, values in zip(files, images, strict=True):
        write(root / file, values)
    data = loaded(root, files, limit)
    pixels = data.images.read(np.arange(len(images)))
    data.images.release()
    return data, pixels


def big_endian(path: Path, values: Array) -> Path:
    return write_tiff(path, values, order=">")


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize(
    ("write", "suffix"), [(write_png, "png"), (write_tiff, "tif"), (big_endian, "tiff")]
)
def test_the_bits_in_use_become_all_grey_levels(
    tmp_path: Path, bits: int, write: Write, suffix: str
) -> None:
    top = 2**bits - 1
    images = [integers(0, top * share // 4) for share in (1, 2, 4, 3)]
    _, pixels = dataset(tmp_path, images, write, suffix)
    for values, found in zip(images, pixels, strict=True):
        np.testing.assert_array_equal(found, scaled(values, 0, top))


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize(("write", "suffix"), [(write_png, "png"), (write_tiff, "tif")])
@pytest.mark.parametrize("top", [4095, 65535])
def test_colours_of_16_bits(
    tmp_path: Path, channels: int, write: Write, suffix: str, top: int
) -> None:
    images = [integers(0, top, channels=channels) for _ in range(4)]
    if channels == 4 and write is write_tiff:
        # unassociated alpha
        def write(path: Path, values: Array) -> Path:
            return write_tiff(path, values, {338: (SHORT, 2)})

    _, pixels = dataset(tmp_path, images, write, suffix)
    for values, found in zip(images, pixels, strict=True):
        expected = scaled(values, 0, top).astype(float)
        if channels == 4:
            share = expected[..., 3:] / 255
            expected = expected[..., :3] * share + 255 * (1 - share)
        assert np.abs(found - expected).max() <= (1 if channels == 4 else 0)


@pytest.mark.parametrize("order", ["<", ">"])
def test_colours_of_either_byte_order(tmp_path: Path, order: Literal["<", ">"]) -> None:
    values = integers(0, 4095, channels=3)
    path = write_tiff(tmp_path / "image.tif", values, order=order)
    np.testing.assert_array_equal(decode_file(path, SIDE), scaled(values, 0, 4095))


def test_colours_in_a_compressed_tiff(tmp_path: Path) -> None:
    values = integers(0, 4095, channels=3)
    plain = write_tiff(tmp_path / "plain.tif", values)
    # Pillow writes no colours of 16 bits, but deflates any bytes: as one channel, thrice as wide
    Image.fromarray(values.reshape(SIDE, -1)).save(
        tmp_path / "wide.tif", compression="tiff_adobe_deflate"
    )
    with Image.open(tmp_path / "wide.tif") as wide:
        assert isinstance(wide, TiffImageFile)
        offset, length = wide.tag_v2[273][0], wide.tag_v2[279][0]
    strip = (tmp_path / "wide.tif").read_bytes()[offset : offset + length]
    content = bytearray(plain.read_bytes())
    assert len(strip) <= values.nbytes
    content[8 : 8 + len(strip)] = strip
    for number, value in ((259, 8), (279, len(strip))):
        at = (
            content.index(number.to_bytes(2, "little") + b"\3\0\1\0\0\0")
            if number == 259
            else (content.index(number.to_bytes(2, "little") + b"\4\0\1\0\0\0"))
        )
        content[at + 8 : at + 12] = value.to_bytes(4, "little")
    plain.write_bytes(content)
    with Image.open(plain) as image:
        assert image.info["compression"] == "tiff_adobe_deflate"
    np.testing.assert_array_equal(decode_file(plain, SIDE), scaled(values, 0, 4095))


def test_grey_with_alpha_of_16_bits(tmp_path: Path) -> None:
    values = integers(0, 4095, channels=2)
    values[..., 1] = 65535
    values[3] = 9, 0
    path = write_png(tmp_path / "image.png", values)
    expected = scaled(values[..., 0], 0, 4095)
    expected[3] = 255
    np.testing.assert_array_equal(decode_file(path, SIDE), expected)


@pytest.mark.parametrize("channels", [0, 3])
def test_a_value_of_16_bits_that_stands_for_transparent_becomes_white(
    tmp_path: Path, channels: int
) -> None:
    values = integers(0, 4095, channels=channels)
    values[5:9] = 60000
    stands = np.full(channels or 1, 60000, dtype=">u2").tobytes()
    path = write_png(tmp_path / "image.png", values, (b"tRNS", stands))
    expected = scaled(values, 0, 4095)
    expected[5:9] = 255
    np.testing.assert_array_equal(decode_file(path, SIDE), expected)


def test_signed_integers_keep_both_ends(tmp_path: Path) -> None:
    orders: tuple[Literal["<", ">"], ...] = ("<", ">")
    for order in orders:
        (tmp_path / order).mkdir()
        images = [integers(-1024, 3071, np.int16), integers(-1000, 400, np.int16)]
        _, pixels = dataset(tmp_path / order, images * 2, partial(write_tiff, order=order), "tif")
        for values, found in zip(images, pixels, strict=False):
            np.testing.assert_array_equal(found, scaled(values, -1024, 3071))


def test_integers_of_other_sizes(tmp_path: Path) -> None:
    for dtype, low, high, black, white in (
        (np.uint32, 0, 2**32 - 1, 0, 2**32 - 1),
        (np.uint32, 0, 1_000_000, 0, 2**20 - 1),
        (np.int32, -5, 2**20, -5, 2**20),
        (np.int8, -128, 127, -128, 127),
    ):
        values = integers(low, high, dtype)
        path = write_tiff(tmp_path / "image.tif", values)
        np.testing.assert_array_equal(decode_file(path, SIDE), scaled(values, black, white))


def test_counts_of_a_thermal_camera_keep_their_contrast(tmp_path: Path) -> None:
    images = [integers(29000, 30000), integers(29500, 31000)]
    images[0][3, 4] = 0  # a dead pixel
    _, pixels = dataset(tmp_path, images, write_png, "png")
    for values, found in zip(images, pixels, strict=True):
        np.testing.assert_array_equal(found, scaled(values, 29000, 31000))


@pytest.mark.parametrize(
    ("low", "high", "black", "white"),
    [
        (0, 1, 0, 1),
        (0.2, 0.7, 0, 1),
        (3, 200, 0, 255),
        (-1, 1, -1, 1),
        (200, 4000, 200, 4000),
        (0, 0.02, 0, 0.02),
    ],
)
def test_real_numbers_of_a_dataset(
    tmp_path: Path, low: float, high: float, black: int, white: float
) -> None:
    middle = (low + high) / 2
    images = [reals(low, high), reals(low, middle), reals(middle, high)]
    _, pixels = dataset(tmp_path, images, write_tiff, "tif")
    for values, found in zip(images, pixels, strict=True):
        assert np.abs(found - scaled(values, black, white).astype(int)).max() <= 1


FILLS = [-9999.0, -3.4028234663852886e38, -32768.0, 9.969209968386869e36, math.nan, math.inf]


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("low", [0.0, -430.0])
def test_no_data_is_black_and_left_out_of_the_range(
    tmp_path: Path, fill: float, low: float
) -> None:
    images = [reals(low, 3000) for _ in range(4)]
    for values in images[1:]:
        values[5:9] = fill
    images[3][...] = fill
    data, pixels = dataset(tmp_path, images, write_tiff, "tif")
    for values, found in zip(images, pixels, strict=True):
        there = np.isfinite(values) & (np.abs(values) < 5000)
        whole = scaled(np.where(there, values, low), low, 3000)
        assert np.abs(found - whole.astype(int)).max() <= 1
        assert (found[~there] == 0).all()
    assert "Pixels without data (nodata), in 3 of them, become 0." in data.notes


@pytest.mark.parametrize("fill", ["-12.5", "-12.5\0", " -12.5 "])
def test_no_data_as_gdal_says_it(tmp_path: Path, fill: str) -> None:
    values = reals(0, 1)
    values[4:7] = -12.5
    path = write_tiff(tmp_path / "image.tif", values, {NODATA: (ASCII, fill.encode() + b"\0")})
    expected = scaled(values, 0, 1)
    assert np.abs(decode_file(path, SIDE).astype(int) - expected).max() <= 1


@pytest.mark.parametrize(
    "text", [b"none\0", b"nan\0", b"1e400\0", b"-9999\0", b"1e10\0", b"\xff\xfe\0"]
)
def test_no_data_tags_that_exclude_nothing(tmp_path: Path, text: bytes) -> None:
    values = integers(0, 1023)
    path = write_tiff(tmp_path / "image.tif", values, {NODATA: (ASCII, text)})
    np.testing.assert_array_equal(decode_file(path, SIDE), scaled(values, 0, 1023))


def test_no_data_in_integers(tmp_path: Path) -> None:
    unsigned = integers(0, 4095)
    unsigned[2:9] = 65535
    path = write_tiff(tmp_path / "a.tif", unsigned, {NODATA: (ASCII, b"65535\0")})
    expected = scaled(unsigned, 0, 4095)
    expected[2:9] = 0
    np.testing.assert_array_equal(decode_file(path, SIDE), expected)
    signed = integers(-100, 3000, np.int16)
    signed[2:9] = -32768
    np.testing.assert_array_equal(
        decode_file(write_tiff(tmp_path / "b.tif", signed), SIDE), scaled(signed, -100, 3000)
    )


def test_air_is_no_missing_data(tmp_path: Path) -> None:
    values = integers(-999, 3071, np.int16)
    values[:6] = -999
    path = write_tiff(tmp_path / "image.tif", values)
    np.testing.assert_array_equal(decode_file(path, SIDE), scaled(values, -999, 3071))


def test_limits_that_files_declare(tmp_path: Path) -> None:
    def twelve(path: Path, values: Array) -> Path:
        return write_tiff(path, values, {340: (SHORT, 0), 341: (SHORT, 4000)})

    images = [integers(0, 900), integers(0, 600), integers(0, 700)]
    data, pixels = dataset(tmp_path, images, twelve, "tif")
    for values, found in zip(images, pixels, strict=True):
        np.testing.assert_array_equal(found, scaled(values, 0, 4000))
    assert data.notes[-1] == (
        "3 images have integers of more than 8 bits: 0 to 4,000 (as the files say) become 0 "
        "to 255, the same way in all."
    )


@pytest.mark.parametrize(
    "tags",
    [
        {281: (SHORT, 4000)},
        {280: (SHORT, 0), 281: (SHORT, 4000)},
        {340: (FLOAT, 0.0), 341: (FLOAT, 4000.0)},
    ],
)
def test_the_ways_to_declare_limits(tmp_path: Path, tags: Tags) -> None:
    values = integers(0, 900)
    path = write_tiff(tmp_path / "image.tif", values, tags)
    np.testing.assert_array_equal(decode_file(path, SIDE), scaled(values, 0, 4000))


@pytest.mark.parametrize(
    "tags",
    [
        {281: (SHORT, 65535)},  # no less than the type holds
        {281: (SHORT, 255)},  # the values lie outside
        {280: (SHORT, 9), 281: (SHORT, 9)},
        {341: (ASCII, b"high\0")},
        {340: (FLOAT, -9999.0), 341: (FLOAT, 4000.0)},
        {341: (FLOAT, math.nan)},
    ],
)
def test_limits_that_say_nothing(tmp_path: Path, tags: Tags) -> None:
    values = integers(0, 900)
    path = write_tiff(tmp_path / "image.tif", values, tags)
    np.testing.assert_array_equal(decode_file(path, SIDE), scaled(values, 0, 1023))


def test_twelve_bits_packed_declare_their_range(tmp_path: Path) -> None:
    values = integers(0, 300)
    path = write_packed_tiff(tmp_path / "image.tif", values)
    np.testing.assert_array_equal(decode_file(path, SIDE), scaled(values, 0, 4095))


def test_a_pgm_declares_its_range(tmp_path: Path) -> None:
    values = integers(0, 300)
    path = tmp_path / "image.pgm"
    path.write_bytes(b"P5 %d %d 4095 " % (SIDE, SIDE) + values.astype(">u2").tobytes())
    assert np.abs(decode_file(path, SIDE).astype(int) - scaled(values, 0, 4095)).max() <= 1
    path.write_bytes(b"P5 %d %d 65535 " % (SIDE, SIDE) + values.astype(">u2").tobytes())
    np.testing.assert_array_equal(decode_file(path, SIDE), scaled(values, 0, 511))


def test_a_fits_file_is_signed(tmp_path: Path) -> None:
    values = integers(-2000, 3071, np.int16)
    cards = ["SIMPLE  = T", "BITPIX  = 16", "NAXIS   = 2", f"NAXIS1  = {SIDE}"]
    header = "".join(card.ljust(80) for card in (*cards, f"NAXIS2  = {SIDE}", "END"))
    rows = values[::-1].astype(">i2").tobytes()  # from the bottom up
    (tmp_path / "image.fits").write_bytes(header.ljust(2880).encode() + rows)
    found = decode_file(tmp_path / "image.fits", SIDE)
    np.testing.assert_array_equal(found, scaled(values, -2000, 3071))


def test_jpeg_2000_of_twelve_bits(tmp_path: Path) -> None:
    values = integers(0, 4095)
    Image.fromarray(values).save(tmp_path / "image.jp2", irreversible=False)
    np.testing.assert_array_equal(
        decode_file(tmp_path / "image.jp2", SIDE), scaled(values, 0, 4095)
    )


def test_significant_bits_of_a_png_do_not_shrink_its_range(tmp_path: Path) -> None:
    values = integers(0, 4095) << 4  # as the specification says
    path = write_png(tmp_path / "image.png", values, (b"sBIT", b"\x0c"))
    np.testing.assert_array_equal(decode_file(path, SIDE), scaled(values, 0, 65535))
    values >>= 4  # as some write it
    path = write_png(tmp_path / "image.png", values, (b"sBIT", b"\x0c"))
    np.testing.assert_array_equal(decode_file(path, SIDE), scaled(values, 0, 4095))


@pytest.mark.parametrize("kind", ["integers", "reals"])
def test_a_hot_pixel_does_not_darken_the_others(tmp_path: Path, kind: str) -> None:
    images = [integers(0, 4095) if kind == "integers" else reals(0, 1) for _ in range(6)]
    images[2][7, 7] = 65535
    data, pixels = dataset(tmp_path, images, write_tiff, "tif")
    for values, found in zip(images, pixels, strict=True):
        expected = scaled(values, 0, 4095 if kind == "integers" else 1)
        assert np.abs(found - expected.astype(int)).max() <= 1
    assert "A few values far outside, in 1 of them, become black or white." in data.notes


def test_many_bright_pixels_are_no_outliers(tmp_path: Path) -> None:
    images = [integers(0, 1023) for _ in range(6)]
    images[2][:4] = 65535
    _, pixels = dataset(tmp_path, images, write_tiff, "tif")
    for values, found in zip(images, pixels, strict=True):
        np.testing.assert_array_equal(found, scaled(values, 0, 65535))


def test_a_spark_on_a_flat_ground_is_kept(tmp_path: Path) -> None:
    values = np.zeros((SIDE, SIDE), dtype=np.uint16)
    values[3, 3] = 1023
    path = write_png(tmp_path / "image.png", values)
    np.testing.assert_array_equal(decode_file(path, SIDE), scaled(values, 0, 1023))


def test_low_values_that_stand_for_light(tmp_path: Path) -> None:
    values = integers(0, 4095)
    values[2:4] = 0
    path = write_tiff(tmp_path / "image.tif", values, {NODATA: (ASCII, b"0\0")}, photometric=0)
    expected = 255 - scaled(values, 0, 4095)
    expected[values == 0] = 0
    np.testing.assert_array_equal(decode_file(path, SIDE), expected)


@pytest.fixture
def mixed(tmp_path: Path) -> tuple[Path, dict[str, Array]]:
    """Images of 8 bits, of 12 in 16, and of real numbers; files by name."""
    root = tmp_path / "mixed"
    root.mkdir()
    found = {
        "a.png": integers(0, 200, np.uint8),
        "b.png": integers(0, 4095),
        "c.png": integers(0, 100),
        "d.tif": reals(0, 1),
        "e.tif": reals(-4, 4),
        "f.png": integers(0, 9, np.uint8),
    }
    for name in ("a.png", "f.png"):
        Image.fromarray(found[name]).save(root / name)
    for name in ("b.png", "c.png"):
        write_png(root / name, found[name])
    for name in ("d.tif", "e.tif"):
        write_tiff(root / name, found[name])
    return root, found


LIMITS = {"a": (0, 255), "b": (0, 4095), "c": (0, 4095), "d": (-4, 4), "e": (-4, 4), "f": (0, 255)}


@pytest.mark.parametrize("limit", [10**9, 0])
def test_a_mixed_dataset_has_a_range_for_each_kind(
    mixed: tuple[Path, dict[str, Array]], limit: int
) -> None:
    root, images = mixed
    for _ in range(2):  # the second time from the cache
        data = loaded(root, list(images), limit)
        pixels = data.images.read(np.arange(len(images)))
        data.images.release()
        for (name, values), found in zip(images.items(), pixels, strict=True):
            expected = scaled(values, *LIMITS[name[0]]).astype(int)
            assert np.abs(found - expected).max() <= (1 if name.endswith("tif") else 0)
        assert data.value_ranges == ValueRanges(
            ValueRange(0, 4095, images=2), ValueRange(-4, 4, images=2)
        )
        said = (
            "2 images have integers of more than 8 bits: 0 to 4,095 become 0 to 255, the same "
            "way in all.",
            "2 images have floating-point values: -4 to 4 become 0 to 255, the same way in all.",
        )
        assert set(said) <= set(data.notes)


def test_the_order_of_the_files_changes_nothing(mixed: tuple[Path, dict[str, Array]]) -> None:
    root, images = mixed
    files = list(images)
    one, other = loaded(root, files), loaded(root, files[::-1])
    assert one.value_ranges == other.value_ranges
    np.testing.assert_array_equal(
        one.images.read(np.arange(6)), other.images.read(np.arange(6)[::-1])
    )


def test_an_image_from_elsewhere_is_read_by_the_range_of_a_dataset(
    mixed: tuple[Path, dict[str, Array]], tmp_path: Path
) -> None:
    root, images = mixed
    ranges = loaded(root, list(images)).value_ranges
    again = ValueRanges.from_json(json.loads(json.dumps(dataclasses.asdict(ranges))))
    values = integers(0, 50)
    query = write_png(tmp_path / "query.png", values)
    np.testing.assert_array_equal(decode_file(query, SIDE, again), scaled(values, 0, 4095))
    np.testing.assert_array_equal(decode_file(query, SIDE, EIGHT_BITS), scaled(values, 0, 63))


def test_measuring_finds_the_same_range_as_decoding(mixed: tuple[Path, dict[str, Array]]) -> None:
    root, images = mixed
    told: list[tuple[int, int]] = []
    found = measure_all(root, list(images), lambda done, count: told.append((done, count)))
    assert found == loaded(root, list(images)).value_ranges
    assert told[-1] == (6, 6)


def test_measuring_opens_no_jpeg_and_passes_over_what_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"no image")
    (tmp_path / "b.png").write_bytes(b"no image")
    assert measure_all(tmp_path, ["a.jpg", "b.png"], lambda _done, _count: None) == EIGHT_BITS


def test_progress_of_two_passes_only_grows(mixed: tuple[Path, dict[str, Array]]) -> None:
    root, images = mixed
    told: list[int] = []

    def tell(doing: Progress) -> None:
        if doing.what == "Decoding images":
            told.append(doing.done)

    load_listing(listing_of(root, list(images)), CacheSettings(root.parent / "cache"), tell, SIDE)
    assert told == sorted(told)
    assert told[-1] == len(images)


def test_cancelling_the_second_pass_leaves_nothing(mixed: tuple[Path, dict[str, Array]]) -> None:
    root, images = mixed

    def tell(doing: Progress) -> None:
        if doing.what == "Decoding images" and doing.done == 4:
            raise KeyboardInterrupt

    cache = CacheSettings(root.parent / "cache")
    with pytest.raises(KeyboardInterrupt):
        load_listing(listing_of(root, list(images)), cache, tell, SIDE)
    assert cache.folder is not None
    assert [path.name for path in cache.folder.iterdir() if path.suffix != ".lock"] == []


def test_a_damaged_image_of_16_bits_is_skipped(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    root.mkdir()
    files = [f"{number}.png" for number in range(20)]
    for file in files:
        write_png(root / file, integers(0, 4095))
    (root / files[3]).write_bytes((root / files[3]).read_bytes()[:200])
    data = loaded(root, files)
    assert [one.file for one in data.skipped] == ["3.png"]
    assert data.value_ranges.integers == ValueRange(0, 4095, images=19)


def test_too_many_damaged_images_of_16_bits_are_refused(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    root.mkdir()
    for name in "abc":
        path = write_png(root / f"{name}.png", integers(0, 4095))
        path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InputError, match="More than 10% of the 3 images"):
        loaded(root, [f"{name}.png" for name in "abc"])


@pytest.mark.parametrize(
    "content",
    [
        None, [], {}, {"integers": None}, {"integers": 3, "reals": None},
        {"integers": {"low": 0}, "reals": None},
        {"integers": {"low": "0", "high": 1, "images": 1}, "reals": None},
        {"integers": {"low": 0, "high": math.nan, "images": 1}, "reals": None},
    ],
)  # fmt: skip
def test_what_is_no_range_is_refused(content: object) -> None:
    with pytest.raises(ValueError, match="value range"):
        ValueRanges.from_json(content)
