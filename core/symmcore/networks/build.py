"""Builds the networks of the catalogue, with fresh weights."""

import importlib
from collections.abc import Callable

import torch
from torch import Tensor, nn

from symmcore.errors import InputError
from symmcore.networks.embedding import EmbeddingNetwork
from symmcore.networks.timm_models import build_timm
from symmcore.settings.networks import network_info, timm_name

# Mean and standard deviation of ImageNet's pixels in [0, 1], by which the published
# ResNets were trained.
_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)


def build_network(name: str, channels: int, dim: int) -> EmbeddingNetwork:
    """Make a network with fresh weights, drawn from torch's current random state.

    Args:
        name: of the catalogue, or "timm:" and what timm calls it.
        channels: of the images, 1 or 3.
        dim: size of an embedding.

    Raises:
        InputError: if there is no network of that name, or it cannot read the channels.
    """
    if timm_name(name):
        return build_timm(network_info(name), channels, dim)
    return _BUILDERS[network_info(name).name](channels, dim)


class RgbInput(nn.Module):
    """Makes of images in [-1, 1] what a torchvision network reads.

    A single channel is repeated to three. The published ResNets read pixels less
    ImageNet's mean over its standard deviation; the published GoogLeNet reads [-1, 1]
    itself, which is what ``transform_input`` is for where images come normalised
    as for the ResNets, and why it is off here.

    Args:
        imagenet_normalised: whether to normalise by ImageNet's mean and deviation.
    """

    def __init__(self, *, imagenet_normalised: bool) -> None:
        super().__init__()
        self._normalises = imagenet_normalised
        mean, std = torch.tensor(_IMAGENET_MEAN), torch.tensor(_IMAGENET_STD)
        # pixel / 2 + 1/2 is in [0, 1]; not persistent, since it is no weight
        self.register_buffer("scale", (0.5 / std).view(3, 1, 1), persistent=False)
        self.register_buffer("shift", ((0.5 - mean) / std).view(3, 1, 1), persistent=False)
        self.scale: Tensor
        self.shift: Tensor

    def forward(self, images: Tensor) -> Tensor:
        """Images (B, 1 or 3, H, W) in [-1, 1] to (B, 3, H, W) as the network reads them."""
        if images.shape[1] == 1:
            images = images.expand(-1, 3, -1, -1)
        return images * self.scale + self.shift if self._normalises else images


def _build_conv3(channels: int, dim: int) -> EmbeddingNetwork:
    """Three convolutions with batch norm; about 40,000 weights; a CPU trains it in seconds.

    The first has a stride of 2: most of the time goes into the second, at the full size.
    """
    features = nn.Sequential(
        *_convolution(channels, 16, 5, stride=2),
        *_convolution(16, 32, 3),
        nn.MaxPool2d(2),
        *_convolution(32, 64, 3),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
    )
    return EmbeddingNetwork(network_info("conv3"), nn.Identity(), features, 64 * 2 * 2, dim)


def _convolution(channels: int, filters: int, size: int, stride: int = 1) -> tuple[nn.Module, ...]:
    """A convolution that keeps the size but for its stride, batch norm and ReLU.

    Evaluation is by running means and variances. They follow three times as fast as torch's own
    do, or the first evaluations of a short training would be by those of other weights.
    """
    return (
        nn.Conv2d(channels, filters, size, stride=stride, padding=size // 2, bias=False),
        nn.BatchNorm2d(filters, momentum=0.3),
        nn.ReLU(inplace=True),
    )


def _build_small(channels: int, dim: int) -> EmbeddingNetwork:
    """Three 3 x 3 convolutions without norm layers, about 0.1 million weights."""
    features = nn.Sequential(
        nn.Conv2d(channels, 32, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(64, 64, 3, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
    )
    return EmbeddingNetwork(network_info("small"), nn.Identity(), features, 64 * 2 * 2, dim)


def _build_googlenet(channels: int, dim: int) -> EmbeddingNetwork:
    settings = {"aux_logits": False, "transform_input": False, "init_weights": False}
    return _build_torchvision("googlenet", channels, dim, imagenet_normalised=False, **settings)


def _build_resnet18(channels: int, dim: int) -> EmbeddingNetwork:
    return _build_torchvision("resnet18", channels, dim, imagenet_normalised=True)


def _build_resnet50(channels: int, dim: int) -> EmbeddingNetwork:
    return _build_torchvision("resnet50", channels, dim, imagenet_normalised=True)


def _build_torchvision(
    name: str, channels: int, dim: int, *, imagenet_normalised: bool, **settings: bool
) -> EmbeddingNetwork:
    info = network_info(name)
    if channels not in (1, 3):
        raise InputError(f"{info.title} reads images of 1 or 3 channels: these have {channels}.")
    models = importlib.import_module("torchvision.models")  # takes a second
    trunk = models.get_model(name, weights=None, **settings)
    width = trunk.fc.in_features
    trunk.fc = nn.Identity()
    if hasattr(trunk, "dropout"):
        trunk.dropout = nn.Identity()  # it belongs to GoogLeNet's classifier
    prepare = RgbInput(imagenet_normalised=imagenet_normalised)
    return EmbeddingNetwork(info, prepare, trunk, width, dim)


_BUILDERS: dict[str, Callable[[int, int], EmbeddingNetwork]] = {
    "conv3": _build_conv3,
    "small": _build_small,
    "googlenet": _build_googlenet,
    "resnet18": _build_resnet18,
    "resnet50": _build_resnet50,
}
