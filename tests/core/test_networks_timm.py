"""Networks of timm: their own size and normalisation, weights, and what is said without them."""

import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from helpers_training import Recorder, add_dataset, tiny_config
from PIL import Image
from safetensors.torch import save_file
from torch import nn

from symmcore.errors import InputError
from symmcore.networks import build_network, load_weights, timm_models, timm_transform
from symmcore.networks.weights import fetch_pretrained
from symmcore.processes import CallError
from symmcore.settings.networks import network_info
from symmcore.settings.transforms import TransformSettings
from symmcore.training.config import TrainingConfig
from symmcore.training.control import Control
from symmcore.training.preparation import Preparation
from symmcore.training.status import FinishReason
from symmcore.training.trainer import Trainer

NAME = "timm:test_resnet"


def trained_elsewhere() -> nn.Module:
    torch.manual_seed(7)
    model: nn.Module = timm.create_model("test_resnet", num_classes=0)
    return model


def assert_same(found: Mapping[str, torch.Tensor], expected: Mapping[str, torch.Tensor]) -> None:
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)


@pytest.mark.parametrize(
    ("model", "channels"), [("test_vit", 3), ("test_vit", 1), ("test_resnet.r160_in1k", 3)]
)
def test_images_are_prepared_as_timm_prepares_them(model: str, channels: int) -> None:
    network = build_network(f"timm:{model}", channels, 16).eval()
    pixels = np.random.default_rng(0).integers(0, 256, (160, 160, channels), dtype=np.uint8)
    data: Any = import_module("timm.data")
    settings = data.resolve_data_config(model=network.features)
    image = Image.fromarray(pixels[..., 0] if channels == 1 else pixels).convert("RGB")
    expected = data.create_transform(**{**settings, "crop_pct": 1.0})(image)[None]
    images = torch.from_numpy(pixels).permute(2, 0, 1)[None] / 127.5 - 1.0
    with torch.no_grad():
        prepared = network.prepare(images)
        torch.testing.assert_close(prepared, expected, rtol=0, atol=2e-3)
        torch.testing.assert_close(
            network(images), network.embedding(network.features(prepared)), rtol=0, atol=0
        )
    assert network(images).shape == (1, 16)


@pytest.mark.parametrize("side", [8, 28, 227])
def test_images_of_other_sizes_are_brought_to_its_own(side: int) -> None:
    network = build_network("timm:test_vit", 1, 4).eval()
    level = torch.full((2, 1, side, side), 0.25)
    assert network.prepare(level).shape == (2, 3, 160, 160)
    torch.testing.assert_close(network(level)[0], network(level[:, :, :8, :8])[1])


def test_fresh_weights_follow_torchs_random_state() -> None:
    def weights(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        return torch.cat([one.flatten() for one in build_network(NAME, 3, 4).parameters()])

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))


def test_weights_are_timms_on_the_users_word_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    model = trained_elsewhere()
    elsewhere = model.state_dict()
    network = build_network(NAME, 3, 4)
    embedding = network.embedding.weight.clone()
    asked: list[dict[str, Any]] = []

    def create(_: str, **settings: Any) -> nn.Module:
        asked.append(settings)
        return model

    monkeypatch.setattr(timm, "is_model_pretrained", lambda _: True)
    monkeypatch.setattr(timm, "create_model", create)
    load_weights(network, "none")
    assert asked == []
    state = torch.get_rng_state()
    assert load_weights(network, "imagenet") == ""
    assert torch.equal(torch.get_rng_state(), state)
    assert asked == [{"pretrained": True, "num_classes": 0}]
    assert_same(network.features.state_dict(), elsewhere)
    assert torch.equal(network.embedding.weight, embedding)


def test_weights_come_from_a_file_of_timms_names(tmp_path: Path) -> None:
    elsewhere = trained_elsewhere().state_dict()
    save_file(elsewhere | {"fc.weight": torch.zeros(1000, 96)}, tmp_path / "weights.safetensors")
    network = build_network(NAME, 3, 4)
    note = load_weights(network, str(tmp_path / "weights.safetensors"))
    assert "left out: fc.weight" in note
    assert_same(network.features.state_dict(), elsewhere)


def test_files_are_brought_to_its_size(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # 0.95 of what a file is resized to is seen
    own = TransformSettings(resize=168, crop=160, flip=True)
    assert timm_transform(network_info(NAME)) == own
    random = np.random.default_rng(0)
    for label in "abcd":
        (tmp_path / label).mkdir()
        for number in range(4):
            pixels = random.integers(0, 256, (20, 30, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / label / f"{number}.png")

    def prepared(**settings: Any) -> Preparation:
        config = TrainingConfig(
            dataset=f"folder:{tmp_path}", network=NAME, batch_size=4, cache_bytes=0, **settings
        )
        return Preparation(config, lambda _: None, None)

    whole = prepared()
    assert (whole.config.transform, whole.dataset.images.shape[1:3]) == (own, (168, 168))
    given = TransformSettings(resize=32)
    assert prepared(transform=given).config.transform == given


def test_a_training_with_it_begins_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    add_dataset(monkeypatch)
    sink = Recorder()
    status = Trainer(tiny_config("npair+symm", network=NAME, steps=2), sink).run(Control())
    assert status.reason is FinishReason.COMPLETED


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("timm:test_resnt", "timm .* has no network 'test_resnt': near are test_resnet"),
        ("timm:", "write timm:vit_small_patch16_224"),
        ("timm:hf-hub:someone/model", "names no network of timm"),
        ("timm:../folder", "names no network of timm"),
        ("timmy", "choose one of conv3, .*, or timm:NAME"),
    ],
)
def test_what_is_no_network_of_timms(name: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        build_network(name, 3, 4)


@pytest.fixture
def without_timm(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [one for one in sys.modules if one.partition(".")[0] == "timm"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "timm", None)


@pytest.mark.usefixtures("without_timm")
def test_without_timm_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    add_dataset(monkeypatch)
    assert TrainingConfig(network=NAME).network == NAME  # what was recorded can be read
    sink = Recorder()
    status = Trainer(tiny_config(network=NAME), sink).run(Control())
    assert (status.reason, sink.contexts) == (FinishReason.INVALID, [])
    assert "pip install 'symmviz[timm]'." in status.message
    assert "\n" not in status.message


def test_weights_that_cannot_be_had_are_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise CallError("no route to host")

    monkeypatch.setattr(timm_models, "call_in_subprocess", fail)
    with pytest.raises(InputError, match=r"weights of timm's test_resnet cannot be had .*no route"):
        fetch_pretrained(network_info("timm:test_resnet"))
    monkeypatch.setattr(timm, "is_model_pretrained", lambda _: False)
    with pytest.raises(InputError, match="timm has no weights of test_resnet: give a file"):
        load_weights(build_network(NAME, 3, 4), "imagenet")


def test_channels_that_no_network_of_timms_reads() -> None:
    with pytest.raises(InputError, match="reads images of 1 or 3 channels: these have 4"):
        build_network(NAME, 4, 8)
