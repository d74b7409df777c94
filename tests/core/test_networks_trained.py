"""A run's network loads without the code that trained it, and embeds any image."""

import dataclasses
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers_checkpoint import write_checkpoint
from helpers_training import Recorder, add_dataset, pixels, tiny_config, tiny_dataset
from PIL import Image

from symmcore.data.dataset import ImageDataset
from symmcore.data.images.store import ArrayImages
from symmcore.errors import InputError
from symmcore.networks import load_network
from symmcore.networks.embed_files import embed_files
from symmcore.settings.transforms import TransformSettings
from symmcore.training.control import Control
from symmcore.training.trainer import Trainer


def colourful(seed: int) -> ImageDataset:
    dataset = tiny_dataset(seed)
    images = np.repeat(pixels(dataset), 3, axis=3)
    images[..., 1] //= 2
    return dataclasses.replace(dataset, images=ArrayImages(images))


@pytest.fixture(
    params=["tiny conv3", "tiny small", "colourful conv3", "colourful timm:test_efficientnet"]
)
def trained(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Path, Recorder]]:
    add_dataset(monkeypatch)
    add_dataset(monkeypatch, "colourful", colourful)
    sink, threads = Recorder(), torch.get_num_threads()
    dataset, network = request.param.split()
    transform = TransformSettings(crop=7, flip=True)
    config = tiny_config("npair+symm", dataset=dataset, network=network, transform=transform)
    Trainer(config, sink).run(Control())
    for (checkpoint,) in sink.checkpointed:
        write_checkpoint(tmp_path, checkpoint)
    yield tmp_path, sink
    torch.set_num_threads(threads)


@pytest.mark.parametrize(("step", "taken"), [(None, 4), (0, 0), (2, 2)])
def test_its_embeddings_are_those_that_were_evaluated(
    trained: tuple[Path, Recorder], step: int | None, taken: int
) -> None:
    run, sink = trained
    searched = next(one for (one,) in sink.frames if one.frame.step == taken).searched
    state = torch.get_rng_state()
    network, transform = load_network(run, step)
    assert torch.equal(torch.get_rng_state(), state)
    assert not network.training
    images = pixels(sink.contexts[0].dataset)[searched.samples]
    with torch.no_grad():
        found = network(torch.stack([transform(image) for image in images]))
    np.testing.assert_allclose(found.numpy(), searched.embeddings, rtol=1e-4, atol=1e-5)


def test_what_is_transformed_may_be_an_array_an_open_image_or_a_file(
    trained: tuple[Path, Recorder], tmp_path: Path
) -> None:
    run, sink = trained
    _, transform = load_network(run)
    image = pixels(sink.contexts[0].dataset)[5]
    expected = image[:7, :7].astype(np.float32).transpose(2, 0, 1) / 127.5 - 1
    squeezed = image[:, :, 0] if image.shape[2] == 1 else image
    opened = Image.fromarray(squeezed)
    opened.save(tmp_path / "image.png")
    for found in (transform(image), transform(squeezed), transform(opened),
                  transform(tmp_path / "image.png")):  # fmt: skip
        assert found.dtype == torch.float32
        np.testing.assert_allclose(found.numpy(), expected, atol=1e-6)
    # of any size
    assert transform(np.zeros((31, 17), np.uint8)).shape == expected.shape
    for wrong in (image[None], image.astype(np.float32), np.zeros((8, 8, 4), np.uint8)):
        with pytest.raises(ValueError, match="uint8"):
            transform(wrong)


def test_files_are_embedded_in_order_and_what_cannot_be_read_is_named(
    trained: tuple[Path, Recorder], tmp_path: Path
) -> None:
    run, sink = trained
    network, transform = load_network(run)
    images = pixels(sink.contexts[0].dataset)
    files = []
    for number in range(70):  # more than a batch
        files.append(tmp_path / f"{number}.png")
        Image.fromarray(images[number].squeeze()).save(files[-1])
    files[3].write_bytes(b"no image")
    files.append(tmp_path / "gone.png")
    counts: list[int] = []
    found = embed_files(network, transform, files, counts.append, threads=2)
    assert counts == [64, 71]
    assert [error.path for error in found.skipped] == [files[3], files[-1]]
    assert found.files == tuple(file for file in files[:-1] if file != files[3])
    kept = [number for number in range(70) if number != 3]
    with torch.no_grad():
        expected = network(torch.stack([transform(images[number]) for number in kept])).numpy()
    np.testing.assert_allclose(found.embeddings, expected, rtol=1e-4, atol=1e-5)
    assert embed_files(network, transform, [], counts.append).embeddings.shape == (0, 8)


class TestRefused:
    @pytest.fixture
    def folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        add_dataset(monkeypatch)
        sink, threads = Recorder(), torch.get_num_threads()
        Trainer(tiny_config(steps=1), sink).run(Control())
        torch.set_num_threads(threads)
        return write_checkpoint(tmp_path, sink.checkpointed[-1][0])

    def test_no_checkpoint(self, tmp_path: Path) -> None:
        for run in (tmp_path, tmp_path / "none"):
            with pytest.raises(InputError, match="holds no checkpoint"):
                load_network(run)

    def test_another_step(self, folder: Path, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="no checkpoint at step 9: the nearest is at 1"):
            load_network(tmp_path, 9)

    def test_half_a_checkpoint_is_none(self, folder: Path, tmp_path: Path) -> None:
        half = tmp_path / "checkpoints" / "00000002"
        shutil.copytree(folder, half)
        (half / "complete.json").unlink()
        assert load_network(tmp_path)
        with pytest.raises(InputError, match="no checkpoint at step 2"):
            load_network(tmp_path, 2)

    @pytest.mark.parametrize(
        "change",
        [{"dim": 9}, {"dim": -1}, {"dim": "8"}, {"dim": 10**9}, {"channels": True}, {"crop": 9},
         {"channels": 3}, {"name": "none"}, {"name": None}, {"height": 0}, {"width": 1.5}],
    )  # fmt: skip
    def test_settings_of_another_network(
        self,
        folder: Path,
        tmp_path: Path,
        change: dict[str, int]
        | dict[str, str]
        | dict[str, bool]
        | dict[str, None]
        | dict[str, float],
    ) -> None:
        path = folder / "network.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | change))
        with pytest.raises(InputError) as caught:
            load_network(tmp_path)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b"[" * 9999, b" " * 10**5])
    def test_settings_that_are_none(self, folder: Path, tmp_path: Path, content: bytes) -> None:
        (folder / "network.json").write_bytes(content)
        with pytest.raises(InputError, match=r"network\.json"):
            load_network(tmp_path)

    def test_a_setting_that_is_missing(self, folder: Path, tmp_path: Path) -> None:
        (folder / "network.json").write_text('{"height": 8}')
        with pytest.raises(InputError, match=r"network\.json is damaged: width is missing"):
            load_network(tmp_path)

    def test_weights_that_are_damaged(self, folder: Path, tmp_path: Path) -> None:
        weights = folder / "network.safetensors"
        weights.write_bytes(weights.read_bytes()[:-5])
        with pytest.raises(InputError, match=r"network\.safetensors cannot be read"):
            load_network(tmp_path)
