import subprocess
import sys
from functools import cache

import pytest
import torch
import torchvision
from torch import nn

from symmcore.errors import InputError
from symmcore.networks import EmbeddingNetwork, build_network
from symmcore.settings.networks import NETWORKS, NetworkInfo, check_weights_choice, network_info

NAMES = [info.name for info in NETWORKS]
PUBLISHED = {"googlenet": 1024, "resnet18": 512, "resnet50": 2048}
DIM = 6


@cache
def network(name: str) -> EmbeddingNetwork:
    """One of each, since they take a while to make: tests leave its weights alone."""
    torch.manual_seed(0)
    return build_network(name, 3, DIM).eval()


@cache
def published(name: str) -> nn.Module:
    """torchvision's own network, with classifiers, as its ImageNet weights come."""
    settings = {"transform_input": True, "init_weights": False} if name == "googlenet" else {}
    torch.manual_seed(1)
    model: nn.Module = torchvision.models.get_model(name, weights=None, **settings)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0  # the statistics of one batch, for a signal to the last layer
    with torch.no_grad():
        model(torch.randn(8, 3, 40, 40))
    return model.eval()


def pixels(count: int, side: int, channels: int = 3) -> torch.Tensor:
    """Images in [0, 1]."""
    return torch.rand(count, channels, side, side, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("channels", "size"), [(1, 16), (3, 33)])
def test_images_become_embeddings(name: str, channels: int, size: int) -> None:
    # the others read either number of channels
    made = build_network(name, channels, DIM) if name in ("conv3", "small") else network(name)
    embeddings = made(torch.randn(4, channels, size, size))
    assert embeddings.shape == (4, DIM)
    assert embeddings.dtype == torch.float32
    norms = embeddings.norm(dim=1)
    assert not torch.allclose(norms, torch.ones(4)), "not normalised: the loss decides"
    gradients = torch.autograd.grad(embeddings.square().sum(), list(made.parameters()))
    assert all(gradient.isfinite().all() for gradient in gradients)


@pytest.mark.parametrize("name", ["conv3", "small"])
@pytest.mark.parametrize("size", [8, 11, 28])
def test_the_small_networks_read_small_images(name: str, size: int) -> None:
    assert build_network(name, 1, 64)(torch.randn(2, 1, size, size)).shape == (2, 64)


@pytest.mark.parametrize("name", NAMES)
def test_an_image_is_embedded_the_same_in_any_batch(name: str) -> None:
    images = torch.randn(5, 3, 24, 24)
    alone = torch.cat([network(name)(image[None]) for image in images])
    torch.testing.assert_close(network(name)(images), alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["conv3", "small", "resnet18"])
def test_torchs_random_state_decides_the_weights(name: str) -> None:
    def weights(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        return torch.cat([w.flatten() for w in build_network(name, 1, 16).parameters()])

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))


@pytest.mark.parametrize("name", NAMES)
def test_the_fully_connected_layer_is_xavier_uniform_without_bias(name: str) -> None:
    layer = network(name).embedding
    bound = (6 / (layer.in_features + layer.out_features)) ** 0.5
    largest = layer.weight.abs().max().item()
    assert 0.97 * bound < largest <= bound
    assert layer.weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.05)
    assert not layer.bias.any()


def test_the_quick_network_costs_a_tenth_of_the_former_one() -> None:
    def products(name: str) -> int:
        counted = 0

        def count(layer: nn.Conv2d, _: object, output: torch.Tensor) -> None:
            nonlocal counted
            counted += output.numel() * layer.weight[0].numel()

        network = build_network(name, 1, 64)
        for module in network.modules():
            if isinstance(module, nn.Conv2d):
                module.register_forward_hook(count)
        network(torch.zeros(1, 1, 28, 28))
        return counted

    # 14 x 14 x 25 x 16, 14 x 14 x 9 x 16 x 32 and 7 x 7 x 9 x 32 x 64
    assert products("conv3") == 78_400 + 903_168 + 903_168
    assert products("small") > 10 * products("conv3")


def test_the_former_network_is_what_it_was() -> None:
    shapes = {
        name: tuple(w.shape) for name, w in build_network("small", 1, 64).state_dict().items()
    }
    assert shapes == {
        "features.0.weight": (32, 1, 3, 3), "features.0.bias": (32,),
        "features.2.weight": (64, 32, 3, 3), "features.2.bias": (64,),
        "features.5.weight": (64, 64, 3, 3), "features.5.bias": (64,),
        "embedding.weight": (64, 256), "embedding.bias": (64,),
    }  # fmt: skip


