"""The loops of the README: each records what the window shows, in a few lines."""

from pathlib import Path

import torch
from pytorch_metric_learning.losses import NPairsLoss

from symmcore.data.sources.digits import load_digits
from symmcore.runs import Recorder, open_runs
from symmcore.runs.formats.info import RunStatus


def watched() -> tuple[torch.Tensor, torch.Tensor]:
    """Forty small images and their labels."""
    dataset = load_digits(0)
    chosen = dataset.test[:40]
    images = torch.tensor(dataset.images.read(chosen))
    return images, torch.tensor(dataset.labels[chosen])


def small_network(images: torch.Tensor) -> torch.nn.Module:
    torch.manual_seed(0)
    pixels = images[0].numel()
    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(pixels, 8))


def check(run: Path, loss: str) -> None:
    (recording,) = open_runs(run)
    state = recording.state
    assert state.status is RunStatus.FINISHED
    assert state.frame_steps == (0, 5, 10)
    assert set(state.metrics) == {loss, "test_recall_at_1"}
    assert state.metrics[loss].values[-1] < state.metrics[loss].values[0]
    assert recording.frame(10).test.points.embeddings.shape == (40, 8)
    assert recording.thumbnail(3).shape == (8, 8, 1)


def test_with_plain_torch(tmp_path: Path) -> None:
    images, labels = watched()
    network = small_network(images)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    with Recorder(tmp_path / "mine", labels=labels, images=images.numpy()) as recorder:
        recorder.frame(0, network(images / 255))
        for step in range(1, 11):
            embeddings = torch.nn.functional.normalize(network(images / 255))
            same = labels[:, None] == labels
            loss = -(embeddings @ embeddings.T / 0.1).log_softmax(1)[same].mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            recorder.scalars(step, loss=loss.item())
            if step % 5 == 0:
                recorder.frame(step, network(images / 255))
    check(tmp_path / "mine", "loss")


def test_with_pytorch_metric_learning(tmp_path: Path) -> None:
    images, labels = watched()
    network = small_network(images)
    optimizer, loss_of = torch.optim.Adam(network.parameters(), lr=1e-2), NPairsLoss()
    with Recorder(tmp_path / "mine", labels=labels, images=images.numpy()) as recorder:
        recorder.frame(0, network(images / 255))
        for step in range(1, 11):
            loss = loss_of(network(images / 255), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            recorder.scalars(step, npair=loss.item())
            if step % 5 == 0:
                recorder.frame(step, network(images / 255))
    check(tmp_path / "mine", "npair")
