"""What README shows runs."""

from pathlib import Path

import numpy as np
import pytest
from helpers_readme import code_with
from helpers_training import add_dataset
from PIL import Image

from symmcore.runs import Recording
from symmcore.runs.writing.training_recorder import TrainingRecorder
from symmcore.training.config import TrainingConfig
from symmcore.training.control import Control
from symmcore.training.trainer import Trainer


def executed(code: str) -> dict[str, object]:
    names: dict[str, object] = {}
    exec(code, names)  # noqa: S102 - our own README
    return names


def test_the_losses_in_your_own_loop() -> None:
    names = executed(code_with("NPairLoss"))
    weights = names["network"].weight  # type: ignore[attr-defined]  # of the executed code
    assert weights.grad is not None
    assert weights.grad.isfinite().all()


def test_the_trained_network_in_three_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    add_dataset(monkeypatch)
    config = TrainingConfig(dataset="tiny", steps=1, batch_size=12, dim=8, threads=1, device="cpu")
    recorder = TrainingRecorder(Path("my-run"), config)
    Trainer(config, recorder).run(Control())
    recorder.close()
    Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save("photo.jpg")
    embedding = executed(code_with("load_network"))["embedding"]
    assert tuple(embedding.shape) == (1, 8)  # type: ignore[attr-defined]  # of the executed code


def test_a_loop_of_ones_own_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    executed(code_with("Recorder("))
    recording = Recording.open(Path("runs/mine"))
    recording.poll()
    assert recording.state.frame_steps == (50, 100)
    assert len(recording.state.metrics["loss"].steps) == 100
    assert recording.frame(100).test.points.embeddings.shape == (40, 8)
