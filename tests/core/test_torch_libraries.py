"""Torch's libraries are loaded before torch is, and the import takes those."""

import subprocess
import sys
from pathlib import Path

import pytest

_LOADED = """
import sys
from symmcore.training.torch_libraries import load_torch_libraries
names = load_torch_libraries()
assert "torch" not in sys.modules
def mapped():
    return {line.split()[-1] for line in open("/proc/self/maps") if "/libtorch" in line}
before = mapped()
import torch
assert torch.ones(2).sum() == 2
assert load_torch_libraries() == ()
print(len(names), any("libtorch_cpu.so" in path for path in before), before <= mapped())
print(all(any(name in path for path in before) for name in names if "libtorch" in name))
print(len({p for p in mapped() if "libtorch_cpu.so" in p}))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="they are loaded on Linux alone")
def test_torch_is_imported_with_the_libraries_that_were_loaded_before() -> None:
    done = subprocess.run([sys.executable, "-c", _LOADED], capture_output=True, text=True)
    assert done.stderr == ""
    assert done.stdout.split() == ["4", "True", "True", "True", "1"]


_BROKEN = """
import sys
from pathlib import Path
from symmcore.training import torch_libraries
torch_libraries._folder = lambda: Path(sys.argv[1])
print(torch_libraries.load_torch_libraries())
import torch
print(int(torch.ones(2).sum()))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="they are loaded on Linux alone")
def test_what_cannot_be_loaded_is_left_to_the_import(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _BROKEN, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stderr == ""
    assert done.stdout.split() == ["()", "2"]
