"""All faults: ``python tests/faults/run_all.py`` prints what it did and exits with 1 on a fault.

Trainings are killed at random moments and at every call of a save, every write, fsync and rename
fails once and for good, the files of a run are damaged in thousands of ways, and a run of thousands
of frames is scrubbed through.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

# What the tests share lies beside, and in a folder of its own.
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "helpers")]

from disk_faults import (
    CHECKPOINTS,
    THUMBNAILS,
    TRAINING,
    FaultyDisk,
    check_fault,
    clean_calls,
    faults_of,
)
from kills import kill_at_call, kills_of, random_kills
from mutations import make_run, mutate
from scrubbing import watch_and_scrub
from small_training import (
    WholeTraining,
    small_config,
    small_dataset_and_network,
    tiny_dataset,
    train_whole,
)

_TIGHT = 60_000  # bytes, which one or two checkpoints of each run take
_MOST_GROWN = 10 * 10**6
_WARM_UP = 1500  # frames, which fill the caches of two recordings


def fail_every_call(folder: Path, whole: WholeTraining, every: int, thread: str) -> int:
    """Fail each ``every``-th call of a recording in each way, once and for good.

    Args:
        folder: for the runs.
        whole: the training that is recorded.
        every: 1 for all calls.
        thread: whose calls fail.

    Returns:
        How many recordings were made with a fault.
    """
    folder = folder / f"failing-{thread}"
    calls = clean_calls(folder / "clean", whole, thread)
    made = 0
    for at in range(0, len(calls), every):
        for fault in faults_of(calls[at][0]):
            for for_good in (False, True):
                made += 1
                disk = FaultyDisk(fault, at, for_good, thread)
                check_fault(folder / f"fault-{made}", whole, disk)
                shutil.rmtree(folder / f"fault-{made}", ignore_errors=True)
    return made


def kill_at_every_call(folder: Path, whole: WholeTraining, every: int, thread: str) -> int:
    """Kill a recording before, within and after each ``every``-th call.

    Returns:
        How many were killed.
    """
    calls = clean_calls(folder / "clean", whole, thread)
    made = 0
    for at in range(0, len(calls), every):
        for share in kills_of(calls[at][0]):
            made += 1
            kill_at_call(folder / f"call-{made}", whole, thread, at, share)
            shutil.rmtree(folder / f"call-{made}", ignore_errors=True)
    return made


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; all where none is named")
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--mutations", type=int, default=5000)
    parser.add_argument("--frames", type=int, default=2000)
    parser.add_argument("--every", type=int, default=1, help="fail every N-th call of a save")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as text:
        # memory first: what other parts have freed would hide some
        for name in (name for name in PARTS if name in (options.parts or PARTS)):
            faults += PARTS[name](Path(text), options)
    for fault in faults:
        sys.stdout.write(f"{fault}\n")
    return 1 if faults else 0


def kill(folder: Path, options: argparse.Namespace) -> list[str]:
    """Kill trainings; a fault ends it with its traceback."""
    half = options.kills // 2
    with small_dataset_and_network():
        for name, count, settings in (
            ("all checkpoints kept", options.kills - half, {}),
            ("checkpoints thinned", half, {"recording_bytes": _TIGHT}),
        ):
            whole = train_whole(small_config(40, **settings))
            began = time.perf_counter()
            kills, ends = random_kills(folder / name, whole, count, options.seed)
            said(f"{kills} kills at random moments, {name}, {ends} trainings ended", began)
        whole = train_whole(small_config(3))
        for thread in (TRAINING, CHECKPOINTS):
            began = time.perf_counter()
            made = kill_at_every_call(folder / "calls", whole, options.every, thread)
            said(f"{made} kills at a call of a save of {thread}", began)
    return []


def fail_disk(folder: Path, options: argparse.Namespace) -> list[str]:
    """Record on failing disks; a fault ends it with its traceback."""
    with small_dataset_and_network():
        whole = train_whole(small_config(3))
        for thread in (TRAINING, CHECKPOINTS, THUMBNAILS):
            began = time.perf_counter()
            made = fail_every_call(folder, whole, options.every, thread)
            said(f"{made} recordings on a disk that fails the saves of {thread}", began)
    return []


def damage_files(folder: Path, options: argparse.Namespace) -> list[str]:
    """Read damaged runs; what is wrong."""
    faults: list[str] = []
    began = time.perf_counter()
    with tiny_dataset():
        original = make_run(folder / "damaged")
        faulty, longest, most = mutate(original, options.mutations, options.seed, faults.append)
    said(
        f"{options.mutations} mutations, {faulty} with faults, longest {longest:.2f} s, "
        f"most memory {most / 2**20:.0f} MB",
        began,
    )
    return faults


def scrub(folder: Path, options: argparse.Namespace) -> list[str]:
    """Watch and scrub through a long run; what is wrong."""
    began = time.perf_counter()
    with small_dataset_and_network():
        whole = train_whole(small_config(2))
        grown = watch_and_scrub(folder / "scrubbed", whole, _WARM_UP, options.frames, options.seed)
    said(f"{options.frames} frames scrubbed, memory grown by {grown / 1e6:.1f} MB", began)
    return [f"memory has grown by {grown:,} bytes"] if grown > _MOST_GROWN else []


def said(what: str, began: float) -> None:
    """Print what was done and how long it took."""
    sys.stdout.write(f"{what}, in {time.perf_counter() - began:.0f} s\n")
    sys.stdout.flush()


PARTS = {"memory": scrub, "kills": kill, "disk": fail_disk, "files": damage_files}


if __name__ == "__main__":
    sys.exit(main())
