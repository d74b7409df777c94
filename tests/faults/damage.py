"""Ways to damage the files of a run directory, chosen at random."""

import json
import os
import random
import shutil
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

JSON_SUFFIXES = (".json", ".jsonl")
_HUGE = 3 * 2**30


@dataclass(frozen=True)
class Damage:
    """One way to damage a file.

    Attributes:
        name: for a report.
        do: damages a file, or a folder, of the run.
        noticed: whether nobody could take the file for a whole one: an error or a warning must
            name it.
    """

    name: str
    do: Callable[[Path, random.Random], None]
    noticed: bool = False


def _bytes(
    name: str, change: Callable[[bytearray, random.Random], bytes], *, noticed: bool = False
) -> Damage:
    def do(path: Path, chance: random.Random) -> None:
        content = bytearray(path.read_bytes())
        replace(path, change(content, chance))

    return Damage(name, do, noticed)


def replace(path: Path, content: bytes) -> None:
    """Put another file in the place of one, which may have other names."""
    path.unlink()
    path.write_bytes(content)


def _flip(content: bytearray, chance: random.Random, bits: int) -> bytes:
    for _ in range(bits if content else 0):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    return bytes(content)


def _noise(chance: random.Random, size: int) -> bytes:
    return bytes(chance.getrandbits(8) for _ in range(size))


def _cut(content: bytearray, chance: random.Random) -> bytes:
    return bytes(content[: chance.randrange(max(1, len(content)))])


def _zeroed(content: bytearray, chance: random.Random) -> bytes:
    begin = chance.randrange(max(1, len(content)))
    content[begin : begin + 512] = bytes(len(content[begin : begin + 512]))
    return bytes(content)


def _doubled(content: bytearray, chance: random.Random) -> bytes:
    begin, end = sorted(chance.randrange(len(content) + 1) for _ in range(2))
    return bytes(content[:end] + content[begin:])


def _long(path: Path, chance: random.Random) -> None:
    replace(path, path.read_bytes())
    os.truncate(path, _HUGE)  # a hole, which takes no disk


ANY_FILE = (
    _bytes("empty", lambda content, chance: b"", noticed=True),
    _bytes("cut", _cut),
    _bytes("one bit flipped", lambda content, chance: _flip(content, chance, 1)),
    _bytes("many bits flipped", lambda content, chance: _flip(content, chance, 200)),
    _bytes("noise", lambda content, chance: _noise(chance, 300), noticed=True),
    _bytes("noise of the same size", lambda content, chance: chance.randbytes(len(content))),
    _bytes("zeros in it", _zeroed),
    _bytes("a part twice", _doubled),
    _bytes("noise behind", lambda content, chance: bytes(content) + _noise(chance, 50)),
    _bytes("a pickle", lambda content, chance: b"\x80\x04cos\nsystem\n(S'true'\ntR.", noticed=True),
    Damage("three gigabytes of nothing behind", _long),
)


def _in_place(name: str, make: Callable[[Path], None]) -> Damage:
    def do(path: Path, chance: random.Random) -> None:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
        make(path)

    return Damage(name, do, noticed=True)


def _fill_folder(path: Path) -> None:
    path.mkdir()
    (path / "file").write_bytes(b"x")


def _socket(path: Path) -> None:
    # the name of a socket must be short
    descriptor = os.open(path.parent, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"/proc/self/fd/{descriptor}/{path.name}")
    os.close(descriptor)


def _link_out(path: Path) -> None:
    path.symlink_to(outside(path))


def outside(path: Path) -> Path:
    """What lies beside the run under the name of one of its files or folders."""
    run = next(parent for parent in path.parents if (parent / "metrics.jsonl").exists() or
               parent.name == "run")  # fmt: skip
    return run.parent / "outside" / path.relative_to(run)


IN_PLACE = (
    _in_place("a pipe", os.mkfifo),
    _in_place("a socket", _socket),
    _in_place("a folder", _fill_folder),
    _in_place("a link to itself", lambda path: path.symlink_to(path.name)),
    _in_place("a link to nothing", lambda path: path.symlink_to(path.name + "-gone")),
    _in_place("a link out of the run", _link_out),
    _in_place("a link to a device", lambda path: path.symlink_to("/dev/zero")),
)
INSTEAD_OF_A_FOLDER = (
    _in_place("a file", lambda path: path.write_bytes(b"x")),
    *(one for one in IN_PLACE if one.name != "a folder"),
)

