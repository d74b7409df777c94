"""Libraries that some exports need, and that not everybody has installed."""

from importlib import import_module
from typing import Any

from symmcore.errors import InputError


def optional_module(module: str, what: str) -> Any:
    """Return a module of the extra ``symmviz[export]``.

    Args:
        module: its name.
        what: begins the sentence where it is missing: "Parquet".

    Raises:
        InputError: if it is not installed or cannot be used.
    """
    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0].replace("_", "-")
        raise InputError(
            f'{what} needs {package}, which is not installed: pip install "symmviz[export]".'
        ) from error
