"""Every setting of the table has an option, and what it says reaches the training."""

import dataclasses
import json
import re

import pytest

from symmcore.errors import InputError
from symmcore.settings.losses import LossSettings
from symmcore.settings.schedule import Schedule
from symmcore.settings.setting import NamedSetting, settings_of
from symmcore.settings.symm import Symm
from symmcore.settings.transforms import TransformSettings
from symmcore.training.config import TrainingConfig
from symmviz.cli.arguments import parse_arguments
from symmviz.cli.training_options import training_config

# Of the settings for which another number than the default plus two is needed.
_OTHERS = {
    "watch": "images",
    "device": "cpu",
    "network": "resnet18",
    "weights": "weights.safetensors",
    "split": "image",
    "pairs": "official",
    "angle_deg": "40",
    "cache_bytes": "1.5",
    "recording_bytes": "1.5",
}
_BASE = ["train", "folder:there"]


def config_of(*options: str) -> TrainingConfig:
    return training_config(parse_arguments([*_BASE, *options]))


def other(named: NamedSetting) -> str:
    """A value that is not the default, as one writes it."""
    return _OTHERS.get(named.name) or str((named.default or 0) + 2)


@pytest.mark.parametrize("named", settings_of(TrainingConfig), ids=lambda named: named.name)
def test_an_option_sets_its_setting_and_no_other(named: NamedSetting) -> None:
    if named.name == "download":  # which a folder refuses
        with pytest.raises(InputError, match="cannot be fetched"):
            config_of(named.flag)
        return
    options = [named.flag] if named.kind is bool else [named.flag, other(named)]
    changed = config_of(*options)
    usual = config_of()
    value = getattr(changed, named.name)
    assert value != named.default
    assert dataclasses.replace(changed, **{named.name: named.default}) == usual
    if named.kind in (int, float):
        assert value == float(other(named)) * named.setting.unit
    assert json.dumps(value)


@pytest.mark.parametrize("named", settings_of(Symm), ids=lambda named: named.name)
def test_symms_settings_reach_the_run(named: NamedSetting) -> None:
    (spec,) = config_of("--symm", named.flag, other(named)).specs
    assert spec.symm != Symm()
    with pytest.raises(InputError, match="add --symm"):
        config_of(named.flag, other(named))


@pytest.mark.parametrize(
    ("loss", "name"), [("triplet", "margin"), ("angular", "angle_deg"), ("npair", "l2_reg")]
)
def test_a_losss_settings_reach_the_run(loss: str, name: str) -> None:
    named = next(one for one in settings_of(LossSettings) if one.name == name)
    (spec,) = config_of("--loss", loss, named.flag, other(named)).specs
    assert spec.loss_settings.given() == {name: float(other(named))}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--lr-halve-every", "9"], Schedule(halve_every=9)),
        (["--lr-final", "1e-5", "--lr-final-after", "3"], Schedule(None, 3, 1e-5)),
    ],
)
def test_the_schedules_settings_reach_it(options: list[str], expected: Schedule) -> None:
    assert config_of(*options).schedule == expected


def test_zero_is_written_for_what_is_not_there() -> None:
    assert config_of("--grad-clip", "0").grad_clip is None
    assert config_of("--threads", "0").threads is None
    official = config_of("--preset", "official", "--lr-halve-every", "0", "--lr-final", "0")
    assert official.schedule == Schedule()
    assert config_of("--preset", "paper", "--crop", "0").transform == TransformSettings(
        resize=256, flip=True
    )


@pytest.mark.parametrize("owner", [TrainingConfig, Schedule, TransformSettings, Symm, LossSettings])
def test_a_description_reads_as_help_and_as_a_sentence(owner: type) -> None:
    for named in settings_of(owner):
        assert re.fullmatch(r"[^\n]*[^.\n]", named.setting.help)
        assert named.setting.tip[0].isupper()
        assert named.setting.tip.endswith(".")
        assert named.setting.label[0].isupper() or named.name == "bf16"
