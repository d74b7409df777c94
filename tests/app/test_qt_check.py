import ctypes
import importlib.util
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from symmcore.errors import InputError
from symmviz.qt_check import check_window_possible

PLUGINS = ("libqxcb.so", "libqoffscreen.so", "libqwayland.so", "libqvnc.so")


class Xcb:
    """libxcb, with an X server at some displays."""

    def __init__(self, answering: tuple[bytes, ...]) -> None:
        self.connected: list[object] = []

        def connect(display: bytes, screen: None) -> bytes:
            self.connected.append(display)
            return display

        # ctypes sets restype and argtypes on these
        self.xcb_connect = SimpleNamespaceCall(connect)
        self.xcb_connection_has_error = SimpleNamespaceCall(lambda c: int(c not in answering))
        self.xcb_disconnect = SimpleNamespaceCall(self.connected.remove)


class SimpleNamespaceCall(SimpleNamespace):
    def __init__(self, call: Callable[..., Any]) -> None:
        super().__init__()
        self._call = call

    def __call__(self, *arguments: Any) -> Any:
        return self._call(*arguments)


class Machine:
    """A Linux machine: which of Qt's libraries it has, and which displays answer."""

    def __init__(self, folder: Path) -> None:
        self.plugins = folder / "PySide6" / "Qt" / "plugins" / "platforms"
        self.plugins.mkdir(parents=True)
        for name in PLUGINS:
            (self.plugins / name).touch()
        self.missing: set[str] = set()
        self.other_error = ""
        self.xcb = Xcb((b":0",))

    def load(self, name: str) -> object:
        if name.startswith(str(self.plugins)):
            if self.missing or self.other_error:
                first = sorted(self.missing)[0] if self.missing else ""
                raise OSError(
                    self.other_error
                    or f"{first}: cannot open shared object file: No such file or directory"
                )
        elif name in self.missing:
            raise OSError(f"{name}: cannot open shared object file")
        return self.xcb


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine(tmp_path)
    spec = SimpleNamespace(submodule_search_locations=[str(tmp_path / "PySide6")])
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: spec if name == "PySide6" else None
    )
    monkeypatch.setattr(ctypes, "CDLL", made.load)
    monkeypatch.setattr(sys, "platform", "linux")
    return made


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder whose path is short enough for a socket in it."""
    with tempfile.TemporaryDirectory(prefix="sv") as folder:
        yield Path(folder)


def refused(**environment: str) -> str:
    with pytest.raises(InputError) as caught:
        check_window_possible(environment)
    message = str(caught.value)
    assert "`symmviz train`" in message
    assert "\n" not in message
    return message


def test_a_display_that_answers_is_fine(machine: Machine) -> None:
    check_window_possible({"DISPLAY": ":0"})
    assert machine.xcb.connected == [], "and is left"


def test_a_display_that_does_not_answer(machine: Machine) -> None:
    assert "':987'" in refused(DISPLAY=":987")


@pytest.mark.parametrize("environment", [{}, {"DISPLAY": ""}, {"WAYLAND_DISPLAY": "", "HOME": "/"}])
def test_no_display(machine: Machine, environment: dict[str, str]) -> None:
    message = refused(**environment)
    assert "no display" in message
    assert "DISPLAY" in message


def test_offscreen_needs_no_display(machine: Machine) -> None:
    check_window_possible({"QT_QPA_PLATFORM": "offscreen"})
    check_window_possible({"QT_QPA_PLATFORM": "vnc:size=800x600"})


def test_xcb_asked_for_without_a_display(machine: Machine) -> None:
    assert "DISPLAY is not set" in refused(QT_QPA_PLATFORM="xcb")


def test_qt_not_installed(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "PySide6-Essentials" in refused(DISPLAY=":0")


def test_missing_libraries_are_named_with_their_packages(machine: Machine) -> None:
    machine.missing = {"libxcb-icccm.so.4", "libxcb-keysyms.so.1"}
    message = refused(DISPLAY=":0")
    assert "libxcb-icccm.so.4, libxcb-keysyms.so.1 are missing" in message
    assert "apt install libxcb-icccm4 libxcb-keysyms1." in message


def test_one_missing_library(machine: Machine) -> None:
    machine.missing = {"libEGL.so.1"}
    assert "libEGL.so.1 is missing" in refused(QT_QPA_PLATFORM="offscreen")
    assert "apt install libegl1." in refused(DISPLAY=":0")


def test_only_libraries_of_the_platform_in_use_are_asked_for(machine: Machine) -> None:
    machine.missing = {"libwayland-cursor.so.0", "libxcb-cursor.so.0"}
    assert "wayland" not in refused(DISPLAY=":0")
    message = refused(WAYLAND_DISPLAY="wayland-0")
    assert "libwayland-cursor0" in message
    assert "xcb" not in message


def test_what_is_wrong_with_a_library_that_is_there_is_told_as_it_is(machine: Machine) -> None:
    machine.other_error = "libc.so.6: version `GLIBC_2.99' not found"
    message = refused(DISPLAY=":0")
    assert machine.other_error in message
    assert "apt install" not in message


def test_a_platform_that_qt_does_not_have(machine: Machine, tmp_path: Path) -> None:
    assert "'beos'" in refused(QT_QPA_PLATFORM="beos")
    # it may come from elsewhere, but does not by being looked for there
    (tmp_path / "platforms").mkdir()
    for variable, folder in (
        ("QT_QPA_PLATFORM_PLUGIN_PATH", tmp_path / "platforms"),
        ("QT_PLUGIN_PATH", tmp_path),
    ):
        elsewhere = {"QT_QPA_PLATFORM": "beos", variable: f"/nowhere:{folder}"}
        assert "'beos'" in refused(**elsewhere)
        (tmp_path / "platforms" / "libqbeos.so").touch()
        check_window_possible(elsewhere)
        (tmp_path / "platforms" / "libqbeos.so").unlink()


def test_one_of_several_platforms_is_enough(machine: Machine) -> None:
    check_window_possible({"QT_QPA_PLATFORM": "beos;xcb:a=b", "DISPLAY": ":0"})
    assert "'beos'" in refused(QT_QPA_PLATFORM="beos;xcb", DISPLAY=":987")


@pytest.mark.parametrize("plugin", ["libqwayland.so", "libqwayland-generic.so"])
def test_wayland(machine: Machine, plugin: str, short_folder: Path) -> None:
    (machine.plugins / "libqwayland.so").rename(machine.plugins / plugin)
    environment = {"WAYLAND_DISPLAY": "wayland-7", "XDG_RUNTIME_DIR": str(short_folder)}
    assert "'wayland-7'" in refused(**environment)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(short_folder / "wayland-7"))
        server.listen()
        check_window_possible(environment)
        check_window_possible({"WAYLAND_DISPLAY": str(short_folder / "wayland-7")})
        # the X display is tried as well, and one of them is enough
        check_window_possible(environment | {"DISPLAY": ":987"})
        check_window_possible(environment | {"QT_QPA_PLATFORM": "wayland-egl"})
    assert "'wayland-7'" in refused(**environment)
    check_window_possible(environment | {"WAYLAND_SOCKET": "5"})


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_other_systems_always_have_a_display(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, platform: str
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    machine.missing = {"libEGL.so.1"}
    check_window_possible({})


def test_the_machine_that_runs_the_tests() -> None:
    # with the real Qt: the tests of the window need this to be so
    check_window_possible({"QT_QPA_PLATFORM": "offscreen"})
