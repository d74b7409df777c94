import contextlib
import json
import warnings
from pathlib import Path, PurePosixPath, PureWindowsPath

import numpy as np
import pytest
from helpers_training import tiny_dataset
from PIL import Image

from symmcore.data.dataset import ImageDataset
from symmcore.data.images.decoding import DecodeError
from symmcore.data.images.store import ArrayImages, ImageArray
from symmcore.data.value_range import EIGHT_BITS
from symmcore.errors import InputError, ProcessLostError, RunError
from symmcore.records import ImageFiles
from symmcore.runs import Recorder, Recording
from symmcore.runs.formats import image_files
from symmcore.runs.formats.image_files import (
    DatasetImages,
    FileImages,
    read_image_files,
    write_image_files,
)
from symmcore.runs.writing.own_images import OwnImages


def test_files_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    files = ImageFiles(tmp_path / "photos", ("cats/a b.jpg", "dogs/ü.png"))
    write_image_files(tmp_path, files)
    read = read_image_files(tmp_path)
    assert read is not None
    assert read.names == files.names
    assert read.path(1) == tmp_path / "photos" / "dogs" / "ü.png"
    assert read.path(2) is None
    assert read.path(-1) is None


def test_a_run_without_files_has_none(tmp_path: Path) -> None:
    write_image_files(tmp_path, None)
    assert list(tmp_path.iterdir()) == []
    assert read_image_files(tmp_path) is None


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../../b", "", "a\0b", 3, None])
@pytest.mark.parametrize("system", [PurePosixPath, PureWindowsPath])
def test_files_outside_of_the_folder_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: object, system: type
) -> None:
    monkeypatch.setattr(image_files, "PurePath", system)
    (tmp_path / "files.json").write_text(json.dumps({"root": "/photos", "files": ["ok", name]}))
    with pytest.raises(RunError, match=r"files\.json is damaged"):
        read_image_files(tmp_path)


@pytest.mark.parametrize("name", ["..\\b", "C:/b", "C:b", "\\b", "\\\\host\\share\\b", "a/b:c"])
def test_what_only_windows_takes_for_another_place_is_refused_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "files.json").write_text(json.dumps({"root": "/photos", "files": [name]}))
    monkeypatch.setattr(image_files, "PurePath", PurePosixPath)
    found = read_image_files(tmp_path)
    assert found is not None
    assert found.names == (name,)
    monkeypatch.setattr(image_files, "PurePath", PureWindowsPath)
    with pytest.raises(RunError, match=r"files\.json is damaged"):
        read_image_files(tmp_path)


def test_a_recording_warns_of_damaged_files_and_goes_on(tmp_path: Path) -> None:
    with Recorder(tmp_path / "run", labels=[0, 0]) as recorder:
        recorder.frame(1, np.ones((2, 2)))
    (tmp_path / "run" / "files.json").write_text("[]")
    recording = Recording.open(tmp_path / "run")
    assert recording.image_files() is None
    recording.poll()
    assert any("files.json" in warning for warning in recording.state.warnings)


def test_an_own_loop_records_the_files_it_was_given(tmp_path: Path) -> None:
    paths = [tmp_path / "in" / "a" / "1.png", tmp_path / "in" / "b" / "2.png"]
    for path in paths:
        path.parent.mkdir(parents=True)
        Image.new("L", (4, 4)).save(path)
    with Recorder(tmp_path / "run", images=paths) as recorder:
        recorder.frame(1, np.ones((2, 2)))
    files = Recording.open(tmp_path / "run").image_files()
    assert files is not None
    assert files.names == ("a/1.png", "b/2.png")
    assert [files.path(sample) for sample in (0, 1)] == paths


def test_files_that_were_named_by_way_of_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("photos/cats", "elsewhere/deep"):
        (tmp_path / place).mkdir(parents=True)
    (tmp_path / "photos" / "link").symlink_to(tmp_path / "elsewhere" / "deep")
    for place in ("photos/1.png", "photos/cats/2.png", "elsewhere/3.png"):
        Image.new("L", (4, 4)).save(tmp_path / place)
    monkeypatch.chdir(tmp_path / "photos" / "cats")
    paths = [Path("../1.png"), Path("2.png"), Path("../link/../3.png")]
    with Recorder(tmp_path / "run", images=paths) as recorder:
        recorder.frame(1, np.ones((3, 2)))
    recording = Recording.open(tmp_path / "run")
    files = recording.image_files()
    assert recording.state.warnings == ()
    assert files is not None
    found = [files.path(sample) for sample in range(3)]
    assert all(path is not None and path.samefile(paths[at]) for at, path in enumerate(found))


