"""Writes PNG and TIFF files sample by sample, independently of what reads them."""

import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

SHORT, LONG, FLOAT, ASCII = 3, 4, 11, 2
_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
_SAMPLE_FORMATS = {"u": 1, "i": 2, "f": 3}


def write_png(path: Path, values: np.ndarray, *extra: tuple[bytes, bytes]) -> Path:
    """A PNG of 16 bits.

    Args:
        path: where.
        values: (H, W) or (H, W, C) uint16, C 2 (grey and alpha), 3 or 4.
        extra: chunks before the pixels, name and content.
    """
    height, width = values.shape[:2]
    channels = 1 if values.ndim == 2 else values.shape[2]
    header = struct.pack(">IIBBBBB", width, height, 16, _COLOUR_TYPES[channels], 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    chunks = [(b"IHDR", header), *extra, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    content = b"\x89PNG\r\n\x1a\n"
    for name, data in chunks:
        check = zlib.crc32(name + data)
        content += struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)
    path.write_bytes(content)
    return path


def write_tiff(
    path: Path,
    values: np.ndarray,
    tags: Mapping[int, tuple[int, Any]] | None = None,
    order: Literal["<", ">"] = "<",
    photometric: int | None = None,
) -> Path:
    """An uncompressed TIFF of one strip.

    Args:
        path: where.
        values: (H, W) or (H, W, 3), of any type of 8 to 64 bits.
        tags: more tags: type and value by number; ASCII values are bytes.
        order: "<" or ">".
        photometric: 0 is light for low values, 1 dark, 2 RGB.
    """
    height, width = values.shape[:2]
    channels = 1 if values.ndim == 2 else values.shape[2]
    bits = values.dtype.itemsize * 8
    kind = _SAMPLE_FORMATS[values.dtype.kind]
    pixels = values.astype(values.dtype.newbyteorder(order)).tobytes()
    light = (1 if channels == 1 else 2) if photometric is None else photometric
    found: dict[int, tuple[int, Any]] = {
        256: (LONG, width), 257: (LONG, height), 258: (SHORT, [bits] * channels),
        259: (SHORT, 1), 262: (SHORT, light), 273: (LONG, 8), 277: (SHORT, channels),
        278: (LONG, height), 279: (LONG, len(pixels)), 339: (SHORT, [kind] * channels),
        **(tags or {}),
    }  # fmt: skip
    return _assemble(path, pixels, found, order)


def write_packed_tiff(path: Path, values: np.ndarray) -> Path:
    """A TIFF of 12 bits a sample, two in three bytes: (H, W) integers below 4096, W even."""
    height, width = values.shape
    first, second = values[:, ::2].astype(np.uint32), values[:, 1::2].astype(np.uint32)
    triples = np.stack([first >> 4, (first & 15) << 4 | second >> 8, second & 255], axis=2)
    pixels = triples.astype(np.uint8).tobytes()
    tags: dict[int, tuple[int, Any]] = {
        256: (LONG, width), 257: (LONG, height), 258: (SHORT, 12), 259: (SHORT, 1),
        262: (SHORT, 1), 273: (LONG, 8), 277: (SHORT, 1), 278: (LONG, height),
        279: (LONG, len(pixels)),
    }  # fmt: skip
    return _assemble(path, pixels, tags, "<")


def _assemble(path: Path, pixels: bytes, tags: Mapping[int, tuple[int, Any]], order: str) -> Path:
    pixels += b"\0" * (len(pixels) % 2)
    start = 8 + len(pixels)
    beside = start + 2 + 12 * len(tags) + 4
    entries, more = struct.pack(f"{order}H", len(tags)), b""
    for number, (kind, value) in sorted(tags.items()):
        if kind == ASCII:
            data, count = value, len(value)
        else:
            listed = value if isinstance(value, list) else [value]
            code = {SHORT: "H", LONG: "I", FLOAT: "f"}[kind]
            data, count = struct.pack(f"{order}{len(listed)}{code}", *listed), len(listed)
        entries += struct.pack(f"{order}HHI", number, kind, count)
        if len(data) <= 4:
            entries += data.ljust(4, b"\0")
        else:
            entries += struct.pack(f"{order}I", beside + len(more))
            more += data + b"\0" * (len(data) % 2)
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, start)
    path.write_bytes(head + pixels + entries + b"\0" * 4 + more)
    return path
