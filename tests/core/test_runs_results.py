"""Statistics over runs, against scipy and NumPy."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from helpers_records import make_snapshot
from helpers_results import over_seeds, result
from helpers_runs import record_loop, write_format_1
from scipy import stats

from symmcore.runs import Recorder, Recording
from symmcore.runs.results import (
    RunResult,
    Setting,
    differences_between,
    paired_difference,
    read_result,
    sample_of,
    summarise,
)
from symmcore.runs.results.result import _NOT_SETTINGS
from symmcore.training.config import TrainingConfig
from symmcore.training.spec import parse_spec


@pytest.mark.parametrize("count", [2, 3, 10, 40])
def test_a_paired_difference_is_that_of_scipy(count: int) -> None:
    random = np.random.default_rng(count)
    ours = dict(enumerate(random.normal(0.7, 0.1, count).tolist()))
    theirs = {seed: value - random.normal(0.05, 0.03) for seed, value in ours.items()}
    found = paired_difference(ours | {99: 0.0}, theirs | {-1: 1.0})
    assert found is not None
    test = stats.ttest_rel(list(ours.values()), list(theirs.values()))
    interval = test.confidence_interval(0.95)
    assert found.count == count
    assert found.mean == pytest.approx(np.mean([ours[s] - theirs[s] for s in ours]), abs=1e-12)
    assert found.low == pytest.approx(interval.low, abs=1e-9)
    assert found.high == pytest.approx(interval.high, abs=1e-9)
    assert found.is_clear == (test.pvalue < 0.05)


def test_one_pair_has_no_interval_and_none_no_difference() -> None:
    one = paired_difference({1: 0.5, 2: 0.75}, {2: 0.5})
    assert one is not None
    assert (one.mean, one.low, one.high, one.count, one.is_clear) == (0.25, None, None, 1, False)
    assert paired_difference({1: 0.5}, {2: 0.5}) is None


def test_a_sample_is_that_of_numpy() -> None:
    values = np.random.default_rng(0).normal(size=7)
    found = sample_of(values.tolist())
    assert found is not None
    assert found.mean == pytest.approx(values.mean(), abs=1e-12)
    assert found.deviation == pytest.approx(values.std(ddof=1), abs=1e-12)
    assert sample_of([]) is None
    assert sample_of([2.0]) == dataclasses.replace(found, mean=2.0, deviation=None, count=1)


BASELINE = {0: 0.5, 1: 0.6, 2: 0.7}
SYMM = {0: 0.6, 1: 0.65, 2: 0.8, 3: 0.1}


def test_runs_are_put_together_over_seeds_and_compared_with_their_baseline() -> None:
    descending = dict(reversed(SYMM.items()))
    failed = result("npair+symm", 4, 0.0, is_whole=False)
    plain, symm = summarise(
        (*over_seeds("npair", BASELINE), *over_seeds("npair+symm", descending), failed)
    )
    assert [one.seed for one in symm.results] == [0, 1, 2, 3]
    assert symm.samples["recall_at_1"] == sample_of(SYMM.values())
    assert symm.baseline == plain.setting
    assert plain.baseline is None
    assert not plain.differences
    assert symm.differences["recall_at_1"] == paired_difference(SYMM, BASELINE)
    assert symm.differences["recall_at_1"].count == 3
    assert differences_between(plain, symm)["nmi"].mean == pytest.approx(
        -symm.differences["nmi"].mean
    )


def test_a_seed_that_is_there_twice_counts_once() -> None:
    twice = (result("npair", 0, 0.4), result("npair", 0, 0.6), result("npair", 1, 0.7))
    (plain,) = summarise(twice)
    assert plain.samples["recall_at_1"].count == 2
    assert plain.samples["recall_at_1"].mean == pytest.approx(0.6)


def test_data_that_differ_are_no_pair() -> None:
    other = result("npair+symm", 0, 0.9, fingerprint="other")
    _, symm = summarise((*over_seeds("npair", BASELINE), other))
    assert not symm.differences


def changed(name: str, **changes: object) -> RunResult:
    one = result(name, 0, 0.9)
    spec = parse_spec(name)
    training = TrainingConfig(specs=(spec,), **changes)  # type: ignore[arg-type]  # as above
    return dataclasses.replace(one, setting=Setting(name, training, 300))


@pytest.mark.parametrize(
    "other",
    [
        changed("npair+symm", learning_rate=0.5),
        changed("npair+symm", dataset="alphabets"),
        changed("angular+symm"),
        dataclasses.replace(
            result("npair+symm", 0, 0.9),
            setting=Setting("npair+symm", TrainingConfig(specs=(parse_spec("npair+symm"),)), 200),
        ),
        dataclasses.replace(
            result("npair+symm", 0, 0.9),
            setting=Setting(
                "npair+symm", TrainingConfig(specs=(parse_spec("npair+symm"),)), 300, branched_at=5
            ),
        ),
    ],
)
def test_what_differs_in_more_than_symm_has_no_baseline_here(other: RunResult) -> None:
    *_, last = summarise((*over_seeds("npair", BASELINE), other))
    assert last.baseline is None


def test_symm_of_any_rank_has_the_same_baseline() -> None:
    plain, ranked = summarise(
        (*over_seeds("npair", BASELINE), *over_seeds("npair+symm:rank=2,alpha=1.5", BASELINE))
    )
    assert ranked.baseline == plain.setting


def test_settings_that_are_said_are_those_that_are_usual(tmp_path: Path) -> None:
    for name, loss_settings in (("said", {"l2_reg": 0.002}), ("usual", {})):
        write_format_1(tmp_path / name, make_snapshot(2).frame, loss_settings=loss_settings)
    said, usual = (read_result(opened(tmp_path / name)) for name in ("said", "usual"))
    assert said.setting == usual.setting


def test_what_a_run_says_of_itself_is_what_the_training_says(tmp_path: Path) -> None:
    write_format_1(tmp_path / "one", make_snapshot(2).frame, dim=7)
    recording = opened(tmp_path / "one")
    of_all, info = read_result(recording), recording.info
    assert info.resolved is not None
    assert info.spec is not None
    own = dataclasses.replace(info.spec, dim=7, learning_rate=0.01)
    training = dataclasses.replace(info.resolved, specs=(own,), dim=64, learning_rate=0.5)
    recording.update_info(dataclasses.replace(info, spec=own, resolved=training))
    assert read_result(recording).setting == of_all.setting


def test_what_an_old_run_did_not_record_is_not_there(tmp_path: Path) -> None:
    write_format_1(tmp_path / "old", make_snapshot(2).frame)
    found = read_result(opened(tmp_path / "old"))
    assert (found.name, found.seed, found.step, found.is_whole) == (
        "npair+symm:rank=2,lr=0.01", 3, 2, True,
    )  # fmt: skip
    assert found.scores == {"recall_at_1": 0.75, "nmi": 0.5}
    assert (found.seconds, found.steps_per_second) == (1.0, 2.0)
    assert found.peak_memory_bytes is None
    assert found.parameters is None


def recorded_by_hand(folder: Path, **config: object) -> RunResult:
    write_format_1(folder, make_snapshot(2).frame, **config)
    return read_result(opened(folder))


def test_scores_are_the_newest_that_are_numbers_and_the_first_is_kept(tmp_path: Path) -> None:
    write_format_1(tmp_path / "run", make_snapshot(2).frame)
    with (tmp_path / "run" / "metrics.jsonl").open("a") as stream:
        stream.write('{"kind": "step", "step": 3, "loss": 1.0, "seconds": null}\n')
        stream.write(
            '{"kind": "eval", "step": 3, "test_recall_at_1": 0.5625, "test_nmi": NaN, '
            '"test_f1": 0.25, "train_recall_at_1": 1.0}\n'
        )
    found = read_result(opened(tmp_path / "run"))
    assert found.scores == {"recall_at_1": 0.5625, "f1": 0.25}
    assert (found.step, found.setting.step) == (3, 3)
    assert found.untrained == 0.5
    assert not found.is_whole
    assert found.seconds is None
    assert found.steps_per_second is None


def test_a_run_without_an_evaluation_before_its_first_step_has_no_untrained_score(
    tmp_path: Path,
) -> None:
    write_format_1(tmp_path / "run", make_snapshot(2).frame)
    path = tmp_path / "run" / "metrics.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[1:]))
    found = read_result(opened(tmp_path / "run"))
    assert found.untrained is None
    assert found.scores["recall_at_1"] == 0.75


def test_a_branch_is_another_setting_than_a_run_of_its_own(tmp_path: Path) -> None:
    own = recorded_by_hand(tmp_path / "own")
    parents = ({"folder": str(tmp_path / "own"), "id": "some", "step": step} for step in (1, 2, 2))
    branches = [
        recorded_by_hand(tmp_path / f"branch-{at}", parent=parent)
        for at, parent in enumerate(parents)
    ]
    assert own.setting.branched_at is None
    assert [one.setting.branched_at for one in branches] == [1, 2, 2]
    assert own.setting not in [one.setting for one in branches]
    assert branches[0].setting != branches[1].setting == branches[2].setting
    assert [len(one.results) for one in summarise((own, *branches))] == [1, 1, 2]


def test_own_loops_are_never_put_together(tmp_path: Path) -> None:
    for name in ("one", "two"):
        record_loop(tmp_path / "a" / name).close()
    with Recorder(tmp_path / "b" / "one") as recorder:
        recorder.scalars(1, loss=1.0)
    folders = (tmp_path / "a" / "one", tmp_path / "a" / "two", tmp_path / "b" / "one")
    one, two, unscored = (read_result(opened(folder)) for folder in folders)
    assert set(one.scores) == {"recall_at_1"}
    assert (one.is_whole, two.is_whole, unscored.is_whole) == (True, True, False)
    assert not unscored.scores
    same_name = dataclasses.replace(two.setting, name=one.setting.name)
    assert one.setting != same_name
    assert len(summarise((one, two, unscored))) == 2


DECIDES_NO_SCORE: dict[str, object] = {
    "seed": 9,
    "preset": "official",
    "device": "cpu",
    "threads": 4,
    "eval_every": 1,
    "frames": 7,
    "watch_limit": 60,
    "watch": "classes",
    "checkpoint_every": 3,
    "recording_bytes": 5,
    "cache_bytes": 7,
    "download": True,
}


@pytest.mark.parametrize("name", DECIDES_NO_SCORE)
def test_what_decides_no_score_is_no_setting(name: str, tmp_path: Path) -> None:
    dataset = "torchvision:MNIST"  # it can be fetched
    one = recorded_by_hand(tmp_path / "one", dataset=dataset)
    changed = {name: DECIDES_NO_SCORE[name]}
    other = recorded_by_hand(tmp_path / "other", dataset=dataset, **changed)
    assert one.config is not None
    assert other.config is not None
    assert getattr(other.config, name) == DECIDES_NO_SCORE[name] != getattr(one.config, name)
    assert other.setting == one.setting


@pytest.mark.parametrize(
    "change", [{"batch_size": 10}, {"steps": 5}, {"bf16": True}, {"weight_decay": 0.5}]
)
def test_what_decides_a_score_is_a_setting(change: dict[str, object], tmp_path: Path) -> None:
    one = recorded_by_hand(tmp_path / "one")
    assert recorded_by_hand(tmp_path / "other", **change).setting != one.setting


def opened(folder: Path) -> Recording:
    recording = Recording.open(folder)
    recording.read_whole()
    return recording


def test_each_setting_of_a_training_decides_its_scores_or_does_not() -> None:
    decide = {
        "dataset", "specs", "schedule", "transform", "steps", "network", "weights", "split",
        "batch_size", "dim", "learning_rate", "grad_clip", "weight_decay", "bf16", "follow_links",
    }  # fmt: skip
    fields = [field.name for field in dataclasses.fields(TrainingConfig)]
    assert sorted([*decide, *_NOT_SETTINGS]) == sorted(fields)
    assert sorted(_NOT_SETTINGS) == sorted(DECIDES_NO_SCORE)
