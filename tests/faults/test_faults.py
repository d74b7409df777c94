"""A part of all faults; ``run_all.py`` beside has them all."""

from pathlib import Path

import pytest
from disk_faults import (
    CHECKPOINTS,
    THUMBNAILS,
    TRAINING,
    Fault,
    FaultyDisk,
    check_fault,
    clean_calls,
    faults_of,
)
from kills import kill_at_call, kills_of, random_kills
from mutations import make_run, mutate
from scrubbing import watch_and_scrub
from small_training import play, small_config, small_dataset_and_network, tiny_dataset, train_whole

from symmcore.runs import open_runs
from symmcore.runs.reading import recording
from symmcore.runs.writing.run_writer import RunWriter
from symmcore.runs.writing.training_recorder import TrainingRecorder

_EVERY = 25  # calls of a save; an odd number, so that all kinds have their turn


def test_killed_trainings_lose_nothing_and_go_on_exactly(tmp_path: Path) -> None:
    with small_dataset_and_network():
        kills, _ = random_kills(tmp_path / "run", train_whole(small_config(12)), 6, seed=0)
    assert kills == 6


def test_a_training_with_little_room_for_checkpoints_still_goes_on(tmp_path: Path) -> None:
    with small_dataset_and_network():
        whole = train_whole(small_config(12, recording_bytes=60_000))
        assert random_kills(tmp_path / "run", whole, 4, seed=1)[0] == 4


def test_killed_between_two_runs_of_a_comparison_both_have_a_checkpoint_of_one_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_dataset_and_network():
        whole = train_whole(small_config(6, recording_bytes=1))
        recorder = TrainingRecorder(tmp_path / "both", whole.config, on_problem=pytest.fail)
        play(recorder, whole.told[: whole.after(3)], end=False)
        recorder.finish_checkpoints()
        steps = [one.state.checkpoint_steps for one in open_runs(tmp_path / "both")]
        assert steps == [(3,), (3,)]
        save = RunWriter.save_checkpoint

        def killed_at_the_second(writer: RunWriter) -> bool:
            if writer.folder.name != "npair":
                raise KeyboardInterrupt
            return save(writer)

        monkeypatch.setattr(RunWriter, "save_checkpoint", killed_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            play(recorder, whole.told[whole.after(3) :])
        steps = [one.state.checkpoint_steps for one in open_runs(tmp_path / "both")]
        recorder.close()
    assert steps == [(3, 6), (3,)]


@pytest.mark.parametrize("thread", [TRAINING, CHECKPOINTS])
def test_killed_within_a_save_a_run_holds_what_was_there_before(
    thread: str, tmp_path: Path
) -> None:
    with small_dataset_and_network():
        whole = train_whole(small_config(2))
        calls = clean_calls(tmp_path / "clean", whole, thread)
        for at in range(0, len(calls), _EVERY):
            shares = kills_of(calls[at][0])
            kill_at_call(tmp_path / f"call-{at}", whole, thread, at, shares[at % len(shares)])


@pytest.mark.parametrize("thread", [TRAINING, CHECKPOINTS])
def test_a_disk_that_fails_is_told_and_ends_no_recording(thread: str, tmp_path: Path) -> None:
    with small_dataset_and_network():
        whole = train_whole(small_config(6))
        calls = clean_calls(tmp_path / "clean", whole, thread)
        assert {name for name, _ in calls} == {"write", "fsync", "rename"}
        for at in range(0, len(calls), _EVERY):
            faults = faults_of(calls[at][0])
            fault = faults[at % len(faults)]
            disk = FaultyDisk(fault, at, for_good=at % 2 == 1, thread=thread)
            check_fault(tmp_path / f"fault-{at}", whole, disk)


def test_thumbnails_that_cannot_be_written_are_told_once(tmp_path: Path) -> None:
    with small_dataset_and_network():
        whole = train_whole(small_config(6))
        disk = FaultyDisk(Fault.NO_ACCESS, 0, for_good=True, thread=THUMBNAILS)
        check_fault(tmp_path / "run", whole, disk)


def test_scrubbing_keeps_no_frame_but_in_its_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "_MOST_CACHED_BYTES", 2**20)
    with small_dataset_and_network():
        whole = train_whole(small_config(2))
        grown = watch_and_scrub(tmp_path / "run", whole, 100, 100, seed=0)
    assert grown < 10 * 10**6  # 100 frames of two recordings take six times as much


def test_damaged_runs_are_read_with_a_sentence_at_worst(tmp_path: Path) -> None:
    faults: list[str] = []
    with tiny_dataset():
        mutate(make_run(tmp_path), 60, 0, faults.append)
    assert faults == [], "of time and memory, too"
