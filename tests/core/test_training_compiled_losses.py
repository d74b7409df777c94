"""The loops of the losses are compiled in a subprocess, and after the first picture."""

import contextlib
from collections.abc import Callable, Iterator

import pytest
import torch
from helpers_training import Recorder, tiny_config

from symmcore.errors import DegradedWarning, warn_once
from symmcore.losses import LiftedStructureLoss, NPairLoss, Symm
from symmcore.processes import CallError
from symmcore.progress import Progress, ignore_progress
from symmcore.training import compiled_losses
from symmcore.training.compiled_losses import has_loops, load_loops
from symmcore.training.control import Control
from symmcore.training.learner import Learner
from symmcore.training.spec import parse_spec
from symmcore.training.status import FinishReason
from symmcore.training.trainer import Trainer

code_cache = pytest.importorskip("symmcore.compiled.code_cache", reason="numba compiles")

CPU = torch.device("cpu")
SPECS = (parse_spec("npair+symm:rank=2"), parse_spec("angular+symm"))


class Loops:
    """Loops that are kept once the subprocess has compiled them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.kept, self.can_cache, self.compiled_here = False, True, 0
        self.asked: list[tuple[Callable[..., None], tuple[str, ...]]] = []
        self.error: Exception | None = None
        monkeypatch.setattr(compiled_losses, "call_in_subprocess", self._call)
        monkeypatch.setattr(code_cache, "can_cache", lambda: self.can_cache)

    def warm_up(self) -> None:
        if self.kept:
            return
        if code_cache._KEPT_ONLY.get():
            raise code_cache.NotCachedError
        self.compiled_here += 1

    def _call(
        self, function: Callable[..., None], arguments: tuple[str, ...], look: Callable[[], None]
    ) -> None:
        self.asked.append((function, arguments))
        look()
        if self.error is not None:
            raise self.error
        self.kept = True


@pytest.fixture
def loops(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loops]:
    warn_once.cache_clear()
    yield Loops(monkeypatch)
    warn_once.cache_clear()


def test_what_is_kept_is_loaded(loops: Loops) -> None:
    loops.kept = True
    load_loops(loops.warm_up, SPECS, ignore_progress)
    assert loops.asked == []


def test_what_is_not_is_compiled_in_a_subprocess_with_progress(loops: Loops) -> None:
    told: list[Progress] = []
    load_loops(loops.warm_up, SPECS, told.append)
    names = ("npair+symm:rank=2", "angular+symm")
    assert loops.asked == [(compiled_losses.compile_loops, names)]
    assert loops.compiled_here == 0
    assert told[0].sentence().endswith("in seconds: 0 of about 20")


def test_where_nothing_can_be_kept_it_is_compiled_here_alone(loops: Loops) -> None:
    loops.can_cache = False
    load_loops(loops.warm_up, SPECS, ignore_progress)
    assert (loops.asked, loops.compiled_here) == ([], 1)


def test_a_subprocess_that_fails_is_said_and_costs_no_training(loops: Loops) -> None:
    loops.error = CallError("it was killed")
    with pytest.warns(DegradedWarning, match="compiled here.*it was killed"):
        load_loops(loops.warm_up, SPECS, ignore_progress)
    assert loops.compiled_here == 1


def test_it_is_given_up_when_progress_raises_and_can_be_asked_for_again(loops: Loops) -> None:
    def stop(_: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_loops(loops.warm_up, SPECS, stop)
    assert loops.compiled_here == 0
    load_loops(loops.warm_up, SPECS, ignore_progress)
    assert loops.kept


def test_which_losses_have_loops() -> None:
    assert has_loops(NPairLoss(symm=Symm()), CPU)
    assert not has_loops(NPairLoss(), CPU)
    assert not has_loops(LiftedStructureLoss(symm=Symm()), CPU)


@pytest.mark.usefixtures("tiny")
class TestTraining:
    def test_the_first_picture_comes_before_the_losses_are_compiled(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pictures: list[int] = []
        sink = Recorder()
        monkeypatch.setattr(Learner, "warm_up", lambda _: pictures.append(len(sink.evaluations())))
        Trainer(tiny_config("npair", "npair+symm", steps=2), sink).run(Control())
        assert set(pictures) == {1}

    def test_a_stop_while_it_is_compiled_ends_the_training_as_any_other(
        self, loops: Loops, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        control, sink = Control(), Recorder()

        def stopped(_: Learner) -> None:
            control.stop()
            loops.warm_up()

        monkeypatch.setattr(Learner, "warm_up", stopped)
        status = Trainer(tiny_config("npair+symm", steps=2), sink).run(control)
        assert (status.reason, status.step) == (FinishReason.STOPPED, 0)
        assert len(loops.asked) == 1


def test_inside_kept_only_nothing_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    from symmcore.compiled.jit import kernel

    monkeypatch.setattr(code_cache, "_folder", lambda _: None)  # what an earlier test kept

    @kernel
    def twice(value: float) -> float:
        return 2 * value

    with code_cache.cached_only(), contextlib.suppress(code_cache.NotCachedError):
        twice(2.0)
        pytest.fail("it was compiled")
    assert twice(3.0) == 6
