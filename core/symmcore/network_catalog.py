"""Names and descriptions of the embedding networks, without torch.

The command line and the settings know the networks from here; ``symmcore.networks``
builds them.
"""

from dataclasses import dataclass

from symmcore.errors import InputError


@dataclass(frozen=True, slots=True)
class NetworkInfo:
    """A network that can be chosen by name."""

    name: str
    description: str


NETWORKS = (
    NetworkInfo("small", "Three convolutions and one linear layer, for images of 8 to 32 pixels."),
)


def network_info(name: str) -> NetworkInfo:
    """Look up a network by name.

    Raises:
        InputError: if there is none of that name.
    """
    for info in NETWORKS:
        if info.name == name:
            return info
    known = ", ".join(info.name for info in NETWORKS)
    raise InputError(f"Unknown network {name!r}: choose one of {known}.")
