import sys

import pytest
from helpers_cli import call, one_line, run

pytestmark = pytest.mark.usefixtures("workplace")


class TestOtherCommands:
    def test_version(self, capsys: pytest.CaptureFixture[str]) -> None:
        from importlib.metadata import version

        assert call("--version") == 0
        assert capsys.readouterr().out.strip() == version("symmviz")

    @pytest.mark.parametrize("command", [[], ["train"], ["datasets"], ["bench"]])
    def test_help(self, command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        assert call(*command, "--help") == 0
        assert capsys.readouterr().out.startswith("usage: symmviz")

    def test_help_on_train_names_what_there_is(self, capsys: pytest.CaptureFixture[str]) -> None:
        call("train", "--help")
        text = " ".join(capsys.readouterr().out.split())
        for word in (
            "symmviz datasets",
            "--compare",
            "--eval-every",
            "(default 300)",
            "auto (a GPU where torch finds one), cpu, cuda or mps",
        ):
            assert word in text


class TestWindow:
    """Where there can be none, ``symmviz`` says why in one line, before Qt aborts it."""

    @pytest.mark.parametrize("command", [[], ["bench", "ui"]], ids=["window", "bench"])
    def test_without_a_display(self, command: list[str]) -> None:
        done = run(*command)
        assert done.returncode == 2
        assert done.stdout == ""
        line = one_line(done.stderr)
        assert "no display" in line
        assert "`symmviz train`" in line

    @pytest.mark.skipif(not sys.platform.startswith("linux"), reason="X and Wayland are Linux's")
    @pytest.mark.parametrize("variable", ["DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"])
    def test_with_a_display_that_does_not_answer(self, variable: str) -> None:
        done = run(**{variable: ":987" if variable == "DISPLAY" else "nowhere-987"})
        assert done.returncode == 2
        line = one_line(done.stderr)
        assert "987" in line or "apt install" in line  # this machine may lack a library besides
        assert "`symmviz train`" in line

    def test_with_qts_libraries_missing(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import ctypes

        def load(name: str) -> None:
            raise OSError(f"{name}: cannot open shared object file: No such file or directory")

        monkeypatch.setattr(ctypes, "CDLL", load)
        monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
        assert call() == 2
        line = one_line(capsys.readouterr().err)
        assert "libEGL.so.1" in line
        assert "apt install" in line
        assert " libegl1 " in line

    def test_without_qt(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import importlib.util

        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
        assert call() == 2
        assert "PySide6-Essentials" in one_line(capsys.readouterr().err)
