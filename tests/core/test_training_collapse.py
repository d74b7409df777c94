"""The collapse doctor on series that trainings recorded, and on made ones."""

import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from symmcore.training.collapse import Doctor, Finding, HealthSeries, Symptom, findings
from symmcore.training.remedies import describe_finding, remedies
from symmcore.training.spec import parse_spec

STEPS = 60
# The first steps of trainings with the network "small" that was the default when they were
# recorded, in columns of 4 digits; so was the learning rate of 1e-3.
RECORDED = json.loads((Path(__file__).parent / "collapse_runs.json").read_text())
COLLAPSED = [name for name in RECORDED if RECORDED[name]["collapses"]]
SOUND = [name for name in RECORDED if not RECORDED[name]["collapses"]]


def recorded(name: str) -> HealthSeries:
    columns = {key: np.array(value) for key, value in RECORDED[name]["columns"].items()}
    steps = np.arange(1.0, 1 + len(columns["loss"]))
    return HealthSeries.of({key: (steps, values) for key, values in columns.items()})


def sound(**changed: object) -> HealthSeries:
    """A run that learns well, but for what is changed: numbers or arrays, None for not recorded."""
    steps = np.arange(1.0, 1 + STEPS)
    columns: dict[str, object] = {
        "loss": np.linspace(4.1, 2.0, STEPS),
        "trivial_loss": 4.07,
        "mean_norm": np.linspace(0.5, 3.0, STEPS),
        "within_cosine": np.linspace(0.95, 0.8, STEPS),
        "between_cosine": np.linspace(0.95, 0.2, STEPS),
        "gradient_norm": 1.0,
        "learning_rate": 1e-3,
    } | changed
    return HealthSeries.of(
        {
            name: (steps, np.broadcast_to(np.asarray(values, dtype=np.float64), STEPS))
            for name, values in columns.items()
            if values is not None
        }
    )


def from_step(step: int, before: float, after: float) -> np.ndarray:
    return np.where(np.arange(1, 1 + STEPS) < step, before, after)


def norms_collapse(step: int) -> HealthSeries:
    return sound(loss=from_step(step, 3.0, 4.073), mean_norm=from_step(step, 1.0, 0.05))


def directions_collapse(step: int) -> HealthSeries:
    return sound(
        loss=from_step(step, 2.0, 4.1),
        between_cosine=from_step(step, 0.6, 0.9995),
        zero_terms=0.0,
    )


def symptoms(series: HealthSeries) -> list[Symptom]:
    return [finding.symptom for finding in findings(series)]


@pytest.mark.parametrize("name", COLLAPSED)
def test_collapses_of_the_former_defaults_are_named_within_20_steps(name: str) -> None:
    first = findings(recorded(name))[0]
    assert first.symptom is (Symptom.DIRECTIONS if "triplet" in name else Symptom.NORMS)
    assert 1 <= first.since <= first.named < 20
    assert first.trivial_loss == pytest.approx(RECORDED[name]["columns"]["trivial_loss"][0])


@pytest.mark.parametrize("name", SOUND)
def test_trainings_that_learn_raise_no_alarm(name: str) -> None:
    assert findings(recorded(name)) == ()


def test_a_made_run_that_learns_raises_no_alarm() -> None:
    assert findings(sound()) == ()
    assert findings(sound(zero_terms=0.5)) == ()


@pytest.mark.parametrize("step", [20, 45])
def test_a_collapse_is_found_whenever_it_comes(step: int) -> None:
    expected = Finding(Symptom.NORMS, step, step + 7, None, 4.07)
    assert findings(norms_collapse(step)) == (expected,)
    expected = Finding(Symptom.DIRECTIONS, step, step + 15, None, 4.07)
    assert findings(directions_collapse(step)) == (expected,)


@pytest.mark.parametrize("make", [norms_collapse, directions_collapse])
def test_before_the_first_step_there_is_nothing_to_have_fallen_from(
    make: Callable[[int], HealthSeries],
) -> None:
    assert findings(make(1)) == ()


@pytest.mark.parametrize("make", [norms_collapse, directions_collapse])
@pytest.mark.parametrize("size", [1, 3, 7, 59])
@pytest.mark.parametrize("at_a_glance", [False, True])
def test_bit_by_bit_it_finds_the_same(make: type, size: int, at_a_glance: bool) -> None:
    for series in (make(20), recorded(COLLAPSED[0]), sound(gradient_norm=0.0)):
        doctor = Doctor()
        for begin in range(0, len(series.steps), size):
            part = slice(begin, begin + size)
            some = [getattr(series, field.name)[part] for field in fields(series)]
            if not (at_a_glance and doctor.take_sound(list(zip(*some, strict=True)))):
                doctor.take(HealthSeries(*some))
        assert doctor.findings == findings(series)


