"""Looks, before Qt does, whether a window can be opened: Qt would abort the process.

Imports nothing of Qt: importing it is one of the things that can fail.
"""

import ctypes
import importlib.util
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from symmcore.errors import InputError

_TRAIN_HINT = "`symmviz train` works without a window."

# What Qt's Linux plugins need beyond Qt's own files, and the Debian package that has it.
_PACKAGES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libX11.so.6": "libx11-6",
    "libxcb.so.1": "libxcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxkbcommon.so.0": "libxkbcommon0",
}


def check_window_possible(environment: Mapping[str, str] = os.environ) -> None:
    """Make sure that Qt is installed, finds its libraries, and has a display.

    Raises:
        InputError: saying what is missing and what to do.
    """
    spec = importlib.util.find_spec("PySide6")
    if spec is None or not spec.submodule_search_locations:
        raise InputError(
            f"The window needs PySide6-Essentials, which is not installed. {_TRAIN_HINT}"
        )
    if not sys.platform.startswith("linux"):
        return
    platform = _platform(environment)
    if platform == "":
        raise InputError(
            "There is no display to open a window on (neither DISPLAY nor WAYLAND_DISPLAY is "
            f"set). {_TRAIN_HINT}"
        )
    plugins = Path(spec.submodule_search_locations[0]) / "Qt" / "plugins" / "platforms"
    _check_libraries(plugins / f"libq{platform}.so")
    if platform == "xcb":
        _check_x_server(environment.get("DISPLAY", ""))


def _platform(environment: Mapping[str, str]) -> str:
    """The Qt platform that will be used; empty where there is no display."""
    chosen = environment.get("QT_QPA_PLATFORM", "").split(";")[0].split(":")[0]
    if chosen:
        return "wayland-generic" if chosen.startswith("wayland") else chosen
    if environment.get("DISPLAY"):
        return "xcb"
    return "wayland-generic" if environment.get("WAYLAND_DISPLAY") else ""


def _check_libraries(plugin: Path) -> None:
    if not plugin.exists():
        return  # not one that comes with Qt: Qt says itself what it thinks of it
    try:
        ctypes.CDLL(str(plugin))
    except OSError as error:
        first = str(error).partition(":")[0]
        missing = [name for name in _PACKAGES if not _loads(name)] or [first]
        packages = " ".join(_PACKAGES.get(name, name) for name in missing)
        verb = "is" if len(missing) == 1 else "are"
        raise InputError(
            f"Qt cannot open a window: {', '.join(missing)} {verb} missing. On Debian or Ubuntu: "
            f"apt install {packages}. {_TRAIN_HINT}"
        ) from error


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _check_x_server(display: str) -> None:
    xcb = ctypes.CDLL("libxcb.so.1")
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(display.encode() or None, None)
    failed = xcb.xcb_connection_has_error(connection)
    xcb.xcb_disconnect(connection)
    if failed:
        raise InputError(f"The display {display!r} does not answer. {_TRAIN_HINT}")
