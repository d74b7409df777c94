"""What is said before a training is what it then records."""

import pytest
from helpers_training import Recorder, add_dataset, tiny_config

from symmcore.networks import build_network
from symmcore.settings.networks import NETWORKS, NetworkInfo
from symmcore.training.config import TrainingConfig
from symmcore.training.control import Control
from symmcore.training.recording_size import recording_size
from symmcore.training.trainer import Trainer


@pytest.mark.parametrize("info", NETWORKS, ids=lambda info: info.name)
def test_a_networks_weights_are_as_many_as_the_catalogue_says(info: NetworkInfo) -> None:
    network = build_network(info.name, 3, 16)
    assert info.weights(16) == sum(weight.numel() for weight in network.parameters())
    assert info.width == network.embedding.in_features


@pytest.mark.parametrize("limit", [8, 1000])
def test_it_is_what_a_training_records(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    add_dataset(monkeypatch)
    config = tiny_config(steps=7, frames=4, checkpoint_every=3, watch_limit=limit)
    sink = Recorder()
    Trainer(config, sink).run(Control())
    dataset = sink.contexts[0].dataset
    size = recording_size(config, len(dataset.train), len(dataset.test))
    snapshots = [snapshot for (snapshot,) in sink.frames]
    assert size.frames == len(snapshots)
    assert size.galleries == sum(snapshot.gallery is not None for snapshot in snapshots)
    assert size.checkpoints == len(sink.checkpointed)
    assert size.frame_bytes == sum(
        points.samples.nbytes + points.labels.nbytes + points.embeddings.nbytes + partner.nbytes
        for snapshot in snapshots
        for points, partner in (
            (snapshot.frame.train.points, snapshot.frame.train.partner),
            (snapshot.frame.test.points, snapshot.frame.test.partner),
        )
    )
    kept = sum(
        array.nbytes
        for (checkpoint,) in sink.checkpointed[1:]  # the first has no moments yet
        for kind in ("network", "optimizer")
        for array in checkpoint.arrays[kind].values()
    )
    # the estimate is that of images of three channels, these have one
    assert kept == pytest.approx(size.checkpoint_bytes * (size.checkpoints - 1) / size.checkpoints,
                                 rel=0.03)  # fmt: skip


def test_it_is_said_in_a_sentence() -> None:
    assert recording_size(TrainingConfig(), 1438, 359).sentence() == (
        "Each run records about 29 frames (5 MB), 13 times all test images (less than 1 MB) and 13 "
        "checkpoints (6 MB)."
    )
    many = recording_size(TrainingConfig(steps=20_000, eval_every=500), 59_551, 60_502)
    assert ", 41 times all test images (357 MB) and 21 checkpoints (10 MB)." in many.sentence()


def test_the_weights_of_a_network_that_was_made_are_counted() -> None:
    few = recording_size(TrainingConfig(network="timm:test_vit"), 1438, 359, 1000)
    assert few.checkpoint_bytes == few.checkpoints * 1000 * 4 * 3