@pytest.mark.parametrize(("name", "width"), PUBLISHED.items())
def test_a_published_network_is_torchvisions_without_its_classifiers(name: str, width: int) -> None:
    own = {key: value.shape for key, value in network(name).features.state_dict().items()}
    theirs = {
        key: value.shape
        for key, value in published(name).state_dict().items()
        if not key.startswith(("fc.", "aux1.", "aux2."))
    }
    assert own == theirs
    assert network(name).embedding.weight.shape == (DIM, width)
    assert not any(isinstance(module, nn.Dropout) for module in network(name).modules())


@pytest.mark.parametrize("name", PUBLISHED)
def test_it_reads_from_minus_one_to_one_what_torchvisions_reads_normalised(name: str) -> None:
    model = published(name)
    made = network(name)
    before = {key: value.clone() for key, value in made.state_dict().items()}
    made.features.load_state_dict(model.state_dict(), strict=False)
    outputs: list[torch.Tensor] = []
    hook = model.get_submodule("fc").register_forward_pre_hook(
        lambda _, inputs: outputs.append(inputs[0])
    )
    images = pixels(2, 40)
    with torch.no_grad():
        # the presets that torchvision publishes with its weights normalise like this
        model(torchvision.transforms.functional.normalize(
            images, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
        ))  # fmt: skip
        expected = made.embedding(outputs[0])
        torch.testing.assert_close(made(2 * images - 1), expected, rtol=1e-3, atol=1e-4)
        assert not torch.allclose(made(images), expected, rtol=1e-3, atol=1e-4)
    hook.remove()
    made.load_state_dict(before)


@pytest.mark.parametrize("name", PUBLISHED)
def test_one_channel_is_read_as_three_alike(name: str) -> None:
    images = 2 * pixels(2, 20, channels=1) - 1
    torch.testing.assert_close(network(name)(images), network(name)(images.repeat(1, 3, 1, 1)))


def test_what_a_network_cannot_read_is_said() -> None:
    with pytest.raises(InputError, match=r"^GoogLeNet .* 15 x 15 pixels: these are 20 x 14\.$"):
        network("googlenet")(torch.zeros(2, 3, 14, 20))
    with pytest.raises(InputError, match=r"^ResNet-18 .* 1 or 3 channels: these have 4\.$"):
        build_network("resnet18", 4, 8)


@pytest.mark.parametrize("info", NETWORKS, ids=lambda info: info.name)
def test_the_smallest_image_said_is_read(info: NetworkInfo) -> None:
    side = info.smallest_side
    made = network(info.name)
    assert made(torch.zeros(2, 3, side, side)).isfinite().all()


@pytest.mark.parametrize("name", ["small", "resnet18"])
def test_under_autocast_only_the_features_lose_precision(name: str) -> None:
    images = 2 * pixels(3, 24) - 1
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        lower = network(name)(images)
    full = network(name)(images).detach()
    assert lower.dtype == torch.float32
    assert not torch.equal(lower, lower.bfloat16().float())
    assert not torch.equal(lower, full)
    torch.testing.assert_close(lower, full, rtol=0.1, atol=0.05)


def test_unknown_network() -> None:
    known = "conv3, small, googlenet, resnet18, resnet50, or timm:NAME"
    with pytest.raises(InputError, match=rf"^Unknown network 'resnet': choose one of {known}\.$"):
        build_network("resnet", 1, 8)
    with pytest.raises(InputError):
        network_info("")


@pytest.mark.parametrize(
    ("name", "weights", "said"),
    [("small", "imagenet", "googlenet, resnet18, resnet50"), ("resnet18", "", "imagenet")],
)
def test_weights_that_there_cannot_be(name: str, weights: str, said: str) -> None:
    with pytest.raises(InputError, match=rf"^[A-Z].*{said}.*\.$"):
        check_weights_choice(network_info(name), weights)
    for choice in ("none", "imagenet", "weights.pth"):
        check_weights_choice(network_info("resnet18"), choice)


def test_torchvision_is_not_imported_for_the_small_network() -> None:
    script = (
        "import sys\n"
        "from symmcore.networks import build_network\n"
        "build_network('small', 1, 4)\n"
        "sys.exit('torchvision' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], timeout=60).returncode == 0