def _dataset(root: Path | None) -> ImageDataset:
    tiny = tiny_dataset(0)
    files = None if root is None else ImageFiles(root, ("wide.png", "turned.jpg", "gone.png"))
    pixels = np.zeros((3, 20, 20, 3), dtype=np.uint8)
    return ImageDataset(
        "photos", ArrayImages(pixels), tiny.labels[:3], tiny.class_names,
        tiny.train, tiny.test, "by image", files=files,
    )  # fmt: skip


def test_pictures_have_the_proportions_of_their_files(tmp_path: Path) -> None:
    Image.new("RGB", (100, 50)).save(tmp_path / "wide.png")
    exif = Image.Exif()
    exif[0x0112] = 6  # a photograph taken upright: the sides change places
    Image.new("RGB", (80, 40)).save(tmp_path / "turned.jpg", exif=exif)
    images = DatasetImages(_dataset(tmp_path))
    assert images.read(0).shape == (10, 20, 3)
    assert images.read(1).shape == (20, 10, 3)
    assert images.read(2).shape == (20, 20, 3), "its file is gone"


def test_pictures_without_files_stay_as_they_are() -> None:
    assert DatasetImages(_dataset(None)).read(0).shape == (20, 20, 3)


def test_a_run_of_ones_own_shows_its_files_and_thumbnails_where_they_have_gone(
    tmp_path: Path,
) -> None:
    photo = tmp_path / "photos" / "wide.png"
    photo.parent.mkdir()
    Image.new("RGB", (600, 300), (200, 10, 10)).save(photo)
    run = tmp_path / "run"
    with Recorder(run, labels=[0], images=[photo]) as recorder:
        recorder.frame(1, np.ones((1, 2), np.float32))
    own = Recording.open(run, FileImages(run, EIGHT_BITS))
    assert own.image(0).shape == (128, 256, 3)
    assert Recording.open(run).image(0).shape == (48, 96, 3), "another's says only where it was"
    photo.unlink()
    assert own.image(0).shape == (48, 96, 3)
    for thumbnails in (run / "thumbnails").iterdir():
        thumbnails.unlink()
    missing = Recording.open(run, FileImages(run, EIGHT_BITS))
    assert missing.find_image(0) is None
    assert missing.find_image(1) is None, "no such image"
    assert missing.image(0).shape[2] == 1


class Raising:
    """Images of which none can be read, for this reason."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def read(self, sample: int) -> ImageArray:
        raise self._error


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError("gone"),
        PermissionError("closed"),
        DecodeError(Path("a.png"), "is no image"),
        IndexError(7),
        InputError("a file can no longer be decoded"),
        ProcessLostError("a process that decodes was ended"),
    ],
)
def test_an_image_that_is_gone_or_damaged_is_missing_and_no_fault(
    tmp_path: Path, error: Exception
) -> None:
    with Recorder(tmp_path / "run", labels=[0]) as recorder:
        recorder.frame(1, np.ones((1, 2), np.float32))
    recording = Recording.open(tmp_path / "run", Raising(error))
    assert recording.find_thumbnail(0) is None
    assert recording.find_image(0) is None


def test_a_fault_of_the_program_is_not_taken_for_a_missing_image(tmp_path: Path) -> None:
    with Recorder(tmp_path / "run", labels=[0]) as recorder:
        recorder.frame(1, np.ones((1, 2), np.float32))
    recording = Recording.open(tmp_path / "run", Raising(AttributeError("no such method")))
    for find in (recording.find_thumbnail, recording.find_image):
        with pytest.raises(AttributeError, match="no such method"):
            find(0)


@pytest.mark.parametrize("ending", ["png", "jpg", "gif", "tiff", "webp"])
def test_a_damaged_file_of_ones_own_raises_nothing_but_an_oserror(
    tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"photo.{ending}"
    Image.fromarray(np.arange(32 * 32 * 3, dtype=np.uint8).reshape(32, 32, 3)).save(path)
    images, whole = OwnImages([path]), path.read_bytes()
    random = np.random.default_rng(0)
    for _ in range(60):
        damaged = bytearray(whole[: int(random.integers(1, len(whole) + 1))])
        for at in random.integers(0, len(damaged), 4).tolist():
            damaged[at] = int(random.integers(256))
        path.write_bytes(damaged)
        with warnings.catch_warnings(), contextlib.suppress(OSError):
            warnings.simplefilter("ignore")  # Pillow's, of what is odd about the file
            assert images.read(0).dtype == np.uint8
