"""Machine code on disk, in place of numba's own cache, of which a damaged file ends the program.

What a disk lost, or a program that was ended left, is found by a checksum: bytes of machine code
that are not what the compiler wrote are never run. It is compiled anew then. Where no folder can be
written, it is kept in a temporary one, for this process and its subprocesses.
"""

import hashlib
import os
import pickle
import platform
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any

import numba
from numba.core.caching import NullCache
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

from symmcore.errors import warn_once
from symmcore.folders import NoCacheFolderError, temporary_cache_folder, user_cache_folder

_CHECKSUM_BYTES = hashlib.sha256().digest_size
_SUFFIX = ".symm"
_COST = "Loops are compiled at every start, which takes up to 20 seconds"


_KEPT_ONLY: ContextVar[bool] = ContextVar("symmcore_kept_only", default=False)


class NotCachedError(Exception):
    """The machine code of a kernel is not on the disk, and it is not to be compiled here."""


@contextmanager
def cached_only() -> Iterator[None]:
    """Inside, a kernel that is not cached raises ``NotCachedError``, instead of being compiled."""
    token = _KEPT_ONLY.set(True)
    try:
        yield
    finally:
        _KEPT_ONLY.reset(token)


def can_cache() -> bool:
    """Whether what is compiled can be kept; says what it costs if not."""
    return _folder(Path(__file__).parent) is not None


class CodeCache(NullCache):
    """Keeps what a function was compiled to, for a numba dispatcher.

    A file for each signature, named by all that the machine code depends on: the text of the
    function's file and of those of its package that this imports, how it is compiled, numba, Python
    and the processor. It is a pickle, so it
    is only ever taken from where this user keeps caches, or this program's own folder.

    Attributes:
        compiles: whether what is not kept is compiled.
    """

    def __init__(self, function: FunctionType, options: str) -> None:
        """Prepare; nothing is read or written before the function is first called.

        Args:
            function: of a module with a file.
            options: how it is compiled.
        """
        self._function = function
        self._file = Path(function.__code__.co_filename)
        self._options = options
        self.compiles = True

    def load_overload(self, sig: object, target_context: Any) -> object:
        """Return what was compiled for a signature; None if it is not there or damaged.

        Raises:
            NotCachedError: instead of returning None, where nothing is to be compiled.
        """
        kept = self._kept(sig, target_context)
        if kept is None and (_KEPT_ONLY.get() or not self.compiles):
            raise NotCachedError(self._function.__name__)
        return kept

    def save_overload(self, sig: object, data: Any) -> None:
        """Keep what was compiled for a signature, where that is possible."""
        path = self._path(sig, data.codegen)
        if path is None or data.lifted or data.library.has_dynamic_globals:
            return
        code: bytes = dumps(data._reduce())  # type: ignore[no-untyped-call]  # numba types it not
        try:
            _write(path, hashlib.sha256(code).digest() + code)
        except OSError as error:
            warn_once(f"{path.parent} cannot be written ({error.strerror}): {_COST}.")

    def _kept(self, sig: object, target_context: Any) -> object:
        target_context.refresh()
        path = self._path(sig, target_context.codegen())
        if path is None:
            return None
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            warn_once(f"{path.parent} cannot be read ({error.strerror}): {_COST}.")
            return None
        checksum, code = content[:_CHECKSUM_BYTES], content[_CHECKSUM_BYTES:]
        if hashlib.sha256(code).digest() != checksum:
            warn_once(f"Compiled loops in {path.parent} were damaged: they are compiled anew.")
            return None
        rebuild: Any = CompileResult._rebuild
        return rebuild(target_context, *pickle.loads(code))  # noqa: S301 - ours: see above

    def _path(self, sig: object, codegen: Any) -> Path | None:
        folder = _folder(self._file.parent)
        if folder is None:
            return None
        depends = (
            numba.__version__,
            platform.python_version(),
            codegen.magic_tuple(),
            _text_checksum(self._file, self._function.__module__.rpartition(".")[0]),
            self._options,
            sig,
        )
        name = f"{self._file.stem}.{self._function.__name__}"
        digest = hashlib.sha256(repr(depends).encode()).hexdigest()[:32]
        return folder / f"{name}-{digest}{_SUFFIX}"


@cache
def _folder(sources: Path) -> Path | None:
    """The first that can be written: asked for, beside the sources, the user's, a temporary one."""
    asked = Path(os.environ.get("NUMBA_CACHE_DIR", "")).expanduser()
    folders = [asked] if asked.is_absolute() else []  # none in the folder one happens to be in
    folders.append(sources / "__pycache__")
    try:
        folders.append(user_cache_folder() / "numba")
        reason = f"{folders[-1]} cannot be written"
    except NoCacheFolderError as error:
        reason = str(error)
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError:
            continue
        return folder
    warn_once(f"{_COST}: {reason}.")
    try:  # a subprocess that compiles hands it on, and the window is not held meanwhile
        return temporary_cache_folder()
    except OSError:
        return None


@cache
def _text_checksum(file: Path, package: str) -> str:
    """Of a file of a package, and of the others there that it imports, and these."""
    texts: dict[str, str] = {}
    waiting = [file.stem]
    while waiting:
        name = waiting.pop()
        texts[name] = text = file.with_stem(name).read_text(encoding="utf-8")
        imported = re.findall(rf"^from {re.escape(package)}\.(\w+) import", text, re.MULTILINE)
        waiting += [one for one in imported if one not in texts and file.with_stem(one).is_file()]
    return hashlib.sha256(repr(sorted(texts.items())).encode()).hexdigest()


def _write(path: Path, content: bytes) -> None:
    """Write a file whole; who reads it meanwhile finds the one before or none."""
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
        part = Path(file.name)
        try:
            file.write(content)
            file.flush()
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    part.replace(path)
