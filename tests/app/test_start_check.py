"""What the Start page refuses before anything is read, against what reading would refuse."""

import dataclasses

import pytest
from helpers_start import form

from symmcore.data.catalogue import DATASETS, DatasetEntry
from symmcore.errors import InputError
from symmcore.progress import ignore_progress
from symmcore.settings.networks import NETWORKS, check_image_size, network_info
from symmcore.settings.presets import PRESETS
from symmcore.training.config import DEVICES, TrainingConfig, preset_config
from symmcore.training.devices import missing_devices, resolve_device
from symmcore.training.input import known_side, read_dataset
from symmviz.presenters.start_check import start_problem


@pytest.mark.parametrize("entry", DATASETS, ids=lambda entry: entry.name)
def test_the_side_that_is_known_is_that_of_the_images(entry: DatasetEntry) -> None:
    images = entry.load(0, ignore_progress).images
    assert images.shape[1:3] == (entry.side, entry.side)


def can_be_read(config: TrainingConfig) -> bool:
    """What a training finds out once it reads the dataset."""
    try:
        shape = read_dataset(config, ignore_progress).images.shape
        check_image_size(network_info(config.network), *shape[1:3])
    except InputError:
        return False
    return True


@pytest.mark.parametrize("dataset", [entry.name for entry in DATASETS])
@pytest.mark.parametrize("preset", [preset.name for preset in PRESETS])
def test_each_preset_on_each_bundled_dataset(dataset: str, preset: str) -> None:
    network = preset_config(preset).network
    problem = start_problem(form(dataset=dataset, preset=preset, network=network))
    assert (problem is None) == can_be_read(preset_config(preset, dataset=dataset))
    if problem is not None:
        assert problem.of_preset
        assert problem.text.count(".") == 1
        assert "choose the preset Quick" in problem.text


@pytest.mark.parametrize("network", [info.name for info in NETWORKS])
@pytest.mark.parametrize("dataset", [entry.name for entry in DATASETS])
def test_each_network_on_each_bundled_dataset(dataset: str, network: str) -> None:
    problem = start_problem(form(dataset=dataset, network=network))
    assert (problem is None) == can_be_read(TrainingConfig(dataset=dataset, network=network))
    if problem is not None:
        assert not problem.of_preset
        assert problem.text.endswith("choose another network under Advanced.")


def test_numbers_that_cannot_be_trained_are_named() -> None:
    problem = start_problem(form(batch_size=7))
    assert problem is not None
    assert "batch size is 7" in problem.text


def test_a_device_that_is_not_here_is_named() -> None:
    missing = frozenset({"cuda", "mps"})
    problem = start_problem(form(device="cuda"), missing)
    assert problem is not None
    assert "Torch finds no GPU for CUDA here" in problem.text
    assert start_problem(form(device="auto"), missing) is None
    assert start_problem(form(device="cuda")) is None  # not known yet


@pytest.mark.parametrize("name", DEVICES)
def test_the_devices_that_are_missing_are_those_that_a_training_refuses(name: str) -> None:
    try:
        resolve_device(name)
    except InputError:
        assert name in missing_devices()
    else:
        assert name not in missing_devices()


@pytest.mark.parametrize("dataset", ["folder:/photos", "cub200:/x", "torchvision:Omniglot"])
def test_files_are_brought_to_any_size(dataset: str) -> None:
    assert start_problem(form(dataset=dataset, preset="paper", network="googlenet")) is None
    config = dataclasses.replace(TrainingConfig(), dataset=dataset)
    assert known_side(config.dataset_choice()) is None


def test_cifar_comes_in_one_size() -> None:
    problem = start_problem(form(dataset="torchvision:CIFAR100", preset="official"))
    assert problem is not None
    assert "32 x 32" in problem.text
