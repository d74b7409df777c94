"""What is said beside the chosen dataset, before any training."""

from collections.abc import Callable
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any
from unittest.mock import MagicMock, call

import numpy as np
import pytest
from PIL import Image

from symmcore.data.sources import file_tree, torchvision_catalog
from symmcore.errors import InputError
from symmcore.progress import Progress, ProgressCallback
from symmcore.training.config import TrainingConfig
from symmcore.training.input import DatasetSummary, scan_dataset
from symmviz.presenters.dataset import DatasetPresenter
from symmviz.services.dataset_scan import DatasetScan

SUMMARY = DatasetSummary(
    images=1300, classes=40, train=1000, test=300, split="by class", cache="It takes 2 GB.",
    notes=("One is left out.", "Two differ.", "Three.", "Four.", "Five.", "Six.", "Seven."),
)  # fmt: skip


@pytest.fixture
def view() -> MagicMock:
    return MagicMock()


class Looks(Executor):
    """Looks at nothing; a test says what is found."""

    def __init__(self) -> None:
        self.asked: list[TrainingConfig] = []
        self.tells: list[ProgressCallback] = []
        self._found: list[Future[DatasetSummary | None]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        config, on_progress = args
        self.asked.append(config)
        self.tells.append(on_progress)
        self._found.append(Future())
        return self._found[-1]

    def __getitem__(self, number: int) -> "Future[DatasetSummary | None]":
        return self._found[number]


@pytest.fixture
def looks() -> Looks:
    return Looks()


@pytest.fixture
def presenter(view: MagicMock, looks: Looks) -> DatasetPresenter:
    return DatasetPresenter(view, partial(DatasetScan, looks))


def note(view: MagicMock) -> tuple[str, bool]:
    ((text,), named) = view.set_dataset_note.call_args
    return text, named["is_error"]


def of(dataset: str, **more: Any) -> TrainingConfig:
    return TrainingConfig(dataset=dataset, **more)


def test_what_is_found_is_said(view: MagicMock, looks: Looks, presenter: DatasetPresenter) -> None:
    presenter.look(of("folder:/photos"))
    presenter.poll()
    assert note(view) == ("Looking through the files...", False)
    looks[0].set_result(SUMMARY)
    presenter.poll()
    assert note(view) == (
        "1,000 training and 300 test images of 40 classes, split by class. It takes 2 GB. "
        "One is left out. Two differ. Three. Four. Five. 2 more notes will be shown with the "
        "training.",
        False,
    )


def test_how_far_a_look_is_is_said(
    view: MagicMock, looks: Looks, presenter: DatasetPresenter
) -> None:
    presenter.look(of("folder:/photos"))
    looks.tells[0](Progress("Looking through the files", 1234))
    presenter.poll()
    assert note(view) == ("Looking through the files: 1,234...", False)
    looks[0].set_result(SUMMARY)
    presenter.poll()
    presenter.look(of("folder:/photos"))
    looks.tells[1](Progress("Looking through the files", 1))
    presenter.poll()
    assert note(view)[0].startswith("1,000 training"), "what is known stands meanwhile"


def test_a_look_that_nobody_wants_any_more_ends(
    view: MagicMock, looks: Looks, presenter: DatasetPresenter
) -> None:
    presenter.look(of("folder:/one"))
    looks.tells[0](Progress("Looking through the files", 1))
    presenter.look(of("digits"))
    with pytest.raises(CancelledError):
        looks.tells[0](Progress("Looking through the files", 2))


def test_a_look_in_a_thread_ends_at_the_next_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abc":
        (tmp_path / name).mkdir()
    began, given_up, scans = Event(), Event(), []

    def scan(*arguments: Any) -> object:
        scans.append(arguments)
        began.set()
        given_up.wait(10)
        return original(*arguments)

    original = file_tree._scan
    monkeypatch.setattr(file_tree, "_scan", scan)
    with ThreadPoolExecutor(1) as pool:
        look = DatasetScan(pool, of(f"folder:{tmp_path}"))
        assert began.wait(10)
        look.give_up()
        given_up.set()
    assert len(scans) == 1
    with pytest.raises(CancelledError):
        look.result()


def test_what_is_wrong_is_said_before_a_start(
    view: MagicMock, looks: Looks, presenter: DatasetPresenter
) -> None:
    presenter.look(of("folder:/photos"))
    looks[0].set_exception(InputError("/photos is not there."))
    presenter.poll()
    assert note(view) == ("/photos is not there.", True)
    presenter.look(of("folder:/others"))
    looks[1].set_exception(RuntimeError("oh"))
    presenter.poll()
    assert note(view) == ("The dataset cannot be looked at (RuntimeError: oh).", True)


def test_the_newest_choice_counts(
    view: MagicMock, looks: Looks, presenter: DatasetPresenter
) -> None:
    presenter.look(of("folder:/one"))
    looks[0].set_running_or_notify_cancel()
    presenter.look(of("folder:/two"))
    looks[0].set_result(SUMMARY)
    presenter.poll()
    assert note(view) == ("Looking through the files...", False)
    presenter.look(of("digits"))
    presenter.poll()
    assert note(view) == ("", False)
    assert looks[1].cancelled()


def test_a_second_look_leaves_what_is_said_until_it_is_over(
    view: MagicMock, looks: Looks, presenter: DatasetPresenter
) -> None:
    presenter.look(of("folder:/one"))
    looks[0].set_result(SUMMARY)
    presenter.poll()
    said = note(view)
    presenter.look(of("folder:/one"))
    assert note(view) == said
    looks[1].set_exception(InputError("gone"))
    presenter.poll()
    assert note(view) == ("gone", True)


def test_a_download_is_announced(
    view: MagicMock,
    looks: Looks,
    presenter: DatasetPresenter,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torchvision_catalog, "cache_folder", lambda: tmp_path)
    config = of("torchvision:omniglot", download=True)
    presenter.look(config)
    assert looks.asked == []
    assert note(view) == (
        "32,460 images of 1,623 classes. About 16 MB will be downloaded into "
        f"{tmp_path / 'Omniglot'} when you start.",
        False,
    )
    (tmp_path / "Omniglot" / torchvision_catalog.OMNIGLOT.marker).mkdir(parents=True)
    presenter.look(config)
    assert looks.asked == [config]


def test_a_refusal_is_shown(view: MagicMock, presenter: DatasetPresenter) -> None:
    presenter.refuse("No such dataset.")
    assert presenter.problem == "No such dataset."
    presenter.poll()
    assert view.mock_calls == [call.set_dataset_note("No such dataset.", is_error=True)]


def test_what_a_folder_holds_and_is_not_used_is_said(
    tmp_path: Path, view: MagicMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a/1.png", "a/2.png", "b/1.png", "b/2.png", "c/1.png", "c/2.png", "d/1.png"):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "photos" / "d" / "2.png").touch()
    (tmp_path / "photos" / "e").mkdir()
    (tmp_path / "photos" / "@eaDir").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "photos" / "f").symlink_to(tmp_path / "elsewhere")
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: Path(tmp_path / "cache"))
    with ThreadPoolExecutor(1) as pool:
        presenter = DatasetPresenter(view, partial(DatasetScan, pool))
        presenter.look(of(f"folder:{tmp_path / 'photos'}"))
    presenter.poll()
    text, is_error = note(view)
    assert not is_error
    assert text.endswith(
        "Left out: 1 empty folder of a class: e. Left out: 1 link to a folder or out of the "
        "dataset: f; follow links (--follow-links) to use what they lead to. Left out: 1 file or "
        "folder of systems and programs: @eaDir."
    )


def test_a_look_at_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(12):
        path = tmp_path / "photos" / f"class {number % 4}" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((8, 8, 3), number, np.uint8)).save(path)
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: Path(tmp_path / "cache"))
    summary = scan_dataset(of(f"folder:{tmp_path / 'photos'}"))
    assert summary is not None
    assert (summary.images, summary.classes, summary.train, summary.test) == (12, 4, 6, 6)
    assert summary.cache.startswith("The decoded images will take less than 1 MB in ")
    assert not (tmp_path / "cache").exists()
    assert scan_dataset(of("digits")) is None
    with pytest.raises(InputError, match="nowhere"):
        scan_dataset(of(f"folder:{tmp_path / 'nowhere'}"))


def test_images_are_counted_where_that_is_known(presenter: DatasetPresenter, looks: Looks) -> None:
    presenter.look(of("digits"))
    known = [presenter.counts is not None]
    presenter.look(of("folder:/photos"))
    known.append(presenter.counts is not None)
    assert known == [True, False]
    assert not presenter.poll()
    looks[0].set_result(SUMMARY)
    assert presenter.poll()
    assert presenter.counts == (1000, 300)
    presenter.refuse("It is not there.")
    assert presenter.counts is None
