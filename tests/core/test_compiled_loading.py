import gc
import subprocess
import sys

import pytest

from symmcore.compiled import loading
from symmcore.compiled.loading import loading_numba

_PROGRAM = """
import gc
from pathlib import Path
from symmcore.compiled.loading import loading_numba

def is_loaded():
    return "libllvmlite" in Path("/proc/self/maps").read_text()

assert not is_loaded()
before = gc.get_freeze_count()
with loading_numba():
    assert is_loaded(), "before anything is imported"
    assert not gc.isenabled()
    import numba
assert gc.isenabled()
assert gc.get_freeze_count() > before + 10_000

@numba.njit
def double(x):
    return 2 * x

assert double(21) == 42
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere the import loads it")
def test_llvm_is_loaded_before_numba_is_imported_and_no_collection_looks_for_it() -> None:
    subprocess.run([sys.executable, "-c", _PROGRAM], check=True)


def test_collections_that_were_off_stay_off_whatever_is_raised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loading, "_NUMBA", "not imported")
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        with pytest.raises(ImportError), loading_numba():
            raise ImportError
        assert not gc.isenabled()
    finally:
        if was_enabled:
            gc.enable()


def test_without_llvm_the_import_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "_NUMBA", "not imported")
    monkeypatch.setattr(loading, "_PACKAGE", "no_such_package")
    with loading_numba():
        pass
    gc.unfreeze()


def test_what_is_there_stays_garbage_where_numba_was_imported_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loading, "_NUMBA", "sys")
    before = gc.get_freeze_count()
    with loading_numba():
        assert gc.isenabled()
    assert gc.get_freeze_count() == before
