"""The compiled loops against torch's own operations and, through those, the oracle.

All other tests of the N-pair and angular losses on the CPU run the compiled loops already.
"""

import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import torch
from loss_cases import BATCHES, SYMMS, Batch, batch, expect, picks_of, relative_error, run
from numba.core.dispatcher import Dispatcher
from torch import Tensor

from symmcore.compiled.jit import Threads
from symmcore.losses import LossResult, Symm, build_loss
from symmcore.losses.backends.numba import availability as compiled
from symmcore.losses.backends.numba import log_sum as compiled_log_sum
from symmcore.losses.log_sum import LogSumLoss

NAMES = ["npair", "angular"]
KERNEL_FILES = ["both_orders", "gradient", "gram", "own", "picks", "points", "search", "sums"]
WITH_SYMM = {name: symm for name, symm in SYMMS.items() if symm is not None}
SEVERAL_TILES = batch([c % 40 for c in range(301)], dim=9, seed=8)  # 140 groups and leftovers


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LogSumLoss, "compiled", False)


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("data", BATCHES.values(), ids=BATCHES)
@pytest.mark.parametrize("symm", WITH_SYMM.values(), ids=WITH_SYMM)
@pytest.mark.parametrize("name", NAMES)
def test_torchs_own_operations_are_exact(name: str, symm: Symm, data: Batch) -> None:
    result, gradient = run(name, symm, data.embeddings, data.labels)
    loss, expected, judge = expect(name, symm, data.embeddings, data.labels)
    assert picks_of(result) == judge.picked
    assert relative_error(result.loss.detach(), loss) < 1e-10
    assert relative_error(gradient, expected) < 1e-10


