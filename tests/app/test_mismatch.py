"""What runs do not share is named in one sentence."""

import pytest
from helpers_recording import FakeRecording

from symmcore.runs.formats.info import RunInfo
from symmcore.training.config import TrainingConfig
from symmcore.training.spec import parse_spec
from symmviz.model.resolve import warnings
from symmviz.model.runs.mismatch import mismatch

END = ": a difference between their scores is not that of their losses alone."


def run(
    spec: str = "npair",
    dataset: str = "folder:/photos",
    seed: int | None = 0,
    split: str = "auto",
    images: str = "a",
) -> FakeRecording:
    """A run; one of its own loop where it has no seed."""
    config = TrainingConfig(specs=(parse_spec(spec),), dataset=dataset, split=split, seed=seed or 0)
    return FakeRecording(
        spec,
        f"{spec}-{dataset}-{seed}-{split}-{images}",
        seed=seed,
        dataset="" if seed is None else dataset,
        config=None if seed is None else config,
        fingerprint=images,
    )


def infos(*runs: FakeRecording) -> tuple[RunInfo, ...]:
    return tuple(one.info for one in runs)


@pytest.mark.parametrize(
    "runs",
    [
        (),
        (run(),),
        (run(), run("npair+symm"), run("triplet")),
        (run(), run(split="class")),  # two ways to say one split
        (run(), run(seed=1, images="b")),  # a seed decides a split within classes
        (run(), run("npair+symm"), run(seed=1), run("npair+symm", seed=1)),
    ],
)
def test_of_what_is_alike_nothing_is_said(runs: tuple[FakeRecording, ...]) -> None:
    assert mismatch(infos(*runs)) == ""


@pytest.mark.parametrize(
    ("runs", "what"),
    [
        ((run(), run(dataset="alphabets", images="b")), "dataset (folder:/photos, alphabets)"),
        ((run(), run(seed=None, images="b")), "dataset (folder:/photos, one of a loop of its own)"),
        (
            (run(split="class"), run("npair+symm", split="image", images="b")),
            "split (class, image)",
        ),
        ((run(), run("npair+symm", images="b")), "the images of their dataset"),
        ((run(), run("npair+symm", seed=3)), "seed (0; 3)"),
        ((run(), run("npair+symm"), run("npair+symm", seed=1)), "seed (0; 0, 1)"),
        (
            (run(), run("npair+symm", dataset="alphabets", seed=7)),
            "dataset (folder:/photos, alphabets) and in seed (0; 7)",
        ),
    ],
)
def test_what_differs_is_named(runs: tuple[FakeRecording, ...], what: str) -> None:
    sentence = f"These runs differ in {what}{END}"
    assert mismatch(infos(*runs)) == sentence
    assert sentence in warnings(runs)
