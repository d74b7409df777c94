import dataclasses
import math
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from symmcore.errors import InputError
from symmcore.settings.losses import CATALOG, LossInfo, LossSettings
from symmcore.settings.schedule import Schedule
from symmcore.settings.symm import Symm
from symmcore.training.config import TrainingConfig
from symmcore.training.spec import RunSpec, parse_spec


def message_of(make: Callable[[], object]) -> str:
    """The sentence that a bad value is refused with."""
    with pytest.raises(InputError) as caught:
        make()
    message = str(caught.value)
    assert "\n" not in message
    assert re.match(r"[A-Z'\"]|npair", message), "it starts as a sentence does"
    assert message.endswith(".")
    assert not message.endswith("..")
    return message


SPECS = {
    "npair": RunSpec(),
    "npair+symm": RunSpec(symm=Symm()),
    "npair+symm:rank=2": RunSpec(symm=Symm(rank=2)),
    "npair+symm:alpha=1.5,beta=0.5": RunSpec(symm=Symm(alpha=1.5, beta=0.5)),
    "npair+symm:rank=2,lr=0.001": RunSpec(symm=Symm(rank=2), learning_rate=0.001),
    "npair+symm:pairs=official,l2_reg=0": RunSpec(
        symm=Symm(pairs="official"), loss_settings=LossSettings(l2_reg=0.0)
    ),
    "npair:lr=1e-05": RunSpec(learning_rate=1e-5),
    "angular+symm:rank=24": RunSpec("angular", Symm(rank=24)),
    "angular:angle_deg=36": RunSpec("angular", loss_settings=LossSettings(angle_deg=36.0)),
    "triplet-semihard:margin=0.1": RunSpec("triplet-semihard", None, LossSettings(margin=0.1)),
    "lifted+symm:alpha=3,beta=1.25,rank=16,margin=2,lr=0.5": RunSpec(
        "lifted", Symm(3.0, 1.25, 16), LossSettings(margin=2.0), 0.5
    ),
}


@pytest.mark.parametrize(("text", "run"), SPECS.items())
def test_a_spec_is_read_and_named(text: str, run: RunSpec) -> None:
    assert parse_spec(text) == run
    assert run.name == text


@pytest.mark.parametrize("info", CATALOG, ids=lambda info: info.name)
@pytest.mark.parametrize("symm", [None, Symm(), Symm(alpha=1 / 3, beta=math.pi, rank=3)])
@pytest.mark.parametrize("rate", [None, 1e-3, 1 / 7, 1e30, 12345678.9])
def test_every_name_is_read_back_as_the_run_it_names(
    info: LossInfo, symm: Symm | None, rate: float | None
) -> None:
    settings = LossSettings(**dict.fromkeys(info.defaults.given(), 2 / 3))
    for run in (RunSpec(info.name, symm, learning_rate=rate), RunSpec(info.name, symm, settings)):
        assert parse_spec(run.name) == run
        assert ":" not in run.folder_name
        assert "/" not in run.folder_name


def test_runs_that_differ_in_the_last_digit_have_names_that_differ() -> None:
    config = TrainingConfig(
        specs=(RunSpec(learning_rate=0.001), RunSpec(learning_rate=0.0010000001))
    )
    assert config.specs[0].name != config.specs[1].name


