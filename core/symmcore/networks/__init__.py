"""Embedding networks: images (B, C, H, W) in, embeddings (B, D) out, not normalised.

Every network reads float32 images in [-1, 1], with one or three channels; one that was
trained on images normalised otherwise converts them itself, so that what prepares the
images need not know the network.
"""

from symmcore.networks.build import build_network
from symmcore.networks.embedding import EmbeddingNetwork
from symmcore.networks.state_dicts import fill_network
from symmcore.networks.timm_models import check_timm, timm_transform
from symmcore.networks.trained import ImageTransform, load_network
from symmcore.networks.weights import (
    check_weights_file,
    fetch_pretrained,
    fetch_weights,
    load_weights,
)

__all__ = [
    "EmbeddingNetwork",
    "ImageTransform",
    "build_network",
    "check_timm",
    "check_weights_file",
    "fetch_pretrained",
    "fetch_weights",
    "fill_network",
    "load_network",
    "load_weights",
    "timm_transform",
]
