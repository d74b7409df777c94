"""Names and descriptions of the embedding networks, without torch.

The command line and the settings know the networks from here; ``symmcore.networks``
builds them.
"""

import re
from dataclasses import dataclass
from importlib.util import find_spec

from symmcore.errors import InputError

TIMM = "timm:"
TIMM_EXAMPLE = f"{TIMM}vit_small_patch16_224"
# nothing with a colon or slash: timm would read a folder, or ask a server
_TIMM_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)?")

FROM_SCRATCH = "none"
IMAGENET = "imagenet"

LARGEST_DIM = 65_536
"""Most numbers of an embedding: the last layer of the largest network takes half a gigabyte."""


@dataclass(frozen=True, slots=True)
class NetworkInfo:
    """A network that can be chosen by name.

    Attributes:
        name: its name on the command line and in files.
        title: its name for people.
        description: one sentence: what it is and which images it is for.
        smallest_side: height and width in pixels of the smallest images it reads.
        imagenet: whether weights trained on ImageNet can be had for it.
        feature_weights: how many weights it has before its fully connected layer, with
            images of three channels.
        width: how many numbers that layer reads.
        resizes: whether it brings images to a size of its own.
    """

    name: str
    title: str
    description: str
    smallest_side: int
    imagenet: bool
    feature_weights: int
    width: int
    resizes: bool = False

    def weights(self, dim: int) -> int:
        """How many weights it has with embeddings of ``dim`` numbers."""
        return self.feature_weights + (self.width + 1) * dim


NETWORKS = (
    NetworkInfo(
        "conv3",
        "Conv-3",
        "Three convolutions with batch norm and one linear layer, for images of 8 to 64 pixels.",
        smallest_side=3,
        imagenet=False,
        feature_weights=24_464,
        width=256,
    ),
    NetworkInfo(
        "small",
        "Small (former)",
        "Three convolutions without batch norm: the quick preset's network in earlier versions, "
        "ten times as slow, kept for the runs that have it.",
        smallest_side=2,
        imagenet=False,
        feature_weights=56_320,
        width=256,
    ),
    NetworkInfo(
        "googlenet",
        "GoogLeNet",
        "The paper's network: nine Inception modules, for photographs of about 224 pixels.",
        smallest_side=15,
        imagenet=True,
        feature_weights=5_599_904,
        width=1_024,
    ),
    NetworkInfo(
        "resnet18",
        "ResNet-18",
        "A residual network of 18 layers, for photographs of about 224 pixels.",
        smallest_side=1,
        imagenet=True,
        feature_weights=11_176_512,
        width=512,
    ),
    NetworkInfo(
        "resnet50",
        "ResNet-50",
        "A residual network of 50 layers, for photographs of about 224 pixels and a GPU.",
        smallest_side=1,
        imagenet=True,
        feature_weights=23_508_032,
        width=2_048,
    ),
)


def network_info(name: str) -> NetworkInfo:
    """Look up a network by name.

    Raises:
        InputError: if there is none of that name.
    """
    for info in NETWORKS:
        if info.name == name:
            return info
    if name.startswith(TIMM):
        return _timm_info(name)
    known = ", ".join(info.name for info in NETWORKS)
    raise InputError(f"Unknown network {name!r}: choose one of {known}, or {TIMM}NAME.")


def timm_name(name: str) -> str:
    """What timm calls a network; empty if it is none of timm's."""
    return name.removeprefix(TIMM) if name.startswith(TIMM) else ""


def check_library(info: NetworkInfo) -> None:
    """Check that the library is installed that a network is of; nothing is imported.

    Raises:
        InputError: if it is not.
    """
    if timm_name(info.name) and find_spec("timm") is None:
        raise InputError(f"The network {info.name} needs timm: pip install 'symmviz[timm]'.")


def _timm_info(name: str) -> NetworkInfo:
    model = timm_name(name)
    if not _TIMM_NAME.fullmatch(model):
        raise InputError(f"{name!r} names no network of timm: write {TIMM_EXAMPLE}, say.")
    return NetworkInfo(
        name,
        f"timm's {model}",
        "A network of the library timm, for images of the size that timm gives for it.",
        smallest_side=1,
        imagenet=True,
        # those of ViT-S/16: nobody knows before timm has made it
        feature_weights=21_665_664,
        width=384,
        resizes=True,
    )


def check_weights_choice(network: NetworkInfo, weights: str) -> None:
    """Check that a network can start from what was asked for; looks at no file.

    Args:
        network: the network.
        weights: "none", "imagenet" or the path of a file.

    Raises:
        InputError: if there is no such choice for this network.
    """
    if not weights:
        raise InputError(
            f"No weights are named: write {FROM_SCRATCH}, {IMAGENET} or the path of a file."
        )
    if weights == IMAGENET and not network.imagenet:
        able = ", ".join(info.name for info in NETWORKS if info.imagenet)
        raise InputError(
            f"There are no ImageNet weights for the network {network.name}: they exist for {able}."
        )


def check_image_size(info: NetworkInfo, height: int, width: int) -> None:
    """Check that a network reads images of that size, in pixels.

    Raises:
        InputError: if they are too small.
    """
    least = info.smallest_side
    if min(height, width) < least:
        raise InputError(
            f"{info.title} reads images of at least {least} x {least} pixels: these are "
            f"{width} x {height}."
        )


def describe_weights(weights: str) -> str:
    """What a training starts from, as part of a sentence: "from scratch, ..."."""
    if weights == FROM_SCRATCH:
        return "from scratch, without pretrained weights"
    if weights == IMAGENET:
        return "from weights trained on ImageNet"
    return f"from the weights in {weights}"