@pytest.mark.parametrize("size", [1, 4])
def test_at_a_glance_nothing_is_missed_in_recorded_runs(size: int) -> None:
    glances = 0
    for name in (*COLLAPSED, *SOUND):
        series = recorded(name)
        doctor, columns = Doctor(), [getattr(series, field.name) for field in fields(series)]
        for begin in range(0, len(series.steps), size):
            some = [column[begin : begin + size] for column in columns]
            if doctor.take_sound(list(zip(*some, strict=True))):
                glances += 1
            else:
                doctor.take(HealthSeries(*some))
        assert doctor.findings == findings(series), name
    assert glances


def test_one_that_ends_is_told_with_its_end() -> None:
    loss = from_step(10, 3.0, 4.073)
    norm = from_step(10, 1.0, 0.05)
    loss[29:], norm[29:] = 2.0, 2.0
    (finding,) = findings(sound(loss=loss, mean_norm=norm))
    assert (finding.since, finding.named, finding.until) == (10, 17, 30)
    assert "from step 10 until step 30:" in describe_finding(finding)


def test_a_loss_that_only_passes_its_trivial_value_is_none() -> None:
    norm = np.linspace(5.0, 0.5, STEPS)
    loss = np.linspace(6.0, 1.0, STEPS)
    assert findings(sound(loss=loss, mean_norm=norm)) == ()


def test_small_norms_are_no_collapse_where_the_loss_normalises() -> None:
    series = norms_collapse(20)
    changed = sound(loss=series.loss, mean_norm=series.mean_norm, zero_terms=0.0)
    assert findings(changed) == ()


class TestWhatIsNoCollapse:
    def test_a_learning_rate_of_0(self) -> None:
        assert symptoms(sound(loss=4.07, learning_rate=0.0)) == [Symptom.NO_RATE]

    @pytest.mark.parametrize("every", [1, 10])
    def test_a_frozen_network(self, every: int) -> None:
        gradient = np.full(STEPS, np.nan)
        gradient[::every] = 0.0
        (finding,) = findings(sound(loss=4.07, gradient_norm=gradient))
        assert (finding.symptom, finding.named) == (Symptom.FROZEN, 8)

    def test_a_loss_with_nothing_left_to_learn_is_nothing(self) -> None:
        assert findings(sound(loss=0.0, gradient_norm=0.0, zero_terms=1.0)) == ()

    def test_batches_of_one_class(self) -> None:
        assert symptoms(sound(between_cosine=None)) == [Symptom.ONE_CLASS]

    def test_batches_of_single_images(self) -> None:
        assert symptoms(sound(within_cosine=None)) == [Symptom.NO_PAIRS]

    def test_a_run_that_recorded_none_of_it(self) -> None:
        loss = (np.arange(1.0, 50.0), np.full(49, 4.07))
        assert findings(HealthSeries.of({"loss": loss})) == ()
        assert findings(HealthSeries.of({})) == ()


class TestWhatToTry:
    def specs(self, spec: str, symptom: Symptom = Symptom.NORMS, rate: float = 1e-3) -> list[str]:
        found = Finding(symptom, 5, 12)
        return [one.spec.name for one in remedies(found, parse_spec(spec), rate)]

    def test_the_learning_rate_comes_first(self) -> None:
        assert self.specs("npair+symm") == [
            "npair+symm:lr=0.0003",
            "npair+symm:rank=2",
            "npair+symm:pairs=official",
            "npair+symm:l2_reg=0",
            "triplet-semihard+symm",
        ]
        assert self.specs("angular:lr=0.01", rate=0.01)[0] == "angular:lr=0.003"

    def test_what_a_run_has_is_not_tried(self) -> None:
        assert self.specs("npair+symm:rank=3,pairs=official,l2_reg=0") == [
            "npair+symm:rank=3,pairs=official,l2_reg=0,lr=0.0003",
            "triplet-semihard+symm",
        ]
        assert self.specs("triplet-semihard", Symptom.DIRECTIONS) == ["triplet-semihard:lr=0.0003"]

    def test_only_settings_that_help_are_named(self) -> None:
        assert self.specs("npair", Symptom.NO_RATE) == ["npair:lr=0.001"]
        assert self.specs("npair", Symptom.FROZEN) == []

    @pytest.mark.parametrize("symptom", Symptom)
    def test_it_is_one_sentence_with_the_step(self, symptom: Symptom) -> None:
        sentence = describe_finding(Finding(symptom, 1234, 1242, trivial_loss=4.0700001))
        assert "since step 1,234" in sentence
        assert sentence.endswith(".")
        assert ("rests at 4.07," in sentence) == symptom.is_collapse
        assert ("collapsing" in sentence) == symptom.is_collapse


def test_another_loss_keeps_what_else_the_run_says() -> None:
    found = Finding(Symptom.NORMS, 1, 8)
    other = remedies(found, parse_spec("npair+symm:dim=32,lr=0.01,rank=2"), 0.01)[-1]
    assert other.spec == parse_spec("triplet-semihard+symm:dim=32,lr=0.01")
