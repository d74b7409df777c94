"""Embedding networks: images (B, C, H, W) in, embeddings (B, D) out, not normalised."""

from collections.abc import Callable

from torch import Tensor, nn

from symmcore.network_catalog import network_info


class SmallNetwork(nn.Module):
    """Three 3 x 3 convolutions and a linear layer; about 0.1 million weights.

    Reads images of any size from 8 x 8; a CPU trains it on digits in seconds.
    """

    def __init__(self, channels: int, dim: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
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
        self.embedding = nn.Linear(64 * 2 * 2, dim)
        nn.init.xavier_uniform_(self.embedding.weight)
        nn.init.zeros_(self.embedding.bias)

    def forward(self, images: Tensor) -> Tensor:
        """Embed images (B, C, H, W) float32 as (B, dim) float32."""
        embeddings: Tensor = self.embedding(self.features(images))
        return embeddings


def build_network(name: str, channels: int, dim: int) -> nn.Module:
    """Make a network with fresh weights, drawn from torch's current random state.

    Raises:
        InputError: if there is no network of that name.
    """
    return _BUILDERS[network_info(name).name](channels, dim)


_BUILDERS: dict[str, Callable[[int, int], nn.Module]] = {"small": SmallNetwork}