def use_threads(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the loops run on that many threads, if numba has them."""
    monkeypatch.setattr(compiled_log_sum, "threads_for", lambda _: Threads(count))


def both(
    name: str, symm: Symm, embeddings: Tensor, labels: Tensor, monkeypatch: pytest.MonkeyPatch
) -> list[tuple[LossResult, Tensor]]:
    """Loss and gradient compiled, then by torch's own operations."""
    found = []
    for value in (True, False):
        monkeypatch.setattr(LogSumLoss, "compiled", value)
        found.append(run(name, symm, embeddings, labels))
    return found


@pytest.mark.parametrize("in_turn", [True, False])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("dim", [31, 32, 33, 64, 65, 130])
@pytest.mark.parametrize("name", NAMES)
def test_dimensions_of_several_chunks(
    name: str, dim: int, dtype: torch.dtype, in_turn: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups = torch.arange(65)
    labels = groups.repeat_interleave(2) if in_turn else groups.repeat(2)
    generator = torch.Generator().manual_seed(dim)
    embeddings = 0.3 * torch.randn(130, dim, dtype=dtype, generator=generator)
    (found, gradient), (expected, by_torch) = both(name, Symm(), embeddings, labels, monkeypatch)
    error = 1e-12 if dtype == torch.float64 else 1e-5
    assert relative_error(found.loss.detach().double(), expected.loss.detach().double()) < error
    assert relative_error(gradient.double(), by_torch.double()) < error


@pytest.mark.parametrize("groups", [65, 129, 258, 300])
def test_pairs_that_follow_one_another_over_several_tiles_and_blocks(
    groups: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_threads(2, monkeypatch)
    embeddings = torch.randn(
        2 * groups, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0)
    )
    labels = torch.arange(groups).repeat_interleave(2)
    for given in (embeddings, embeddings.T.contiguous().T):
        (found, gradient), (expected, by_torch) = both("npair", Symm(), given, labels, monkeypatch)
        assert picks_of(found) == picks_of(expected)
        assert relative_error(gradient, by_torch) < 1e-12


@pytest.mark.parametrize("symm", [*WITH_SYMM.values(), Symm(rank=3)], ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_several_tiles_and_threads(name: str, symm: Symm, monkeypatch: pytest.MonkeyPatch) -> None:
    use_threads(3, monkeypatch)
    (found, gradient), (expected, by_torch) = both(
        name, symm, SEVERAL_TILES.embeddings, SEVERAL_TILES.labels, monkeypatch
    )
    assert picks_of(found) == picks_of(expected)
    assert relative_error(found.loss.detach(), expected.loss.detach()) < 1e-12
    assert relative_error(gradient, by_torch) < 1e-12


@pytest.mark.parametrize("name", NAMES)
def test_float32_over_several_tiles(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (found, gradient), (expected, by_torch) = both(
        name, Symm(), SEVERAL_TILES.embeddings.float(), SEVERAL_TILES.labels, monkeypatch
    )
    assert found.loss.dtype == gradient.dtype == torch.float32
    assert relative_error(found.loss.detach(), expected.loss.detach().double()) < 1e-6
    assert relative_error(gradient, by_torch.double()) < 1e-5


@pytest.mark.parametrize("name", NAMES)
def test_how_many_threads_there_are_changes_no_bit(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gradients = []
    for threads in (1, 2, 4):
        use_threads(threads, monkeypatch)
        embeddings = SEVERAL_TILES.embeddings.float()
        gradients.append(run(name, Symm(), embeddings, SEVERAL_TILES.labels)[1])
    assert torch.equal(gradients[0], gradients[1])
    assert torch.equal(gradients[0], gradients[2])


@pytest.mark.parametrize("name", NAMES)
def test_without_numba_it_computes_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = BATCHES["repeated classes and leftovers"]
    found, gradient = run(name, Symm(), data.embeddings, data.labels)
    monkeypatch.setattr(compiled, "_has_numba", lambda: False)
    assert not compiled.serves(data.embeddings)
    expected, by_torch = run(name, Symm(), data.embeddings, data.labels)
    assert relative_error(found.loss.detach(), expected.loss.detach()) < 1e-12
    assert relative_error(gradient, by_torch) < 1e-12


def test_what_the_loops_take() -> None:
    assert compiled.serves(torch.zeros(1, 1))
    assert compiled.serves(torch.zeros(1, 1).double())
    assert not compiled.serves(torch.zeros(1, 1).half())
    assert not compiled.serves(torch.zeros(1, 1, device="meta"))


def test_embeddings_need_not_be_contiguous() -> None:
    data = BATCHES["one group a class"]
    turned = data.embeddings.T.contiguous().T
    assert not turned.is_contiguous()
    loss = build_loss("npair", Symm())
    torch.testing.assert_close(loss(turned, data.labels), loss(data.embeddings, data.labels))


@pytest.mark.parametrize("value", ["True", "False"])
def test_torchs_default_device_does_not_matter(value: str) -> None:
    """In a process of its own: tables that are made at the first use are kept."""
    program = f"""
loss.compiled = {value}
with torch.device("meta"):
    found = loss(e, l)
    found.backward()
print(bool(found.isfinite()), bool(e.grad.isfinite().all()))
"""
    assert in_a_process(program) == "True True"


def test_embeddings_may_be_a_view_that_negates() -> None:
    data = BATCHES["one group a class"]
    loss = build_loss("npair", Symm())
    # torch has no public way to make one but from complex numbers.
    negated = torch.complex(data.embeddings, -data.embeddings).conj().imag
    assert negated.is_neg()
    torch.testing.assert_close(loss(negated, data.labels), loss(data.embeddings, data.labels))


def test_a_program_that_torch_traces_gets_torchs_own_operations() -> None:
    program = """
traced = torch.compile(lambda embeddings: loss(2 * embeddings, l), backend="eager")
print(torch.allclose(traced(e), loss(2 * e, l)))
"""
    assert in_a_process(program) == "True"


def test_the_weight_of_the_norms_is_one_for_all_ways() -> None:
    loss = build_loss("npair", Symm())
    assert isinstance(loss, LogSumLoss)
    with pytest.raises(AttributeError):
        loss.l2_reg = 1.0  # type: ignore[misc]  # that it cannot be set is what is tested
    assert loss.l2_reg == 0.002


def test_a_numba_that_is_told_not_to_compile_is_not_used() -> None:
    program = "loss(e, l).backward(); print(bool(e.grad.isfinite().all()))"
    assert in_a_process(program, NUMBA_DISABLE_JIT="1") == "True"


def test_a_loss_beyond_float32_is_infinite_without_a_warning() -> None:
    embeddings = 6.3e18 * torch.tensor([[1.0, 0.0], [-1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]])
    loss = build_loss("angular", Symm())(embeddings, torch.tensor([0, 0, 1, 1]))
    assert loss == float("inf")


@pytest.mark.parametrize("scale", [1e15, 1e19, 1e30, float("inf"), float("nan")])
def test_what_overflows_is_no_number_and_no_warning(scale: float) -> None:
    generator = torch.Generator().manual_seed(0)
    embeddings = (scale * torch.randn(64, 16, generator=generator)).requires_grad_()
    loss = build_loss("npair", Symm())(embeddings, torch.arange(32).repeat(2))
    loss.backward()
    assert loss.isfinite() == (scale == 1e15)


def test_the_gradient_of_a_scaled_loss_is_scaled() -> None:
    data = BATCHES["one group a class"]
    leaf = data.embeddings.clone().requires_grad_()
    (3.0 * build_loss("npair", Symm())(leaf, data.labels)).backward()
    _, once = run("npair", Symm(), data.embeddings, data.labels)
    torch.testing.assert_close(leaf.grad, 3.0 * once)


def test_the_gradient_may_be_taken_twice() -> None:
    data = BATCHES["one group a class"]
    leaf = data.embeddings.clone().requires_grad_()
    loss = build_loss("npair", Symm())(leaf, data.labels)
    (once,) = torch.autograd.grad(loss, leaf, retain_graph=True)
    kept = once.clone()
    once.zero_()  # what was handed out belongs to the caller
    (again,) = torch.autograd.grad(2.0 * loss, leaf)
    torch.testing.assert_close(again, 2.0 * kept)
    with pytest.raises(RuntimeError, match="a second time"):
        torch.autograd.grad(loss, leaf)  # as with any graph that was not retained


def test_a_gradient_that_nobody_wants_is_not_kept() -> None:
    class Ends(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, loss: Tensor) -> Tensor:
            return loss.clone()

        @staticmethod
        def backward(ctx: Any, grad: Tensor) -> None:
            return None

    data = BATCHES["one group a class"]
    loss = build_loss("npair", Symm())(data.embeddings.clone().requires_grad_(), data.labels)
    Ends.apply(loss).backward()
    with pytest.raises(RuntimeError, match="a second time"):
        loss.backward()


def test_the_second_gradient_is_not_that_of_embeddings_changed_since() -> None:
    data = BATCHES["one group a class"]
    leaf = data.embeddings.clone().requires_grad_()
    loss = build_loss("npair", Symm())(leaf, data.labels)
    loss.backward(retain_graph=True)
    with torch.no_grad():
        leaf.mul_(2.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@pytest.mark.parametrize("leave", [torch.no_grad, torch.inference_mode])
def test_without_a_gradient_it_is_the_same_loss(
    leave: Callable[[], AbstractContextManager[None]],
) -> None:
    data = BATCHES["one group a class"]
    leaf = data.embeddings.clone().requires_grad_()
    loss = build_loss("npair", Symm())
    with leave():
        found = loss(leaf, data.labels)
    assert not found.requires_grad
    assert torch.equal(found, loss(leaf, data.labels).detach())


def test_torchs_threads_and_numbas_stay_as_they_were() -> None:
    program = """
import numba, torch
from symmcore.losses import NPairLoss, Symm
torch.set_num_threads(2)
numba.set_num_threads(1)
NPairLoss(symm=Symm())(torch.randn(128, 8), torch.arange(64).repeat(2))
print(torch.get_num_threads(), numba.get_num_threads())
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120
    )
    assert ran.stdout.split() == ["2", "1"]


def in_a_process(program: str, **environment: str) -> str:
    """What a program prints that has the losses at hand."""
    head = "import os, sys, threading, torch\nfrom symmcore.losses import NPairLoss, Symm\n"
    head += "loss = NPairLoss(symm=Symm())\ne = torch.randn(128, 8, requires_grad=True)\n"
    head += "l = torch.arange(64).repeat(2)\n"
    ran = subprocess.run(
        [sys.executable, "-c", head + program],
        capture_output=True, text=True, check=False, timeout=300, env=os.environ | environment,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


def test_numbas_own_threads_are_entered_by_one_thread_at_a_time() -> None:
    program = """
def work():
    for _ in range(20): loss(e, l).backward()
threads = [threading.Thread(target=work) for _ in range(4)]
for t in threads: t.start()
for t in threads: t.join()
from numba.np.ufunc.parallel import threading_layer
print(threading_layer())
"""
    assert in_a_process(program, NUMBA_THREADING_LAYER="workqueue") == "workqueue"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system knows no fork")
def test_a_forked_process_computes_without_the_threads_it_has_not() -> None:
    program = """
torch.set_num_threads(1)
expected = loss(e, l).item()
child = os.fork()
if child == 0:
    found = loss(e, l).item()
    os._exit(0 if abs(found - expected) < 1e-5 else 1)
print(os.waitpid(child, 0)[1])
"""
    assert in_a_process(program) == "0"


@pytest.mark.parametrize("name", KERNEL_FILES)
def test_no_kernel_calls_one_of_another_package(name: str) -> None:
    """So a file is compiled anew when it changes, or what it imports, and no others are."""
    package = "symmcore.losses.backends.numba.kernels"
    module = importlib.import_module(f"{package}.{name}")
    kernels = {k: v for k, v in vars(module).items() if isinstance(v, Dispatcher)}
    assert module.__name__ in {v.py_func.__module__ for v in kernels.values()}
    assert {v.py_func.__module__.rpartition(".")[0] for v in kernels.values()} == {package}
    files = {path.stem for path in Path(module.__file__ or "").parent.glob("*.py")}
    assert files == {"__init__", "chunks", *KERNEL_FILES}


def test_several_threads_may_compute_losses_at_once() -> None:
    data = SEVERAL_TILES
    expected = run("npair", Symm(), data.embeddings, data.labels)[1]
    with ThreadPoolExecutor(4) as pool:
        found = [pool.submit(run, "npair", Symm(), data.embeddings, data.labels) for _ in range(16)]
        assert all(torch.equal(one.result()[1], expected) for one in found)


def test_a_numba_that_cannot_be_imported_is_done_without_and_said_once(tmp_path: Path) -> None:
    (tmp_path / "numba").mkdir()
    (tmp_path / "numba" / "__init__.py").write_text("raise ImportError('NumPy is too new')")
    program = """
import warnings
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    loss(e, l).backward(); loss(e, l).backward()
print(e.grad.isfinite().all().item(), [str(one.message)[:46] for one in said])
"""
    paths = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    found = in_a_process(program, PYTHONPATH=paths)
    assert found == "True ['numba cannot be used (NumPy is too new): the l']"


@pytest.mark.parametrize(
    "setting", [{"NUMBA_THREADING_LAYER": "nonsense"}, {"NUMBA_NUM_THREADS": "0"}]
)
def test_threads_that_numba_cannot_start_are_done_without_and_said(setting: dict[str, str]) -> None:
    program = """
import warnings
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    loss(e, l).backward(); loss(e, l).backward()
print(e.grad.isfinite().all().item(), [str(one.message)[:20] for one in said])
"""
    assert in_a_process(program, **setting) == "True ['numba cannot be used']"
