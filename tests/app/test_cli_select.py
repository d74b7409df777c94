from pathlib import Path

import pytest
from helpers_runs import record_loop
from pytestqt.qtbot import QtBot

from symmcore.errors import InputError
from symmviz.app import Launched
from symmviz.cli import main
from symmviz.cli.arguments import parse_arguments
from symmviz.cli.selected import selection_from
from symmviz.model.retrieval.query import Query, Split


def test_a_list_of_images_goes_with_the_runs(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    for arguments in (
        [str(run), "--select", "list.txt"],
        [str(run), "--select=list.txt"],
    ):
        options = parse_arguments(arguments)
        assert options.paths == [run]
        assert options.select == Path("list.txt")
    assert parse_arguments([str(run)]).select is None
    with pytest.raises(SystemExit):
        parse_arguments([str(run), "--select"])


def test_what_is_listed_is_selected(tmp_path: Path) -> None:
    recorder = record_loop(tmp_path / "run")
    (tmp_path / "list.txt").write_text("12\n3\n")
    selection = selection_from(tmp_path / "list.txt", (tmp_path / "run",))
    assert selection.query == Query(12, Split.TEST)
    assert selection.samples == {3, 12}
    assert selection.fingerprint == recorder.live().info.fingerprint
    with pytest.raises(InputError, match="name its folder too"):
        selection_from(tmp_path / "list.txt", ())


def test_a_list_of_something_else_is_said_before_the_window_opens(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record_loop(tmp_path / "run")
    (tmp_path / "list.txt").write_text("12\nholiday.png\n")
    assert main([str(tmp_path / "run"), "--select", str(tmp_path / "list.txt")]) == 2
    assert "line 2: 'holiday.png' is no image" in capsys.readouterr().err


def test_the_window_shows_what_is_selected(
    launched: Launched, qtbot: QtBot, tmp_path: Path
) -> None:
    record_loop(tmp_path / "run")
    (tmp_path / "list.txt").write_text("12\n3\n29\n")
    selection = selection_from(tmp_path / "list.txt", (tmp_path / "run",))
    launched.controller.open((tmp_path / "run",), selection)
    workspace = launched.controller.workspace
    qtbot.waitUntil(lambda: bool(workspace.recordings), timeout=60_000)
    assert workspace.selection == selection
    qtbot.waitUntil(
        lambda: "3 images selected: " in launched.window.watch_page.chosen(),
        timeout=60_000,
    )
    qtbot.waitUntil(
        lambda: set(launched.window.watch_page.scatter(0).also_selected) == {3, 29},
        timeout=60_000,
    )