_WEIRD: tuple[Callable[[random.Random], Any], ...] = (
    lambda chance: None,
    lambda chance: True,
    lambda chance: -1,
    lambda chance: 0,
    lambda chance: 1.5,
    lambda chance: 2**63,
    lambda chance: 10**400,
    lambda chance: 1e308,
    lambda chance: float("nan"),
    lambda chance: float("-inf"),
    lambda chance: "",
    lambda chance: "\ud800",
    lambda chance: "a\0b",
    lambda chance: "../../../etc/passwd",
    lambda chance: "x" * 2_000_000,
    lambda chance: [],
    lambda chance: {},
    lambda chance: [[1, "a"], None],
    lambda chance: {"a": {"b": [1]}},
    lambda chance: list(range(100_000)),
    lambda chance: chance.choice(["training", "npair", "nan", "3", 3, 99]),
)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a JSON value: container and key."""
    keys = value.keys() if isinstance(value, dict) else range(len(value))
    found: list[tuple[Any, Any]] = []
    for key in keys:
        found.append((value, key))
        if isinstance(value[key], dict | list):
            found += _places(value[key])
    return found


def _change_json(value: Any, chance: random.Random) -> Any:
    """Change, remove, or add something in a JSON value."""
    places = _places(value)
    container, key = chance.choice(places)
    what = chance.randrange(6)
    if what == 0:
        del container[key]
    elif what == 1 and isinstance(container, dict):
        container[str(key) + "x"] = container.pop(key)
    elif what == 2:
        other, at = chance.choice(places)
        container[key] = other[at] if not isinstance(other[at], dict | list) else None
    else:
        container[key] = chance.choice(_WEIRD)(chance)
    return value


def _json(path: Path, chance: random.Random) -> None:
    value = json.loads(path.read_bytes())
    for _ in range(chance.choice((1, 1, 3))):
        if _places(value):
            value = _change_json(value, chance)
    replace(path, json.dumps(value).encode("utf-8", "surrogatepass"))


def _one_line(path: Path, chance: random.Random) -> None:
    lines = path.read_bytes().split(b"\n")
    at = chance.randrange(len(lines) - 1)
    record = json.loads(lines[at])
    lines[at] = json.dumps(_change_json(record, chance)).encode("utf-8", "surrogatepass")
    replace(path, b"\n".join(lines))


def _deep(content: bytearray, chance: random.Random) -> bytes:
    return b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}"


def _version(path: Path, chance: random.Random) -> None:
    value = json.loads(path.read_bytes())
    value["format"] = chance.choice((3, 99, "2", None, 0, -1, 2.0, True, 10**30, [2]))
    replace(path, json.dumps(value).encode())


JSON = (
    Damage("JSON changed", _json),
    _bytes("JSON nested deeply", _deep, noticed=True),
    _bytes("no object", lambda content, chance: chance.choice((b"3", b"[]", b'"a"', b"null")),
           noticed=True),
    _bytes("many brackets", lambda content, chance: b'{"a":[' + b"[]," * 2_000_000 + b"[]]}"),
    _bytes("no UTF-8", lambda content, chance: bytes(content).replace(b'"', b'"\xff', 1),
           noticed=True),
)  # fmt: skip
CONFIG = (Damage("another format", _version),)
LINES = (Damage("a line changed", _one_line),)


def parts_of_safetensors(content: bytes) -> tuple[dict[str, Any], bytes]:
    """Header and data of a safetensors file."""
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def safetensors_of(header: Any, data: bytes) -> bytes:
    """A safetensors file of any header."""
    text = json.dumps(header).encode("utf-8", "surrogatepass")
    return struct.pack("<Q", len(text)) + text + data


def _header(path: Path, chance: random.Random) -> None:
    header, data = parts_of_safetensors(path.read_bytes())
    replace(path, safetensors_of(_change_json(header, chance), data))


def _entry(path: Path, chance: random.Random) -> None:
    header, data = parts_of_safetensors(path.read_bytes())
    name = chance.choice([name for name in header if name != "__metadata__"])
    entry = header[name]
    what = chance.choice(("dtype", "shape", "data_offsets"))
    entry[what] = chance.choice(
        {
            "dtype": ("F64", "F32", "F16", "BF16", "U8", "I64", "BOOL", "F8_E4M3", "C64", "O", 3),
            "shape": ([2**40], [2**31, 2**31], [0], [], [-1], [1] * 64, ["a"], [2**63], None),
            "data_offsets": ([0, 2**62], [-8, 8], [8, 0], [0, 0], [0], [1.5, 2], None, [0, 2**40]),
        }[what]
    )
    replace(path, safetensors_of(header, data))


def _other_arrays(path: Path, chance: random.Random) -> None:
    """Arrays that a safetensors file may well hold, but not this one."""
    import numpy as np
    import safetensors.numpy

    arrays = safetensors.numpy.load(path.read_bytes())
    name = chance.choice(sorted(arrays))
    array = arrays[name]
    what = chance.randrange(7)
    if what == 0:
        array = array[:-1] if array.ndim and len(array) else np.zeros(3, array.dtype)
    elif what == 1:
        array = np.full_like(array, np.nan if array.dtype.kind == "f" else -(2**40) % 251)
    elif what == 2:
        array = array.astype(chance.choice((np.float64, np.float16, np.int8, np.uint64, np.bool_)))
    elif what == 3:
        array = array.reshape(-1)
    elif what == 4:
        limit = np.finfo(array.dtype).max if array.dtype.kind == "f" else np.iinfo(array.dtype).max
        array = np.full_like(array, limit)
    elif what == 5:
        array = np.repeat(array[None], 2, axis=0)
    else:
        array = np.zeros((0, *array.shape[1:]), array.dtype)
    with np.errstate(all="ignore"):
        replace(path, safetensors.numpy.save(arrays | {name: np.ascontiguousarray(array)}))


def _huge_array(path: Path, chance: random.Random) -> None:
    """One array of gigabytes that are a hole in the file: its header and size fit."""
    header, data = parts_of_safetensors(path.read_bytes())
    header.pop("__metadata__", None)
    last = max(header, key=lambda name: header[name]["data_offsets"][1])
    begin, end = header[last]["data_offsets"]
    more = 2**30
    header[last] |= {
        "data_offsets": [begin, end + more],
        "dtype": "U8",
        "shape": [end - begin + more],
    }
    if chance.random() < 0.5:
        header[last] |= {"dtype": "F32", "shape": [(end - begin + more) // 4]}
    content = safetensors_of(header, data)
    replace(path, content)
    os.truncate(path, len(content) + more)


def _length(content: bytearray, chance: random.Random) -> bytes:
    lengths = (0, 1, 7, 2**16, 2**31, 2**40, 2**63, 2**64 - 1, len(content), len(content) - 8)
    return struct.pack("<Q", chance.choice(lengths)) + bytes(content[8:])


def _many_names(content: bytearray, chance: random.Random) -> bytes:
    entries = {
        f"a{at}": {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]} for at in range(10**5)
    }
    return safetensors_of(entries, b"")


def _deep_header(content: bytearray, chance: random.Random) -> bytes:
    text = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    return struct.pack("<Q", len(text)) + text


SAFETENSORS = (
    Damage("header changed", _header),
    Damage("entry of the header changed", _entry),
    Damage("other arrays", _other_arrays),
    Damage("an array of a gigabyte", _huge_array, noticed=True),
    _bytes("another length of the header", _length),
    _bytes("a hundred thousand arrays", _many_names, noticed=True),
    _bytes("header nested deeply", _deep_header, noticed=True),
)


def damages_of(path: Path) -> tuple[Damage, ...]:
    """All ways to damage a file or folder of a run."""
    if path.is_dir():
        return INSTEAD_OF_A_FOLDER
    by_kind = ANY_FILE + IN_PLACE
    if path.suffix == ".json":
        by_kind += JSON + JSON  # which has the most to be wrong
    if path.name == "config.json":
        by_kind += CONFIG
    if path.suffix == ".jsonl":
        by_kind += LINES * 4
    if path.suffix == ".safetensors":
        by_kind += SAFETENSORS * 2
    return by_kind
