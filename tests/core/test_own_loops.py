"""Training loops as users have them, recorded: what the README shows of them."""

import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers_readme import code_with

from symmcore.runs import Recorder, open_runs
from symmcore.runs.formats.info import RunStatus

PLAIN = """
import numpy as np
import torch
from symmcore.runs import Recorder

torch.manual_seed(0)
images = np.random.default_rng(0).integers(0, 256, (60, 16, 16), dtype=np.uint8)
labels = torch.arange(60) % 6
inputs = torch.from_numpy(images / 255).float()
network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(256, 8))
optimizer = torch.optim.Adam(network.parameters())
criterion = torch.nn.TripletMarginLoss()
with Recorder("runs/mine", labels=labels, images=images) as recorder:
    for step in range(1, 101):
        anchors = torch.randperm(60)[:30]
        triplets = (anchors, (anchors + 6) % 60, (anchors + 1) % 60)
        loss = criterion(*(network(inputs[chosen]) for chosen in triplets))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        recorder.scalars(step, loss=loss, learning_rate=optimizer.param_groups[0]["lr"])
        if step % 10 == 0:
            with torch.no_grad():
                recorder.frame(step, network(inputs))
"""

METRIC_LEARNING = """
import numpy as np
import torch
from pytorch_metric_learning.losses import MultiSimilarityLoss
from pytorch_metric_learning.miners import MultiSimilarityMiner
from symmcore.runs import Recorder

torch.manual_seed(0)
images = np.random.default_rng(0).integers(0, 256, (60, 16, 16), dtype=np.uint8)
labels = torch.arange(60) % 6
inputs = torch.from_numpy(images / 255).float()
network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(256, 8))
optimizer = torch.optim.Adam(network.parameters())
miner, criterion = MultiSimilarityMiner(), MultiSimilarityLoss()
with Recorder("runs/mine", labels=labels, images=images) as recorder:
    for step in range(1, 101):
        batch = torch.randperm(60)[:30]
        embeddings = network(inputs[batch])
        pairs = miner(embeddings, labels[batch])
        loss = criterion(embeddings, labels[batch], pairs)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        recorder.scalars(step, loss=loss, positive_pairs=len(pairs[0]))
        if step % 10 == 0:
            with torch.no_grad():
                recorder.frame(step, network(inputs))
"""


@pytest.mark.parametrize(
    ("code", "metrics"),
    [(PLAIN, {"loss", "learning_rate"}), (METRIC_LEARNING, {"loss", "positive_pairs"})],
    ids=["plain", "pytorch-metric-learning"],
)
def test_a_loop(code: str, metrics: set[str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    (run,) = open_runs(tmp_path / "runs/mine")
    assert run.state.status is RunStatus.FINISHED
    assert run.state.frame_steps == tuple(range(10, 101, 10))
    assert metrics | {"test_recall_at_1"} <= set(run.state.metrics)
    losses = run.state.metrics["loss"].values
    assert len(losses) == 100
    assert losses[-10:].mean() < losses[:10].mean()
    assert run.thumbnail(59).shape[:2] == (16, 16)


def test_a_callback_of_lightning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Called as Lightning calls it, which need not be installed: two batches to a step."""
    lightning = types.ModuleType("lightning")
    lightning.__dict__["Callback"] = object
    monkeypatch.setitem(sys.modules, "lightning", lightning)
    code = code_with("lightning")
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - our own README
    network = torch.nn.Sequential(torch.nn.Linear(4, 2), torch.nn.Dropout())
    network.__dict__["device"] = torch.device("cpu")  # as a LightningModule has it
    inputs = torch.randn(6, 4)
    with Recorder(tmp_path / "run", labels=[0, 0, 1, 1, 2, 2]) as recorder:
        callback = names["Watch"](recorder, inputs, every=3)
        for batch in range(20):
            trainer = types.SimpleNamespace(global_step=batch // 2 + 1)
            callback.on_train_batch_end(trainer, network, {"loss": torch.ones(())}, None, batch)
    assert network.training
    (run,) = open_runs(tmp_path / "run")
    assert run.state.frame_steps == (1, 4, 7, 10)
    expected = network.eval()(inputs).detach().numpy()
    np.testing.assert_array_equal(run.frame(10).test.points.embeddings, expected)
    assert len(code[code.index("class") :].splitlines()) < 15
