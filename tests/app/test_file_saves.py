"""Files that are written: each is told of, whatever came of it."""

from concurrent.futures import Future
from pathlib import Path

import pytest

from symmviz.actions.file_saves import FileSaves

PATH = Path("/x/plot.png")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (None, f"Saved as {PATH}."),
        (
            PermissionError(13, "Permission denied"),
            f"{PATH} cannot be written (Permission denied).",
        ),
        (OSError("no room"), f"{PATH} cannot be written (no room)."),
        (ValueError("embedded null byte"), f"{PATH} cannot be written (embedded null byte)."),
    ],
)
def test_each_file_is_told_of_once(error: Exception | None, sentence: str) -> None:
    saving: list[Future[None]] = []
    said: list[tuple[str, bool]] = []

    def write(_path: Path, _content: bytes) -> "Future[None]":
        saving.append(Future())
        return saving[-1]

    saves = FileSaves(write, lambda text, is_error: said.append((text, is_error)))
    saves.save(PATH, b"")
    saves.save(PATH, b"")
    saves.poll()
    assert said == []
    for one in saving:
        if error is None:
            one.set_result(None)
        else:
            one.set_exception(error)
    saves.poll()
    saves.poll()
    assert said == [(sentence, error is not None)] * 2
