"""Looks, before Qt does, whether a window can be opened: Qt would abort the process.

Imports nothing of Qt: importing it is one of the things that can fail.
"""

import ctypes
import importlib.util
import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from symmcore.errors import InputError

_TRAIN_HINT = "`symmviz train` works without a window."

# What Qt's Linux plugins need beyond Qt's own files, and the Debian package that has it.
_COMMON_PACKAGES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libX11.so.6": "libx11-6",
    "libxkbcommon.so.0": "libxkbcommon0",
}
_PLATFORM_PACKAGES = {
    "xcb": {
        "libX11-xcb.so.1": "libx11-xcb1",
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
    },
    "wayland": {
        "libwayland-client.so.0": "libwayland-client0",
        "libwayland-cursor.so.0": "libwayland-cursor0",
    },
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
    platforms = _platforms(environment)
    if not platforms:
        raise InputError(
            "There is no display to open a window on (neither DISPLAY nor WAYLAND_DISPLAY is "
            f"set). {_TRAIN_HINT}"
        )
    plugins = Path(spec.submodule_search_locations[0]) / "Qt" / "plugins" / "platforms"
    troubles = [_trouble(platform, plugins, environment) for platform in platforms]
    if all(troubles):  # Qt takes the first that works
        raise InputError(f"{troubles[0]} {_TRAIN_HINT}")


def _platforms(environment: Mapping[str, str]) -> list[str]:
    """The Qt platforms that will be tried; none where there is no display."""
    chosen = environment.get("QT_QPA_PLATFORM", "").split(";")
    named = [name for part in chosen if (name := part.partition(":")[0])]
    if named:
        return named
    displays = (("DISPLAY", "xcb"), ("WAYLAND_DISPLAY", "wayland"))
    return [platform for variable, platform in displays if environment.get(variable)]


def _trouble(platform: str, plugins: Path, environment: Mapping[str, str]) -> str:
    """Why this platform cannot show a window, as a sentence; empty where it can."""
    kind = "wayland" if platform.startswith("wayland") else platform
    # the name of Wayland's plugin differs from one version of Qt to the next
    names = [f"libq{name}.so" for name in (platform, kind, f"{kind}-generic")]
    files = (folder / name for folder in (plugins, *_other_folders(environment)) for name in names)
    plugin = next((file for file in files if file.exists()), None)
    if plugin is None:
        return f"Qt knows no platform {platform!r}, which QT_QPA_PLATFORM asks for."
    trouble = _library_trouble(plugin, kind)
    if not trouble and kind == "xcb":
        trouble = _x_server_trouble(environment.get("DISPLAY", ""))
    if not trouble and kind == "wayland":
        trouble = _wayland_trouble(environment)
    return trouble


def _other_folders(environment: Mapping[str, str]) -> list[Path]:
    """Where Qt is told to look for plugins besides its own folder."""
    plugins = environment.get("QT_PLUGIN_PATH", "").split(os.pathsep)
    platforms = environment.get("QT_QPA_PLATFORM_PLUGIN_PATH", "").split(os.pathsep)
    return [
        *(Path(folder) for folder in platforms if folder),
        *(Path(folder) / "platforms" for folder in plugins if folder),
    ]


def _library_trouble(plugin: Path, kind: str) -> str:
    try:
        ctypes.CDLL(str(plugin))
    except OSError as error:
        packages = _COMMON_PACKAGES | _PLATFORM_PACKAGES.get(kind, {})
        missing = [name for name in packages if not _loads(name)]
        if not missing:
            return f"Qt cannot open a window: {error}."
        verb = "is" if len(missing) == 1 else "are"
        return (
            f"Qt cannot open a window: {', '.join(missing)} {verb} missing. On Debian or "
            f"Ubuntu: apt install {' '.join(packages[name] for name in missing)}."
        )
    return ""


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _x_server_trouble(display: str) -> str:
    if not display:
        return "There is no X display to open a window on (DISPLAY is not set)."
    xcb = ctypes.CDLL("libxcb.so.1")
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(display.encode(), None)
    failed = xcb.xcb_connection_has_error(connection)
    xcb.xcb_disconnect(connection)
    return f"The display {display!r} does not answer." if failed else ""


def _wayland_trouble(environment: Mapping[str, str]) -> str:
    if "WAYLAND_SOCKET" in environment:
        return ""  # a connection that was opened for this process alone
    name = environment.get("WAYLAND_DISPLAY") or "wayland-0"
    path = Path(environment.get("XDG_RUNTIME_DIR", "")) / name
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(str(path))
        except OSError:
            return f"The Wayland display {name!r} does not answer."
    return ""