def test_settings_may_come_in_any_order() -> None:
    assert parse_spec("npair+symm:lr=0.1,rank=2") == parse_spec("npair+symm:rank=2,lr=0.1")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "''"),
        ("+symm", "''"),
        (":", "''"),
        ("npairs", "'npairs'"),
        ("NPair", "'NPair'"),
        ("npair+", "'npair+'"),
        ("npair+sym", "'+sym'"),
        ("npair+symm+symm", "'+symm+symm'"),
        ("npair+SYMM", "'+SYMM'"),
        ("npair symm", "'npair symm'"),
        ("npair:rank=2", "'rank'"),
        ("npair:alpha=2", "'alpha'"),
        ("npair+symm:rank", "'rank'"),
        ("npair+symm:rank=", "''"),
        ("npair+symm:rank=x", "'x'"),
        ("npair+symm:rank=1.5", "1.5"),
        ("npair+symm:rank=nan", "nan"),
        ("npair+symm:rank=inf", "inf"),
        ("npair+symm:rank=0", "0"),
        ("npair+symm:rank=-1", "-1"),
        ("npair+symm:rank=17", "17"),
        ("npair+symm:rank=25", "25"),
        ("npair+symm:rank=7,pairs=official", "7"),
        ("angular+symm:rank=25", "25"),
        ("angular+symm:rank=13,pairs=official", "13"),
        ("npair+symm:pairs=both", "'both'"),
        ("npair+symm:alpha=0", "0"),
        ("npair+symm:alpha=-2", "-2"),
        ("npair+symm:alpha=nan", "nan"),
        ("npair+symm:alpha=1e7", "10000000.0"),
        ("npair+symm:beta=0", "0"),
        ("npair+symm:beta=inf", "inf"),
        ("npair+symm:gamma=1", "'gamma'"),
        ("npair+symm:rank=2,rank=3", "rank"),
        ("npair:lr=0", "0"),
        ("npair:lr=-0.1", "-0.1"),
        ("npair:lr=nan", "nan"),
        ("npair:lr=1e39", "1e+39"),
        ("npair:lr=fast", "'fast'"),
        ("npair:lr=0.1,lr=0.2", "lr"),
        ("npair:margin=1", "margin"),
        ("lifted:margin=inf", "inf"),
        ("lifted+symm:margin=-0.5", "-0.5"),
        ("triplet:margin=-1", "-1"),
        ("triplet-semihard:margin=-1", "-1"),
        ("npair:l2_reg=-1", "-1"),
        ("angular:l2_reg=-1", "-1"),
        ("angular:angle_deg=0", "0"),
        ("angular:angle_deg=90", "90"),
    ],
)
def test_what_is_wrong_with_a_spec_is_named(text: str, named: str) -> None:
    assert named in message_of(lambda: parse_spec(text))


def test_an_unknown_loss_is_named_as_it_was_written_beside_those_there_are() -> None:
    message = message_of(lambda: RunSpec("NPair"))
    assert "'NPair'" in message
    assert all(info.name in message for info in CATALOG)


def test_a_loss_is_called_by_its_own_name_when_it_lacks_a_setting() -> None:
    assert "N-pair" in message_of(lambda: parse_spec("npair:margin=1"))


@pytest.mark.parametrize("rank", [16, 24])
def test_the_largest_rank_is_the_number_of_the_losses_candidates(rank: int) -> None:
    assert parse_spec(f"angular+symm:rank={rank}").symm == Symm(rank=rank)
    if rank == 16:
        assert parse_spec(f"triplet+symm:rank={rank}").symm == Symm(rank=rank)


@pytest.mark.parametrize(
    ("setting", "value", "named"),
    [
        ("dataset", "digit", "'digit'"),
        ("dataset", "", "''"),
        ("network", "resnet", "'resnet'"),
        ("network", "", "''"),
        ("preset", "fast", "'fast'"),
        ("weights", "", "imagenet"),
        ("weights", "imagenet", "conv3"),
        ("weight_decay", -1e-3, "-0.001"),
        ("weight_decay", math.nan, "nan"),
        ("weight_decay", math.inf, "inf"),
        ("weight_decay", 1.1e30, "1e+30"),
        ("device", "gpu", "'gpu'"),
        ("device", "cuda:0", "'cuda:0'"),
        ("steps", 0, "0"),
        ("steps", -5, "-5"),
        ("seed", -1, "-1"),
        ("seed", 2**31, str(2**31)),
        ("dim", 1, "1"),
        ("dim", -64, "-64"),
        ("dim", 65_537, "65536"),
        ("batch_size", 0, "0"),
        ("batch_size", 2, "2"),
        ("batch_size", -4, "-4"),
        ("batch_size", 129, "129"),
        ("learning_rate", 0.0, "0"),
        ("learning_rate", -1e-3, "-0.001"),
        ("learning_rate", math.nan, "nan"),
        ("learning_rate", math.inf, "inf"),
        ("learning_rate", 1e39, "at most 1e+30"),
        ("eval_every", 0, "0"),
        ("eval_every", -10, "-10"),
        ("watch_limit", 1, "1"),
        ("frames", -1, "-1"),
        ("checkpoint_every", 0, "0"),
        ("threads", 0, "0"),
        ("threads", -2, "-2"),
    ],
)
def test_what_is_wrong_with_a_training_is_named(setting: str, value: Any, named: str) -> None:
    assert named in message_of(lambda: TrainingConfig(**{setting: value}))


