"""What a training goes on from is read on a thread, and nothing stays open that is not trained."""

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, cast

import pytest

from symmcore.errors import InputError
from symmcore.runs.continuation import ContinuationPlan
from symmviz.services import continuing
from symmviz.services.continuing import Continuation, drop_continuation, prepare_continuation


class Recorder:
    def __init__(self, out: Path, config: object, **_: object) -> None:
        self.out, self.closed = out, False
        made.append(self)

    def close(self) -> None:
        self.closed = True


made: list[Recorder] = []


class Plan:
    config, out = None, None

    def __init__(self, check: Callable[[], None] = lambda: None) -> None:
        self.check_newest = check


@pytest.fixture(autouse=True)
def recorders(monkeypatch: pytest.MonkeyPatch) -> None:
    made.clear()
    monkeypatch.setattr(continuing, "TrainingRecorder", Recorder)


def prepare(plan: Plan) -> Continuation:
    given = cast("ContinuationPlan", plan)
    return prepare_continuation(lambda: given, lambda _: Path("out"), lambda _: None)


def refuse() -> None:
    raise InputError("It has a newer checkpoint.")


def test_what_cannot_go_on_leaves_nothing_open() -> None:
    with pytest.raises(InputError, match="newer checkpoint"):
        prepare(Plan(refuse))
    assert [one.closed for one in made] == [True]


@pytest.mark.parametrize("ends", ["made", "failed", "cancelled"])
def test_what_is_dropped_is_closed(ends: str) -> None:
    planned: Future[Any] = Future()
    planned.add_done_callback(drop_continuation)
    if ends == "made":
        planned.set_result(prepare(Plan()))
    elif ends == "failed":
        planned.set_exception(InputError("no run"))
    else:
        planned.cancel()
    assert [one.closed for one in made] == ([True] if ends == "made" else [])
