import pytest
import torch

from symmcore.errors import InputError
from symmcore.network_catalog import NETWORKS, network_info
from symmcore.networks import build_network

NAMES = [info.name for info in NETWORKS]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("channels", "size", "dim"), [(1, 8, 64), (3, 32, 5), (1, 11, 2)])
def test_images_become_embeddings(name, channels, size, dim):
    network = build_network(name, channels, dim)
    embeddings = network(torch.randn(6, channels, size, size))
    assert embeddings.shape == (6, dim)
    assert embeddings.dtype == torch.float32
    norms = embeddings.norm(dim=1)
    assert not torch.allclose(norms, torch.ones(6)), "not normalised: the loss decides"
    embeddings.square().sum().backward()
    assert all(weight.grad is not None for weight in network.parameters())


@pytest.mark.parametrize("name", NAMES)
def test_an_image_is_embedded_the_same_in_any_batch(name):
    network = build_network(name, 1, 16).eval()
    images = torch.randn(7, 1, 8, 8)
    alone = torch.cat([network(image[None]) for image in images])
    torch.testing.assert_close(network(images), alone)


@pytest.mark.parametrize("name", NAMES)
def test_torchs_random_state_decides_the_weights(name):
    def weights(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        return torch.cat([w.flatten() for w in build_network(name, 1, 16).parameters()])

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))


def test_the_small_network_is_small():
    count = sum(weight.numel() for weight in build_network("small", 1, 64).parameters())
    assert 50_000 < count < 150_000


def test_unknown_network():
    with pytest.raises(InputError, match=r"^Unknown network 'resnet': choose one of small\.$"):
        build_network("resnet", 1, 8)
    with pytest.raises(InputError):
        network_info("")