def test_something_must_be_trained() -> None:
    assert "at least one loss" in message_of(lambda: TrainingConfig(specs=()))


def test_no_run_is_compared_with_itself() -> None:
    twice = (RunSpec(), RunSpec(symm=Symm()), RunSpec(symm=Symm(rank=1)))
    assert "npair+symm" in message_of(lambda: TrainingConfig(specs=twice))


def test_the_last_learning_rate_is_bounded_as_the_first_is() -> None:
    assert "1e+39" in message_of(lambda: Schedule(final_after=1, final_rate=1e39))


def test_the_largest_of_everything_is_possible() -> None:
    TrainingConfig(
        dim=65_536,
        learning_rate=1e30,
        weight_decay=1e30,
        schedule=Schedule(final_after=0, final_rate=1e30),
        specs=(RunSpec(symm=Symm(alpha=1e6, beta=1e6), learning_rate=1e30),),
    )


def test_the_smallest_of_everything_is_possible() -> None:
    TrainingConfig(steps=1, seed=0, dim=2, batch_size=4, eval_every=1, watch_limit=2, threads=1)
    TrainingConfig(seed=2**31 - 1)


def test_symms_pairs_are_the_specs_own_or_those_of_the_protocol() -> None:
    assert parse_spec("npair+symm", "official").name == "npair+symm:pairs=official"
    assert parse_spec("npair+symm:pairs=paper", "official") == parse_spec("npair+symm")
    assert parse_spec("npair", "official") == parse_spec("npair")
    assert "7" in message_of(lambda: parse_spec("npair+symm:rank=7", "official"))


def test_more_steps_change_nothing_else() -> None:
    config = TrainingConfig(seed=3)
    longer = config.with_steps(500)
    assert longer.steps == 500
    assert dataclasses.replace(longer, steps=config.steps) == config


def test_the_command_lines_part_of_the_core_imports_no_torch() -> None:
    # The window paints, and the command line answers, before torch is imported.
    script = (
        "import sys, symmcore.training.config, symmcore.training.sink, "
        "symmcore.training.recording_size, symmcore.runs.writing.training_recorder, "
        "symmcore.runs.continuing.continuation\n"
        "slow = {'torch', 'sklearn', 'scipy', 'PySide6'} & set(sys.modules)\n"
        "sys.exit(f'imported {slow}' if slow else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_a_run_is_not_compared_with_itself_by_another_name() -> None:
    with pytest.raises(InputError, match="npair is to be compared with itself"):
        TrainingConfig(specs=(parse_spec("npair"), parse_spec("npair:lr=0.003")))
    specs = parse_spec("npair:l2_reg=0.002"), parse_spec("npair")
    with pytest.raises(InputError, match=r"npair:l2_reg=0\.002 is to be compared with itself"):
        TrainingConfig(specs=specs)
    other = parse_spec("npair"), parse_spec("npair:lr=0.002"), parse_spec("npair:l2_reg=0.003")
    assert TrainingConfig(specs=other).specs == other


@pytest.mark.parametrize(
    ("setting", "message"),
    [({"threads": 257}, "at most 256"), ({"batch_size": 16_386}, "at most 16384")],
)
def test_what_would_end_the_process_is_refused(setting: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        TrainingConfig(**setting)
