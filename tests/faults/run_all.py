"""All faults: ``python tests/faults/run_all.py`` prints what it did and exits with 1 on a fault.

Trainings are killed at random moments, every write, fsync and rename of a recording fails once and
for good, and the files of a run are damaged in thousands of ways.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

# The tests' own helpers lie beside, and in the folder of the core's tests.
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "core")]

from disk_faults import FaultyDisk, check_fault, clean_calls, faults_of
from kills import random_kills
from mutations import make_run, mutate
from small_training import (
    WholeTraining,
    small_config,
    small_dataset_and_network,
    tiny_dataset,
    train_whole,
)


def fail_every_call(folder: Path, whole: WholeTraining, every: int) -> int:
    """Fail each ``every``-th call of a recording in each way, once and for good.

    Returns:
        How many recordings were made with a fault.
    """
    calls = clean_calls(folder / "clean", whole, thumbnails=False)
    made = 0
    for at in range(0, len(calls), every):
        for fault in faults_of(calls[at][0]):
            for for_good in (False, True):
                made += 1
                disk = FaultyDisk(at=at, fault=fault, for_good=for_good)
                check_fault(folder / f"fault-{made}", whole, disk)
    return made


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--mutations", type=int, default=5000)
    parser.add_argument("--every", type=int, default=1, help="fail every N-th call of a save")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        kill_and_fail(folder, options)
        began = time.perf_counter()
        with tiny_dataset():
            original = make_run(folder / "damaged")
            faulty, longest, most = mutate(original, options.mutations, options.seed, faults.append)
        said(
            f"{options.mutations} mutations, {faulty} with faults, longest {longest:.2f} s, "
            f"most memory {most / 2**20:.0f} MB",
            began,
        )
    for fault in faults:
        sys.stdout.write(f"{fault}\n")
    return 1 if faults else 0


def kill_and_fail(folder: Path, options: argparse.Namespace) -> None:
    """Kill trainings, and record them on failing disks; a fault ends it with its traceback."""
    with small_dataset_and_network():
        whole = train_whole(small_config(40))
        began = time.perf_counter()
        kills, ends = random_kills(folder / "killed", whole, options.kills, options.seed)
        said(f"{kills} kills, {ends} trainings ended", began)
        began = time.perf_counter()
        made = fail_every_call(folder, train_whole(small_config(6)), options.every)
        said(f"{made} recordings on a failing disk", began)


def said(what: str, began: float) -> None:
    """Print what was done and how long it took."""
    sys.stdout.write(f"{what}, in {time.perf_counter() - began:.0f} s\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
