"""Which devices torch finds on this machine."""

import torch

from symmcore.errors import InputError


def resolve_device(name: str) -> torch.device:
    """The device of that name; "auto" takes a GPU where torch finds one.

    Raises:
        InputError: if there is no such device here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name in missing_devices():
        what = "no GPU" if name == "cuda" else "none"
        raise InputError(
            f"Device {name!r} was asked for, but torch finds {what}: choose cpu or auto."
        )
    return torch.device(name)


def missing_devices() -> frozenset[str]:
    """Names of devices that can be asked for, and that are not here."""
    found = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    return frozenset(name for name, is_available in found.items() if not is_available)
