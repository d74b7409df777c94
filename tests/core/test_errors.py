import pytest

from symmcore.errors import one_line, type_and_line


@pytest.mark.parametrize(
    ("error", "line", "typed"),
    [
        (ValueError("no luck."), "no luck", "ValueError: no luck"),
        (OSError("two\n  lines"), "two lines", "OSError: two lines"),
        (KeyError(), "KeyError", "KeyError"),
        (ValueError(" \n"), "ValueError", "ValueError"),
        (RuntimeError("x" * 300), "x" * 200 + "...", "RuntimeError: " + "x" * 200 + "..."),
    ],
)
def test_what_an_error_says_is_one_line(error: Exception, line: str, typed: str) -> None:
    assert one_line(error) == line
    assert type_and_line(error) == typed
