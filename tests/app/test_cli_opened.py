"""What the window is opened on: runs, comparisons, a folder of images; anything else is refused."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from symmcore.errors import InputError
from symmcore.runs import Recorder
from symmviz.cli.arguments import parse_arguments
from symmviz.cli.opened import images_folder
from symmviz.cli.window import open_window


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    with Recorder(folder, labels=[0, 1]) as recorder:
        recorder.frame(0, np.eye(2, dtype=np.float32))
    return folder


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    (folder / "cats").mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(folder / "cats" / "one.png")
    return folder


def test_nothing_and_paths_open_the_window(run: Path) -> None:
    assert parse_arguments([]).paths == ()
    options = parse_arguments([str(run), str(run.parent)])
    assert options.run is open_window
    assert options.paths == [run, run.parent]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["trian"], "There is no command, run or folder of images 'trian'"),
        (["{tmp}", "--steps", "3"], "--steps goes with a command"),
    ],
)
def test_a_misspelt_command_is_said_in_one_line(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        parse_arguments([argument.format(tmp=tmp_path) for argument in arguments])
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_runs_and_folders_of_runs_are_no_images(run: Path) -> None:
    assert images_folder([]) is None
    assert images_folder([run]) is None
    assert images_folder([run.parent, run]) is None


def test_a_folder_of_images_is_chosen_alone(images: Path, run: Path) -> None:
    assert images_folder([images]) == images
    with pytest.raises(InputError, match="images"):
        images_folder([images, run])


def test_anything_else_is_refused_by_its_name(tmp_path: Path, run: Path) -> None:
    empty = tmp_path / "nothing"
    empty.mkdir()
    file = tmp_path / "file.txt"
    file.write_text("text")
    for path in (empty, file, tmp_path / "missing"):
        with pytest.raises(InputError, match=path.name):
            images_folder([path])
        with pytest.raises(InputError, match=path.name):
            images_folder([run, path])
    (run / "config.json").write_text('{"format": 99}')
    with pytest.raises(InputError, match="run"):
        images_folder([run])
