"""Names of timm's networks: asked for in a subprocess, kept, and checked."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import timm

from symmcore import timm_names
from symmcore.errors import InputError
from symmcore.networks import check_timm
from symmcore.processes import CallError
from symmcore.settings.networks import network_info
from symmcore.timm_names import check_timm_name, read_timm_names

NAMES = frozenset({"resnet50", "resnet50.a1_in1k", "resnet50.a2_in1k", "vit_tiny"})


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(timm_names, "user_cache_folder", lambda: tmp_path / "cache")
    return tmp_path / "cache" / "timm"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """As if a subprocess had answered; how often it was asked."""
    times = [0]

    def call(function: object, arguments: tuple[str, ...], look: object) -> None:
        times[0] += 1
        monkeypatch.setattr(timm_names, "listed_names", lambda: NAMES)
        monkeypatch.setattr("os.nice", lambda _: None)
        timm_names._write_names(*arguments)

    monkeypatch.setattr(timm_names, "call_in_subprocess", call)
    return times


def test_timm_is_asked_in_a_subprocess_that_keeps_torch_from_this_one(tmp_path: Path) -> None:
    program = """
import json, sys
from symmcore.timm_names import read_timm_names
names = read_timm_names(lambda: None)
print(json.dumps([sorted(names), "torch" in sys.modules or "timm" in sys.modules]))
"""
    answer = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        check=True,
        env={"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": _path()},
    )
    names, imported = json.loads(answer.stdout)
    assert set(names) == {*timm.list_models(), *timm.list_models(pretrained=True)}
    assert not imported
    assert any(tmp_path.rglob("names-*.txt"))


def _path() -> str:
    return ":".join(filter(None, sys.path))


def test_what_timm_said_is_kept(cache: Path, asked: list[int]) -> None:
    assert [read_timm_names(lambda: None) for _ in range(2)] == [NAMES, NAMES]
    assert asked == [1]
    (kept,) = cache.iterdir()
    assert kept.name == f"names-{timm.__version__}.txt"


@pytest.mark.parametrize("damage", [b"", b"resnet50\nvit", b"\xff" * 100])
def test_a_damaged_file_is_asked_for_anew(cache: Path, asked: list[int], damage: bytes) -> None:
    read_timm_names(lambda: None)
    (kept,) = cache.iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(damage or whole[:-3])
    assert read_timm_names(lambda: None) == NAMES
    assert asked == [2]
    assert kept.read_bytes() == whole


def test_without_a_cache_timm_is_asked_each_time(cache: Path, asked: list[int]) -> None:
    cache.parent.write_bytes(b"")  # a file where the folder would be
    assert [read_timm_names(lambda: None) for _ in range(2)] == [NAMES, NAMES]
    assert asked == [2]


def test_a_subprocess_that_dies_is_an_error(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_: object) -> None:
        raise CallError("its process ended with code -9")

    monkeypatch.setattr(timm_names, "call_in_subprocess", die)
    with pytest.raises(CallError):
        read_timm_names(lambda: None)
    assert not cache.exists()


@pytest.mark.parametrize("known", ["resnet50", "resnet50.a1_in1k"])
def test_known_names_pass(known: str) -> None:
    check_timm_name(known, NAMES)


@pytest.mark.parametrize(
    ("unknown", "hint"),
    [
        ("resnet5O", "near are resnet50."),
        ("resnet50.a1_in2k", "near are resnet50.a1_in1k, resnet50.a2_in1k."),
        ("vit_tiny.nonsense_and_more_of_it", "near are vit_tiny."),
        ("qqqqqq", "timm.list_models() names them."),
    ],
)
def test_unknown_names_are_told_with_near_ones(unknown: str, hint: str) -> None:
    with pytest.raises(InputError) as problem:
        check_timm_name(unknown, NAMES)
    assert str(problem.value) == f"timm {timm.__version__} has no network {unknown!r}: {hint}"


def test_a_tag_of_weights_that_timm_has_not_is_refused_before_training() -> None:
    check_timm(network_info("timm:resnet50.a1_in1k"))
    with pytest.raises(InputError, match=r"has no network 'resnet50\.a1_in2k': near are resnet50"):
        check_timm(network_info("timm:resnet50.a1_in2k"))
