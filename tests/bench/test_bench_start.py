"""What ``symmviz bench start`` makes of its launches."""

from pathlib import Path

import pytest

from symmcore.errors import InputError
from symmviz.benchmarks import start
from symmviz.benchmarks.start_probe import AT_ONCE, BARE, SOON, WARM


def test_each_kind_is_launched_with_and_without_compiled_loops(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    launched: list[tuple[str, str]] = []

    def launch(folder: Path, press: str, loops: Path) -> dict[str, float]:
        launched.append((press, loops.name))
        if press == BARE:
            return {"painted": 0.25}
        picture = {"kept": 3.0, "empty-0": 7.0, "empty-1": 9.0}[loops.name]
        return {
            "painted": 0.5,
            "torch_before": False,
            "picture": picture - {SOON: 0.5, WARM: 1}.get(press, 0),
        }

    monkeypatch.setattr(start, "_launch", launch)
    monkeypatch.setattr(start, "_compile_into", lambda _: None)
    report = start.measure(2, cold=False)
    kinds = [(BARE, "kept"), (AT_ONCE, "empty-0"), (AT_ONCE, "kept"), (SOON, "kept")]
    assert launched[:5] == [*kinds, (WARM, "kept")]
    assert (report.painted, report.first_at_once, report.later_warm) == (0.5, 8.0, 2.0)
    assert (report.later_at_once, report.later_soon) == (3.0, 2.5)
    text = "\n".join(report.lines())
    assert "2.0 times an empty window" in text
    assert "8.00 s  (bar: 5 s, NOT met)" in text
    assert "2.00 s  (bar: 2 s, met)" in text


def test_a_window_that_does_not_open_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "true")
    with pytest.raises(InputError, match="did not open"):
        start._launch(tmp_path / "x", BARE, tmp_path)
