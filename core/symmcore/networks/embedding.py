"""What all embedding networks are: features of an image, and one fully connected layer."""

import torch
from torch import Tensor, nn

from symmcore.settings.networks import NetworkInfo, check_image_size


class EmbeddingNetwork(nn.Module):
    """A stack of features and a fully connected layer (Xavier uniform, zero bias).

    Under autocast the features are computed in the lower precision and the fully
    connected layer in its own: bfloat16 has 8 bits, too few to rank neighbours by.

    Attributes:
        info: the network's entry in the catalogue.
        prepare: makes of images in [-1, 1] what the features read; holds no weights.
        features: images to (B, width).
        embedding: (B, width) to (B, dim).
    """

    def __init__(
        self, info: NetworkInfo, prepare: nn.Module, features: nn.Module, width: int, dim: int
    ) -> None:
        super().__init__()
        self.info = info
        self.prepare = prepare
        self.features = features
        self.embedding = nn.Linear(width, dim)
        nn.init.xavier_uniform_(self.embedding.weight)
        nn.init.zeros_(self.embedding.bias)

    def forward(self, images: Tensor) -> Tensor:
        """Embed images (B, C, H, W) in [-1, 1] as (B, dim) of the weights' dtype.

        Raises:
            InputError: if the images are too small for the network.
        """
        check_image_size(self.info, images.shape[-2], images.shape[-1])
        features = self.features(self.prepare(images))
        with torch.autocast(images.device.type, enabled=False):
            embeddings: Tensor = self.embedding(features.to(self.embedding.weight.dtype))
        return embeddings
