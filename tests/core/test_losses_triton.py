"""The kernels for CUDA, in Triton's interpreter, against float64 loops and eager torch."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from symmcore.losses import Symm
from symmcore.losses.backends.base import LogSum
from symmcore.losses.backends.torch.terms import Scales
from symmcore.losses.backends.triton import agreement
from symmcore.mining import pair_candidates, triplet_candidates

HELPERS = Path(__file__).parents[1] / "helpers"

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("triton") is None, reason="Triton comes with torch on Linux alone"
)


@pytest.fixture(scope="module")
def results() -> dict[str, dict[str, Any]]:
    environment = {**os.environ, "TRITON_INTERPRET": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    finished = subprocess.run(
        [sys.executable, str(HELPERS / "triton_cases.py")],
        env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    found: dict[str, dict[str, Any]] = json.loads(finished.stdout)
    return found


def test_loss_gradient_and_picks(results: dict[str, dict[str, Any]]) -> None:
    compared = {key: value for key, value in results.items() if "loss" in value}
    assert len(compared) == 2 * 2 * 4
    for key, value in compared.items():
        assert value["picks"], key
        assert value["loss"] < 1e-5, key
        assert value["gradient"] < 1e-4, key
        assert value["against eager"] < 1e-4, key


def test_identical_images_pick_originals(results: dict[str, dict[str, Any]]) -> None:
    tied = [value["originals alone"] for key, value in results.items() if "identical" in key]
    assert tied == [True, True]


def test_the_order_of_candidates(results: dict[str, dict[str, Any]]) -> None:
    """Every candidate alone, and each two that tie: the kernels have the order written out."""
    assert results["npair, order"] == {"wrong": []}
    assert results["angular, order"] == {"wrong": []}


def test_nan_is_not_hidden(results: dict[str, dict[str, Any]]) -> None:
    spoiled = [value["is NaN"] for key, value in results.items() if key.endswith("NaN")]
    assert spoiled == [True, True]


def test_the_kernels_are_looked_at_before_they_are_used(
    results: dict[str, dict[str, Any]],
) -> None:
    for name in ("npair", "angular"):
        found = results[f"{name}, agreement"]
        for passes in ("as they are", "under autocast", "without gradients"):
            assert found[passes] == "", (name, passes)
        assert "(their gradient is another)" in found["another gradient"], name
        assert "(their loss is another)" in found["another loss"], name
        assert "(they pick other points)" in found["another pick"], name
    agreement.agrees.cache_clear()
    with pytest.warns(UserWarning, match="computed by torch's own operations"):
        # Without the interpreter they do not run on a CPU.
        assert not agreement.agrees(torch.device("cpu"), pair_candidates("paper"))


def test_what_the_kernels_take() -> None:
    loss = LogSum(Symm(), pair_candidates("paper"), Scales(1.0, 1.0, 0.0))
    assert not agreement.serves(torch.zeros(4, 2), loss)  # not on a CUDA device


@pytest.mark.skipif(not torch.cuda.is_available(), reason="runs the kernels on a GPU")
def test_on_a_gpu_they_give_what_eager_torch_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    from symmcore.losses import build_loss

    labels = torch.arange(200) // 2
    points = torch.randn(200, 130, generator=torch.Generator().manual_seed(0)).cuda()
    for name, candidates in (("npair", pair_candidates), ("angular", triplet_candidates)):
        gradients = []
        for compiled in (True, False):
            leaf = points.clone().requires_grad_()
            loss = build_loss(name, Symm())
            monkeypatch.setattr(loss, "compiled", compiled)
            assert agreement.agrees(leaf.device, candidates("paper"))
            loss(leaf, labels).backward()
            gradients.append(leaf.grad)
        torch.testing.assert_close(*gradients, rtol=1e-3, atol=1e-5)
