"""How soon the window is painted after its launch, and the first picture after Start.

Each launch is a process of its own, beside one that shows an empty window of Qt's: what that takes,
nobody saves. The very first launch has an empty cache, later ones have compiled loops and drawn
alphabets in it. Start is pressed for a comparison on alphabets with the quick preset, at the first
paint, a second later, or once all that its first picture needs has been loaded behind the Start
page. With ``cold`` the system is asked before each launch to forget the files of Python's packages;
those that another process has in use it keeps.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from symmcore.errors import InputError
from symmcore.processes import call_in_subprocess
from symmviz.benchmarks.start_probe import AT_ONCE, BARE, SOON, WARM

_PATIENCE = 600.0
_NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"
_PAINTED_BAR = 1.0
_FIRST_BAR, _LATER_BAR = 5.0, 2.0


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured: medians, in seconds.

    Attributes:
        rounds: launches of each kind.
        cold: whether files were forgotten before each.
        bare: until an empty window of Qt's is painted.
        painted: until this one is.
        torch_before: whether torch was imported before, in any launch.
        first_at_once: from Start at the first paint to the first picture, on the first launch.
        later_at_once: the same on later launches.
        later_soon: the same, from Start a second after the first paint.
        later_warm: from Start to the first picture once all it needs is loaded, on later launches.
    """

    rounds: int
    cold: bool
    bare: float
    painted: float
    torch_before: bool
    first_at_once: float
    later_at_once: float
    later_soon: float
    later_warm: float

    def lines(self) -> list[str]:
        """The report for people."""
        files = "cold" if self.cold else "warm"
        torch = ", torch was imported BEFORE" if self.torch_before else ""
        return [
            f"Medians of {self.rounds} launches of each kind, files {files}",
            f"Painted {self.painted:.2f} s after launch, {self.painted / self.bare:.1f} times an "
            f"empty window of Qt's ({self.bare:.2f} s){torch}  "
            f"{_verdict(self.painted, _PAINTED_BAR)}",
            "First picture after Start:",
            f"  first launch, at the first paint   {self.first_at_once:6.2f} s  "
            f"{_verdict(self.first_at_once, _FIRST_BAR)}",
            f"  later launch, at the first paint   {self.later_at_once:6.2f} s",
            f"  later launch, a second later       {self.later_soon:6.2f} s",
            f"  later launch, all is loaded        {self.later_warm:6.2f} s  "
            f"{_verdict(self.later_warm, _LATER_BAR)}",
        ]

    def as_json(self) -> dict[str, object]:
        """The report for programs."""
        return asdict(self)


def measure(rounds: int, *, cold: bool) -> Report:
    """Launch the window again and again.

    Args:
        rounds: launches of each kind.
        cold: whether files are to be forgotten before each.

    Raises:
        InputError: if the system cannot forget files, or the window does not open.
    """
    if cold and not hasattr(os, "posix_fadvise"):
        raise InputError("--cold cannot be had here: the system cannot be asked to forget files.")
    kinds = "bare", "first", "at", "soon", "warm"
    seen: dict[str, list[dict[str, float]]] = {kind: [] for kind in kinds}
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        kept = folder / "kept"
        kept.mkdir()
        _compile_into(kept)
        for number in range(rounds):
            empty = folder / f"empty-{number}"
            empty.mkdir()
            for kind, press, loops in (
                ("bare", BARE, kept),
                ("first", AT_ONCE, empty),
                ("at", AT_ONCE, kept),
                ("soon", SOON, kept),
                ("warm", WARM, kept),
            ):
                if cold:
                    _forget_files()
                seen[kind].append(_launch(folder / f"{kind}-{number}", press, loops))
    windows = [one for kind in kinds[1:] for one in seen[kind]]
    return Report(
        rounds=rounds,
        cold=cold,
        bare=_median(seen["bare"], "painted"),
        painted=_median(windows, "painted"),
        torch_before=any(one["torch_before"] for one in windows),
        first_at_once=_median(seen["first"], "picture"),
        later_at_once=_median(seen["at"], "picture"),
        later_soon=_median(seen["soon"], "picture"),
        later_warm=_median(seen["warm"], "picture"),
    )


def _launch(folder: Path, press: str, loops: Path) -> dict[str, float]:
    folder.mkdir()
    module = "symmviz.benchmarks.start_probe"
    done = subprocess.run(  # noqa: S603 - this program's own
        [sys.executable, "-P", "-m", module, str(time.time()), str(folder), press],
        env=_environment(loops),
        stdout=subprocess.PIPE,
        timeout=_PATIENCE,
        text=True,
        check=False,
    )
    try:
        seen: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        code = done.returncode
        raise InputError(f"The window did not open (exit code {code}): see above.") from None
    return seen


def _environment(loops: Path) -> dict[str, str]:
    """What a launch finds: its caches, and compiled modules, as every installed program has."""
    kept = {name: value for name, value in os.environ.items() if name != _NO_BYTECODE}
    return kept | _caches(loops)


def _caches(folder: Path) -> dict[str, str]:
    """The environment in which everything is cached in a folder."""
    return {"NUMBA_CACHE_DIR": str(folder), "XDG_CACHE_HOME": str(folder)}


def _compile_into(folder: Path) -> None:
    """Have all made that a launch finds in the cache, as the first launch does."""
    from symmcore.training.compiled_losses import compile_loops  # imports torch
    from symmcore.training.warm_up import warm_up_data
    from symmviz.raster.rasterizer import compile_kernels

    before = dict(os.environ)
    os.environ.update(_caches(folder))
    try:
        call_in_subprocess(compile_loops, ("npair+symm",), lambda: None)
        call_in_subprocess(compile_kernels, (), lambda: None)
        call_in_subprocess(warm_up_data, (), lambda: None)
    finally:
        for name in _caches(folder):
            if name in before:
                os.environ[name] = before[name]
            else:
                del os.environ[name]


def _forget_files() -> None:
    """Ask the system to forget the files that Python imports from."""
    for entry in filter(None, sys.path):
        for root, _, names in os.walk(entry):
            for name in names:
                with suppress(OSError):
                    descriptor = os.open(Path(root) / name, os.O_RDONLY)
                    try:
                        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
                    finally:
                        os.close(descriptor)


def _median(seen: list[dict[str, float]], what: str) -> float:
    return statistics.median(one[what] for one in seen)


def _verdict(seconds: float, bar: float) -> str:
    return f"(bar: {bar:g} s, {'met' if seconds <= bar else 'NOT met'})"
