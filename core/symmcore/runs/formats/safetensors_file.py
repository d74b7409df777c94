"""Arrays as a safetensors file, in chunks that are written and hashed without holding the GIL.

The library makes a file's bytes in one call that holds the GIL: 0.4 s for a large network, in
which no other thread runs, the window's included. It is what reads them.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

_CHUNK = 2**20
_DTYPES = {
    "f8": "F64",
    "f4": "F32",
    "f2": "F16",
    "i8": "I64",
    "i4": "I32",
    "i2": "I16",
    "i1": "I8",
    "u8": "U64",
    "u4": "U32",
    "u2": "U16",
    "u1": "U8",
    "b1": "BOOL",
}


def safetensors_chunks(
    arrays: Mapping[str, npt.NDArray[Any]], metadata: Mapping[str, str] | None = None
) -> Iterator[bytes | memoryview]:
    """The bytes of a safetensors file, a MiB at a time at least, but for the last.

    Args:
        arrays: of booleans, integers or floating-point numbers, in any order of memory.
        metadata: texts by name for the file's header.

    Raises:
        KeyError: if an array is of another type.
    """
    # wide types first, so that each array lies at a multiple of its item size
    names = sorted(arrays, key=lambda name: (-arrays[name].dtype.itemsize, name))
    begin = 0
    entries: dict[str, Any] = {} if metadata is None else {"__metadata__": dict(metadata)}
    for name in names:
        array = arrays[name]
        entries[name] = {
            "dtype": _DTYPES[array.dtype.str[1:]],
            "shape": list(array.shape),
            "data_offsets": [begin, begin + array.nbytes],
        }
        begin += array.nbytes
    header = json.dumps(entries, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    small = bytearray(len(header).to_bytes(8, "little") + header)
    for name in names:
        array = arrays[name]
        flat = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).reshape(-1)
        content = memoryview(flat.view(np.uint8).data)
        if len(content) < _CHUNK:
            small += content
        if small and (len(small) >= _CHUNK or len(content) >= _CHUNK):
            yield bytes(small)
            small.clear()
        if len(content) >= _CHUNK:
            yield content
    if small:
        yield bytes(small)
