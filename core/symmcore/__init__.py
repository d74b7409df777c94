"""The Symmetrical Synthesis method and all that needs no screen; never imports Qt.

``symmcore.reflect`` is resolved on first use, so that importing a light part of the
package (records, configuration) does not import torch.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from symmcore.synthesis import reflect

__all__ = ["reflect"]


def __getattr__(name: str) -> object:
    if name == "reflect":
        from symmcore.synthesis import reflect

        return reflect
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
