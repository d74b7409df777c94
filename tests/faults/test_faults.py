"""A part of all faults; ``run_all.py`` beside has them all."""

from pathlib import Path

from disk_faults import FaultyDisk, check_fault, clean_calls, faults_of
from kills import random_kills
from mutations import make_run, mutate
from small_training import small_config, small_dataset_and_network, tiny_dataset, train_whole

_EVERY = 25  # calls of a save; an odd number, so that all kinds have their turn


def test_killed_trainings_lose_nothing_and_go_on_exactly(tmp_path: Path) -> None:
    with small_dataset_and_network():
        kills, _ = random_kills(tmp_path / "run", train_whole(small_config(12)), 6, seed=0)
    assert kills == 6


def test_a_disk_that_fails_is_told_and_ends_no_recording(tmp_path: Path) -> None:
    with small_dataset_and_network():
        whole = train_whole(small_config(6))
        calls = clean_calls(tmp_path / "clean", whole, thumbnails=False)
        assert {name for name, _ in calls} == {"write", "fsync", "rename"}
        for at in range(0, len(calls), _EVERY):
            faults = faults_of(calls[at][0])
            disk = FaultyDisk(faults[at % len(faults)], at, for_good=at % 2 == 1)
            check_fault(tmp_path / f"fault-{at}", whole, disk)


def test_damaged_runs_are_read_with_a_sentence_at_worst(tmp_path: Path) -> None:
    faults: list[str] = []
    with tiny_dataset():
        faulty, seconds, most = mutate(make_run(tmp_path), 120, 0, faults.append)
    assert faults == []
    assert faulty == 0
    assert seconds < 20  # a hang; how long it may take is measured by run_all.py
    assert most < 512 * 2**20
