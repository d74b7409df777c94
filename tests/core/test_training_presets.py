import math
from typing import Any

import pytest

from symmcore.errors import InputError
from symmcore.settings.networks import NETWORKS
from symmcore.settings.presets import OFFICIAL, PAPER, PRESETS, Preset, preset
from symmcore.settings.schedule import Schedule
from symmcore.settings.setting import settings_of
from symmcore.settings.transforms import TransformSettings
from symmcore.training.config import TrainingConfig, preset_config


class TestSchedule:
    OFFICIAL = Schedule(halve_every=5_000, final_after=15_000, final_rate=1e-5)

    @pytest.mark.parametrize(
        ("step", "rate"),
        [
            (0, 1e-4),
            (4_999, 1e-4),
            (5_000, 5e-5),
            (9_999, 5e-5),
            (10_000, 2.5e-5),
            (14_999, 2.5e-5),
            (15_000, 1e-5),
            (15_001, 1e-5),
            (1_000_000, 1e-5),
        ],
    )
    def test_the_codes(self, step: int, rate: float) -> None:
        assert self.OFFICIAL.rate(1e-4, step) == rate
        assert preset_config("official").schedule == self.OFFICIAL

    @pytest.mark.parametrize("step", [0, 1, 5_000, 10**9])
    def test_the_papers_is_constant(self, step: int) -> None:
        assert Schedule().rate(1e-4, step) == 1e-4
        assert preset_config("paper").schedule == Schedule()

    def test_each_part_alone(self) -> None:
        assert [Schedule(halve_every=2).rate(8.0, step) for step in range(7)] == [
            8, 8, 4, 4, 2, 2, 1
        ]  # fmt: skip
        final = Schedule(final_after=2, final_rate=0.5)
        assert [final.rate(8.0, step) for step in range(4)] == [8, 8, 0.5, 0.5]
        assert Schedule(final_after=0, final_rate=0.5).rate(8.0, 0) == 0.5

    @pytest.mark.parametrize(
        ("values", "named"),
        [
            ({"halve_every": 0}, "0"),
            ({"halve_every": -5}, "-5"),
            ({"final_after": 3}, "both"),
            ({"final_rate": 1e-5}, "both"),
            ({"final_rate": 0.0, "final_after": 3}, "0"),
            ({"final_rate": math.nan, "final_after": 3}, "nan"),
            ({"final_rate": 1e-5, "final_after": -1}, "-1"),
        ],
    )
    def test_values_out_of_range(self, values: dict[str, Any], named: str) -> None:
        with pytest.raises(InputError, match=rf"^[A-Z].*{named}.*\.$"):
            Schedule(**values)


class TestTransformSettings:
    @pytest.mark.parametrize(
        ("values", "named"),
        [
            ({"resize": 0}, "0"),
            ({"crop": -1}, "-1"),
            ({"resize": 200, "crop": 227}, "227.* 200"),
            ({"shift": -1}, "-1"),
        ],
    )
    def test_values_out_of_range(self, values: dict[str, Any], named: str) -> None:
        with pytest.raises(InputError, match=rf"^[A-Z].*{named}.*\.$"):
            TransformSettings(**values)

    def test_the_smallest_of_everything_is_possible(self) -> None:
        TransformSettings(resize=1, crop=1, shift=0)
        TransformSettings(crop=500)


def test_the_papers_numbers() -> None:
    # Section 4.2, except for what it leaves open: steps and evaluations
    paper = preset_config("paper")
    assert (paper.network, paper.dim, paper.batch_size) == ("googlenet", 512, 128)
    assert (paper.learning_rate, paper.weight_decay, paper.schedule) == (1e-4, 0.0, Schedule())
    assert paper.transform == TransformSettings(resize=256, crop=227, flip=True, shift=0)
    assert (paper.steps, paper.eval_every, paper.frames) == (20_000, 500, 60)
    assert PAPER.pairs == "paper"


def test_the_codes_numbers_are_the_papers_and_more() -> None:
    official = preset_config("official")
    assert (official.network, official.dim, official.batch_size) == ("googlenet", 512, 128)
    assert (official.learning_rate, official.weight_decay) == (1e-4, 5e-3)
    assert official.transform == preset_config("paper").transform
    assert OFFICIAL.pairs == "official"
    assert official.steps > 15_000, "the last part of its schedule is reached"


def test_quick_is_what_a_training_is_by_default() -> None:
    assert preset_config("quick") == TrainingConfig()
    quick = preset_config("quick")
    assert (quick.network, quick.steps, quick.batch_size, quick.dim) == ("conv3", 300, 128, 64)
    assert (quick.learning_rate, quick.eval_every, quick.frames) == (3e-3, None, 20)


@pytest.mark.parametrize("entry", PRESETS, ids=lambda entry: entry.name)
def test_a_preset_fills_a_training_with_its_values(entry: Preset) -> None:
    config = preset_config(entry.name, seed=4)
    assert (config.preset, config.seed, config.weights) == (entry.name, 4, "none")
    for name, value in entry.overrides.items():
        assert getattr(config, name) == value
    protocol = {one.name for one in settings_of(TrainingConfig) if one.setting.protocol}
    assert set(entry.overrides) <= protocol | {"schedule", "transform"}
    assert preset(entry.name) is entry
    assert config.network in {info.name for info in NETWORKS}
    assert entry.description.endswith(".")


def test_what_is_given_holds_whatever_the_preset_says() -> None:
    config = preset_config("paper", dim=64, network="resnet18", schedule=Schedule(halve_every=9))
    assert (config.preset, config.network, config.dim) == ("paper", "resnet18", 64)
    assert config.schedule.halve_every == 9
    assert config.learning_rate == 1e-4


@pytest.mark.parametrize("name", ["", "Paper", "fast"])
def test_an_unknown_preset(name: str) -> None:
    message = rf"^Unknown preset {name!r}: choose one of quick, paper, official\.$"
    with pytest.raises(InputError, match=message):
        preset_config(name)
    with pytest.raises(InputError, match=message):
        TrainingConfig(preset=name)
