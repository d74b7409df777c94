"""Machine code is used again, and compiled anew where it is damaged or cannot be kept."""

import importlib
import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
import pytest

from symmcore.compiled import code_cache
from symmcore.errors import DegradedWarning, warn_once
from symmcore.folders import remove_temporary_cache_folder, temporary_cache_folder
from symmcore.losses.backends.numba import availability as compiled

pytest.importorskip("numba", reason="the loops are numba's")

_MODULE = """
from symmcore.compiled.jit import kernel

@kernel
def twice(values):
    return 2.0 * values.sum()
"""

_IMPORT = "from loops_of_a_test.factor import FACTOR"
VALUES = np.arange(4.0)


@pytest.fixture(autouse=True)
def nothing_said_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    for remembered in (warn_once, code_cache._folder):
        remembered.cache_clear()
    yield
    remove_temporary_cache_folder()
    for remembered in (warn_once, code_cache._folder):
        remembered.cache_clear()


def fresh(folder: Path) -> Any:
    """The kernel as a process finds it that starts now."""
    path = folder / "kernels.py"
    path.write_text(_MODULE)
    spec = importlib.util.spec_from_file_location("kernels", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.twice


def was_kept(kernel: Any) -> bool:
    """Whether the machine code of the one call came from the disk."""
    assert kernel(VALUES) == 12
    return int(sum(kernel.stats.cache_hits.values())) == 1


def test_machine_code_is_used_again(tmp_path: Path) -> None:
    assert not was_kept(fresh(tmp_path))
    assert was_kept(fresh(tmp_path))


def test_a_change_in_a_file_of_the_package_that_it_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "loops_of_a_test"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "other.py").touch()
    (folder / "factor.py").write_text(
        "from loops_of_a_test.number import NUMBER\nFACTOR = NUMBER\n"
    )
    text = _MODULE.replace("2.0", "FACTOR").replace("import kernel", f"import kernel\n{_IMPORT}")
    (folder / "kernels.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))

    def computed(number: str) -> tuple[float, bool]:
        (folder / "number.py").write_text(f"NUMBER = {number}\n")
        for name in [name for name in sys.modules if name.startswith(folder.name)]:
            monkeypatch.delitem(sys.modules, name)
        importlib.invalidate_caches()
        code_cache._text_checksum.cache_clear()
        twice = importlib.import_module(f"{folder.name}.kernels").twice
        return twice(VALUES), sum(twice.stats.cache_hits.values()) == 1

    assert computed("2.0") == (12.0, False)
    assert computed("2.0") == (12.0, True)
    assert computed("30.0") == (180.0, False)
    (folder / "other.py").write_text("ANOTHER = 1\n")
    assert computed("30.0") == (180.0, True)


@pytest.mark.parametrize("damage", ["emptied", "cut", "zeroed", "one bit", "other", "a header"])
def test_damaged_code_is_compiled_anew_with_a_note(tmp_path: Path, damage: str) -> None:
    fresh(tmp_path)(VALUES)
    (file,) = (tmp_path / "__pycache__").glob("*.symm")
    whole = file.read_bytes()
    middle = len(whole) // 2
    file.write_bytes(
        {
            "emptied": b"",
            "cut": whole[:middle],
            "zeroed": bytes(len(whole)),
            "one bit": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
            "other": os.urandom(len(whole)),
            "a header": whole[:32],
        }[damage]
    )
    with pytest.warns(DegradedWarning, match="damaged: they are compiled anew"):
        assert not was_kept(fresh(tmp_path))
    assert was_kept(fresh(tmp_path))


def test_code_that_cannot_be_read_or_written(tmp_path: Path) -> None:
    folder = tmp_path / "__pycache__"
    kernel = fresh(tmp_path)
    assert code_cache._folder(tmp_path) == folder
    shutil.rmtree(folder)  # Python may have put its bytecode there
    folder.touch()  # as a folder on a disk that has gone
    with pytest.warns(DegradedWarning) as said:
        assert kernel(VALUES) == 12
    assert [str(one.message).partition(" (")[0] for one in said] == [
        f"{folder} cannot be read",
        f"{folder} cannot be written",
    ]


def test_without_any_folder_each_start_compiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "__pycache__").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *_, **__: Path("~/.cache"))
    for _ in range(2):
        kernel = fresh(tmp_path)
        warn_once.cache_clear()
        code_cache._folder.cache_clear()
        with pytest.warns(DegradedWarning, match="at every start.* set HOME or XDG_CACHE_HOME"):
            assert not was_kept(kernel)
        assert was_kept(fresh(tmp_path))  # for a subprocess, say
        folder = temporary_cache_folder()
        assert folder.stat().st_mode & 0o77 == 0
        remove_temporary_cache_folder()  # as this process ends
        assert not folder.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["__pycache__", "kernels.py"]


@pytest.mark.parametrize(
    ("asked", "taken"), [("code", False), ("~/code", True), ("{}/code", True), ("", False)]
)
def test_the_folder_that_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str, taken: bool
) -> None:
    """One in the current folder is not: what lies there may be a dataset from outside."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NUMBA_CACHE_DIR", asked.format(tmp_path))
    folder = code_cache._folder(tmp_path / "sources")
    assert folder == tmp_path / ("code" if taken else "sources/__pycache__")


def test_numba_that_fails_to_start_is_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise ValueError("Number of threads specified must be > 0\nand more")

    monkeypatch.setattr("symmcore.compiled.jit.start_threads", refuse)
    with pytest.warns(DegradedWarning, match=r"used \(Number .* and more\): .* take longer"):
        assert not compiled._has_numba.__wrapped__()
