"""The script for a machine with a GPU: a shell can read it, and what it asks for exists."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from symmviz.cli.arguments import parse_arguments

SCRIPT = Path(__file__).with_name("on_gpu.sh")
ROOT = SCRIPT.parents[2]


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash to read it")
def test_a_shell_reads_it() -> None:
    subprocess.run(["bash", "-n", str(SCRIPT)], check=True)  # noqa: S607 - wherever bash is


@pytest.mark.parametrize("what", ["loss", "train", "evaluation"])
def test_its_options_are_known(what: str) -> None:
    text = SCRIPT.read_text().replace('"$(nproc)"', "16")
    options = re.findall(rf"^    {what}=\((.*)\)$", text, re.MULTILINE)
    assert len(options) == 2  # on a GPU, and without one
    for given in options:
        parse_arguments(["bench", what, *shlex.split(given)])


def test_what_it_tests_is_there_and_it_ends_within_eight_minutes() -> None:
    text = SCRIPT.read_text()
    files = re.findall(r"tests/\S+\.py", text)
    assert files
    assert all((ROOT / name).is_file() for name in files)
    assert sum(int(found) for found in re.findall(r"^(?:part|bench) \S+ (\d+)", text, re.M)) < 480
