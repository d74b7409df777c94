"""What warnings look like to a person."""

import subprocess
import sys
import warnings
from collections.abc import Iterator

import pytest

from symmcore.errors import DegradedWarning, warn_once
from symmviz import user_warnings
from symmviz.services.session import Session


@pytest.fixture(autouse=True)
def warnings_as_outside_of_tests(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "warnoptions", [])
    warn_once.cache_clear()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        yield
    warn_once.cache_clear()


def test_own_warnings_are_sentences_said_once_and_those_of_libraries_are_silent(
    capfd: pytest.CaptureFixture[str],
) -> None:
    user_warnings.show_warnings(user_warnings.say_on_stderr)
    warnings.warn("Corrupt EXIF data", UserWarning, stacklevel=1)
    for _ in range(2):
        warn_once("It takes longer.")
    assert capfd.readouterr() == ("", "symmviz: It takes longer.\n")


def test_who_tells_python_about_warnings_gets_them_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "warnoptions", ["default"])
    before = warnings.showwarning
    user_warnings.show_warnings(user_warnings.say_on_stderr)
    assert warnings.showwarning is before


def test_the_command_shows_warnings_so() -> None:
    program = (
        "import sys, warnings\n"
        "import symmviz.cli\n"
        "from symmcore.errors import DegradedWarning\n"
        "sys.argv = ['symmviz', 'datasets']\n"
        "assert symmviz.cli.main() == 0\n"
        "warnings.warn('of a library', UserWarning)\n"
        "warnings.warn('It takes longer.', DegradedWarning)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stderr == "symmviz: It takes longer.\n"


def test_the_window_shows_them_beside_the_training() -> None:
    session = Session()
    user_warnings.show_warnings(session.note)
    warnings.warn("It takes longer.", DegradedWarning, stacklevel=1)
    assert session.drain().problems == ("It takes longer.",)
    session.close(1)
