"""Sets that torchvision fetches: read from its layouts, fetched only when asked; no network."""

import dataclasses
import hashlib
import io
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import platformdirs
import pytest
import scipy.io
from data_trees import check_listing, class_folders, members, refusal, touch
from filelock import FileLock
from helpers_training import pixels

from symmcore.data.dataset import ImageDataset
from symmcore.data.listing import ImageListing
from symmcore.data.sources import torchvision_fetch, torchvision_sets
from symmcore.data.sources.splits import SplitRule
from symmcore.data.sources.torchvision_catalog import TORCHVISION_ENTRIES, cache_folder
from symmcore.data.sources.torchvision_sets import (
    TORCHVISION_SETS,
    read_torchvision_set,
    torchvision_set,
)
from symmcore.errors import one_line
from symmcore.processes import CallError
from symmcore.progress import Progress, ProgressCallback, ignore_progress
from symmcore.training.control import StopRequestedError

AUTO, CLASS, IMAGE, FOLDERS = SplitRule


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of its own, and no way out to the network."""
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *_, **__: tmp_path / "cache")

    def offline(*_: object, **__: object) -> None:
        raise OSError("no network here")

    monkeypatch.setattr("urllib.request.urlopen", offline)
    monkeypatch.setattr(torchvision_fetch, "call_in_subprocess", call_here)
    return tmp_path / "cache" / "torchvision"


def call_here(
    download: Callable[..., None], arguments: tuple[str, ...], look: Callable[[], None]
) -> None:
    """As ``call_in_subprocess``, in this process, where a test can pretend to be the network."""
    look()
    try:
        download(*arguments)
    except Exception as error:
        raise CallError(one_line(error)) from error
    look()


def read(
    name: str,
    rule: SplitRule = AUTO,
    *,
    download: bool = False,
    on_progress: ProgressCallback = ignore_progress,
) -> ImageDataset | ImageListing:
    return read_torchvision_set(name, rule, 0, download=download, on_progress=on_progress)


def listed(
    name: str, *, download: bool = False, on_progress: ProgressCallback = ignore_progress
) -> ImageListing:
    """A set that consists of files."""
    found = read(name, download=download, on_progress=on_progress)
    assert isinstance(found, ImageListing)
    return found


def left_in(cache: Path) -> list[str]:
    """What lies in the cache folder beside locks, which hold nothing."""
    return [path.name for path in cache.iterdir() if path.suffix != ".lock"]


def make_omniglot(root: Path) -> None:
    alphabets = {"background/Greek": 3, "background/Latin": 2, "evaluation/Tengwar": 3}
    for alphabet, count in alphabets.items():
        for character in range(1, count + 1):
            folder = f"omniglot-py/images_{alphabet}/character{character:02}"
            touch(root, *(f"{folder}/{character:04}_{n:02}.png" for n in range(1, 7)))
    touch(root, "omniglot-py/images_background.zip")


def make_flowers(root: Path, kinds: tuple[int, ...] = (3, 3, 1, 1, 2, 2, 5, 5) * 3) -> None:
    base = root / "flowers-102"
    touch(base, *(f"jpg/image_{n:05}.jpg" for n in range(1, len(kinds) + 1)), "102flowers.tgz")
    scipy.io.savemat(base / "imagelabels.mat", {"labels": np.array([kinds], dtype=np.uint8)})
    scipy.io.savemat(base / "setid.mat", {"trnid": [1], "valid": [2], "tstid": [3]})


VARIANTS = ("707-320", "A300B4", "F/A-18", "Tu-154")


def make_aircraft(root: Path) -> None:
    data = root / "fgvc-aircraft-2013b" / "data"
    numbers = {"train": range(8), "val": range(8, 12), "test": range(12, 20)}
    for part, images in numbers.items():
        touch(data, *(f"images/{1_000_000 + n}.jpg" for n in images))
        lines = (f"{1_000_000 + n} {VARIANTS[n % 4]}\n" for n in images)
        (data / f"images_variant_{part}.txt").write_text("".join(lines))
    (data / "variants.txt").write_text("\n".join(VARIANTS))


def cifar_records(count: int, seed: int) -> np.ndarray:
    records = np.random.default_rng(seed).integers(0, 256, (count, 3074), dtype=np.uint8)
    records[:, 0] = 7
    records[:, 1] = np.arange(count) % 6
    return records


def make_cifar(root: Path) -> None:
    base = root / "cifar-100-binary"
    base.mkdir(parents=True)
    (base / "fine_label_names.txt").write_text("apple\nbaby\nbear\nbed\nbee\nbus\n")
    (base / "train.bin").write_bytes(cifar_records(30, 0).tobytes())
    (base / "test.bin").write_bytes(cifar_records(12, 1).tobytes())


def make_food(root: Path) -> None:
    class_folders(root / "food-101" / "images", dict.fromkeys(("pie", "rice", "soup", "tart"), 6))


def make_dtd(root: Path) -> None:
    class_folders(
        root / "dtd/dtd/images", dict.fromkeys(("banded", "dotted", "lined", "waffled"), 6)
    )


MAKERS = {
    "Omniglot": make_omniglot,
    "Flowers102": make_flowers,
    "FGVCAircraft": make_aircraft,
    "CIFAR100": make_cifar,
    "Food101": make_food,
    "DTD": make_dtd,
}


@pytest.fixture(params=MAKERS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_set_is_tested() -> None:
    assert tuple(known.entry for known in TORCHVISION_SETS) == TORCHVISION_ENTRIES
    assert [known.entry.name for known in TORCHVISION_SETS] == list(MAKERS)
    assert set(torchvision_fetch.FETCHERS) == set(MAKERS)


def test_what_fetches_imports_no_reader() -> None:
    program = (
        "import sys, symmcore.data.sources.torchvision_fetch;"
        "readers = [name for name in ('annotations', 'folder', 'matlab', 'torchvision_sets')"
        " if f'symmcore.data.sources.{name}' in sys.modules];"
        "sys.exit(str(readers) if readers else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


class TestRead:
    def test_a_set_that_is_there(self, name: str, cache: Path) -> None:
        MAKERS[name](cache / name)
        data = read(name)
        assert data.name == f"torchvision:{name}"
        assert data.split.startswith("by class")
        assert not set(data.labels[data.train]) & set(data.labels[data.test])
        if isinstance(data, ImageListing):
            check_listing(data)
            (note,) = data.notes
            published = torchvision_set(name).entry
            assert note.startswith(f"{data.name} has {len(data.labels)} images of ")
            assert note.endswith(f"as published {published.images:,} of {published.classes:,}.")
            assert data.root.is_relative_to(cache.resolve())

    def test_names_in_any_case(self, name: str, cache: Path) -> None:
        MAKERS[name](cache / name)
        assert read(name.lower()).name == f"torchvision:{name}"

    def test_a_whole_set_needs_no_note(
        self, name: str, cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        MAKERS[name](cache / name)
        data = read(name)
        known = torchvision_set(name)
        entry = dataclasses.replace(
            known.entry, images=len(data.labels), classes=len(data.class_names)
        )
        whole = dataclasses.replace(known, entry=entry)
        monkeypatch.setattr(torchvision_sets, "torchvision_set", lambda _: whole)
        assert read(name).notes == ()

    def test_another_split(self, name: str, cache: Path) -> None:
        MAKERS[name](cache / name)
        data = read(name, IMAGE)
        assert set(data.labels[data.train]) == set(data.labels[data.test])
        assert data.split.startswith("by image")

    def test_no_folders_to_split_by(self, name: str, cache: Path) -> None:
        MAKERS[name](cache / name)
        assert "no folders train and test" in refusal(read, name, FOLDERS)

    @pytest.mark.parametrize("name", [name for name in MAKERS if name != "CIFAR100"])
    def test_of_files_it_tells_how_far_it_is_and_can_be_cancelled(
        self, name: str, cache: Path
    ) -> None:
        MAKERS[name](cache / name)
        heard: list[Progress] = []
        listed(name, on_progress=heard.append)
        assert {doing.what for doing in heard} == {"Looking through the files"}

        def stop(_: Progress) -> None:
            raise StopRequestedError

        with pytest.raises(StopRequestedError):
            read(name, on_progress=stop)

    def test_omniglot_keeps_its_own_zero_shot_split(self, cache: Path) -> None:
        make_omniglot(cache / "Omniglot")
        listing = listed("Omniglot")
        assert set(members(listing, listing.train)) == {
            "Greek/character01", "Greek/character02", "Greek/character03",
            "Latin/character01", "Latin/character02",
        }  # fmt: skip
        assert len(listing.test) == 18
        assert listing.split == "by class, as its authors did"
        assert len(read("Omniglot", CLASS).train) == 24

    def test_flowers_are_labelled_by_their_number(self, cache: Path) -> None:
        make_flowers(cache / "Flowers102")
        listing = listed("Flowers102")
        assert members(listing, listing.train) == {
            "flower 1": [f"jpg/image_{n:05}.jpg" for n in (3, 4, 11, 12, 19, 20)],
            "flower 2": [f"jpg/image_{n:05}.jpg" for n in (5, 6, 13, 14, 21, 22)],
        }

    def test_aircraft_of_all_three_lists(self, cache: Path) -> None:
        make_aircraft(cache / "FGVCAircraft")
        listing = listed("FGVCAircraft")
        assert listing.class_names == VARIANTS
        assert len(listing.files) == 20
        for name, files in members(listing, range(20)).items():
            expected = [f"images/{1_000_000 + n}.jpg" for n in range(20) if VARIANTS[n % 4] == name]
            assert sorted(files) == expected

    def test_cifar100_pixel_by_pixel(self, cache: Path) -> None:
        make_cifar(cache / "CIFAR100")
        dataset = read("CIFAR100")
        assert isinstance(dataset, ImageDataset)
        assert dataset.images.shape == (42, 32, 32, 3)
        assert dataset.class_names == ("apple", "baby", "bear", "bed", "bee", "bus")
        raw = np.concatenate([cifar_records(30, 0), cifar_records(12, 1)])
        np.testing.assert_array_equal(dataset.labels, raw[:, 1])
        for image, row, column, channel in ((0, 0, 0, 0), (35, 31, 2, 1), (41, 5, 30, 2)):
            place = 2 + channel * 1024 + row * 32 + column
            assert pixels(dataset)[image, row, column, channel] == raw[image, place]


class TestDamaged:
    def test_images_are_missing(self, cache: Path) -> None:
        for name, file in (
            ("Flowers102", "flowers-102/jpg/image_00002.jpg"),
            ("FGVCAircraft", "fgvc-aircraft-2013b/data/images/1000003.jpg"),
        ):
            MAKERS[name](cache / name)
            (cache / name / file).unlink()
            assert "1 of the" in refusal(read, name)

    def test_omniglot_without_images(self, cache: Path) -> None:
        (cache / "Omniglot/omniglot-py/images_evaluation").mkdir(parents=True)
        assert "holds no images" in refusal(read, "Omniglot")

    @pytest.mark.parametrize("labels", [[0, 1], [0.5, 1.0], []])
    def test_flowers_with_labels_that_are_none(self, labels: list[float], cache: Path) -> None:
        make_flowers(cache / "Flowers102")
        path = cache / "Flowers102/flowers-102/imagelabels.mat"
        scipy.io.savemat(path, {"labels": np.array([labels])})
        assert "imagelabels.mat" in refusal(read, "Flowers102")

    def test_aircraft_outside_the_folder(self, cache: Path) -> None:
        make_aircraft(cache / "FGVCAircraft")
        path = cache / "FGVCAircraft/fgvc-aircraft-2013b/data/images_variant_val.txt"
        path.write_text("1000008 707-320\n../../../secret 707-320\n")
        message = refusal(read, "FGVCAircraft")
        assert "images_variant_val.txt, line 2, points outside" in message

    def test_cifar100_cut_short_or_without_names(self, cache: Path) -> None:
        make_cifar(cache / "CIFAR100")
        base = cache / "CIFAR100/cifar-100-binary"
        content = (base / "test.bin").read_bytes()
        (base / "test.bin").write_bytes(content[:-1])
        assert "test.bin is cut short" in refusal(read, "CIFAR100")
        (base / "test.bin").write_bytes(content)
        (base / "fine_label_names.txt").write_text("apple\n")
        assert "without a name" in refusal(read, "CIFAR100")
        (base / "train.bin").unlink()
        assert "cannot be read" in refusal(read, "CIFAR100")


class TestFetch:
    def test_never_without_being_asked(self, name: str, cache: Path) -> None:
        message = refusal(read, name)
        assert f"torchvision:{name} is not in {cache}" in message
        assert "--download" in message
        assert not cache.exists()

    def test_when_asked(self, name: str, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        fetched = []

        def fetch(folder: Path) -> None:
            fetched.append(folder)
            MAKERS[name](folder)

        pretend(monkeypatch, name, fetch)
        first = read(name, download=True)
        assert read(name, download=True).split == first.split
        assert read(name).split == first.split
        assert len(fetched) == 1
        assert fetched[0] != cache / name  # beside, then renamed
        assert left_in(cache) == [name]

    @pytest.mark.parametrize("name", ["Omniglot", "Flowers102", "FGVCAircraft", "CIFAR100"])
    def test_without_a_network(self, name: str, cache: Path) -> None:
        message = refusal(read, name, download=True)
        assert f"torchvision:{name} could not be fetched" in message
        assert "no network here" in message
        assert left_in(cache) == []

    @pytest.mark.parametrize(
        "error",
        [RuntimeError("File not found or corrupted.\nreally"), EOFError("cut"), ImportError("none"),
         tarfile.ReadError("not a tar"), PermissionError(13, "denied")],
    )  # fmt: skip
    def test_a_fetch_that_fails_half_way_leaves_nothing(
        self, error: Exception, cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fetch(folder: Path) -> None:
            touch(folder, "omniglot-py/images_evaluation/half.png")
            raise error

        pretend(monkeypatch, "Omniglot", fetch)
        assert "could not be fetched" in refusal(read, "Omniglot", download=True)
        assert left_in(cache) == []

    def test_an_interrupt_leaves_nothing(
        self, cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fetch(folder: Path) -> None:
            raise KeyboardInterrupt

        pretend(monkeypatch, "Omniglot", fetch)
        with pytest.raises(KeyboardInterrupt):
            read("Omniglot", download=True)
        assert left_in(cache) == []

    def test_something_else_was_fetched(self, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        pretend(monkeypatch, "Omniglot", lambda folder: None)
        assert "has no omniglot-py" in refusal(read, "Omniglot", download=True)

    def test_another_process_fetches_already(
        self, cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pretend(monkeypatch, "Omniglot", lambda _: pytest.fail("it is fetched twice"))
        cache.mkdir(parents=True)
        lock, heard = FileLock(cache / "Omniglot.lock", thread_local=False), []
        lock.acquire()

        def on_progress(doing: Progress) -> None:
            heard.append(doing.sentence())
            if lock.is_locked:
                make_omniglot(cache / "Omniglot")
                lock.release()

        check_listing(listed("Omniglot", download=True, on_progress=on_progress))
        assert heard[0] == "Fetching Omniglot in another process: 0.0 MB"
        assert all(sentence.startswith("Looking through the files") for sentence in heard[1:])

    def test_what_a_killed_process_left_is_removed(
        self, cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        touch(cache, "Omniglot.part/omniglot-py/images_evaluation/half.png")
        pretend(monkeypatch, "Omniglot", make_omniglot)
        check_listing(listed("Omniglot", download=True))
        assert left_in(cache) == ["Omniglot"]

    def test_it_tells_how_far_it_is_and_can_be_cancelled(
        self, cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        heard = []

        def write(folder: Path) -> None:
            folder.joinpath("archive").write_bytes(bytes(17_000_000))

        pretend(monkeypatch, "Omniglot", write)

        def on_progress(doing: Progress) -> None:
            heard.append(doing.sentence())
            if len(heard) == 2:
                raise StopRequestedError

        with pytest.raises(StopRequestedError):
            read("Omniglot", download=True, on_progress=on_progress)
        assert heard == [
            "Fetching Omniglot: 0.0 of about 16.0 MB",
            "Fetching Omniglot, extracting: 17.0 MB",
        ]
        assert left_in(cache) == []

    def test_a_folder_in_the_way_is_named_before_anything_is_fetched(
        self, cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pretend(monkeypatch, "Omniglot", lambda _: pytest.fail("it is fetched"))
        touch(cache, "Omniglot/something")
        message = refusal(read, "Omniglot", download=True)
        assert f"{cache / 'Omniglot'} is there but holds no omniglot-py" in message

    def test_who_is_told_may_fail(self, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        pretend(monkeypatch, "Omniglot", make_omniglot)

        def on_progress(_: Progress) -> None:
            raise BrokenPipeError(32, "Broken pipe")

        with pytest.raises(BrokenPipeError):
            read("Omniglot", download=True, on_progress=on_progress)
        assert left_in(cache) == []

    def test_a_cache_folder_that_cannot_be_made(self, cache: Path) -> None:
        cache.parent.write_text("a file")
        assert "cannot be written" in refusal(read, "Omniglot", download=True)

    def test_cifar100_is_fetched_binary_and_checked(
        self, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_cifar(tmp_path / "made")
        archive = tmp_path / "cifar-100-binary.tar.gz"
        with tarfile.open(archive, "w:gz") as tar:
            tar.add(tmp_path / "made" / "cifar-100-binary", "cifar-100-binary")
        content = archive.read_bytes()
        monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: Answer(content))
        message = refusal(read, "CIFAR100", download=True)
        assert "corrupted" in message  # the published checksum is another
        monkeypatch.setattr(torchvision_fetch, "_CIFAR_MD5", hashlib.md5(content).hexdigest())  # noqa: S324 - torchvision's
        assert len(read("CIFAR100", download=True).labels) == 42

    def test_nothing_is_unpickled(self, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def load(*_: object, **__: object) -> None:
            pytest.fail("something was unpickled")

        monkeypatch.setattr("pickle.load", load)
        monkeypatch.setattr("pickle.loads", load)
        for name, make in MAKERS.items():
            make(cache / name)
            read(name)


class Answer(io.BytesIO):
    """What a server sends."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.length = len(content)
        self.url = None


def pretend(monkeypatch: pytest.MonkeyPatch, name: str, fetch: Callable[[Path], None]) -> None:
    """Fetch a set some other way."""
    monkeypatch.setitem(torchvision_fetch.FETCHERS, name, fetch)


def test_torchvisions_names_are_used() -> None:
    from torchvision import datasets

    assert all(hasattr(datasets, known.entry.name) for known in TORCHVISION_SETS)


@pytest.mark.parametrize("name", ["", "CIFAR10", "../x", "omniglot "])
def test_unknown_sets(name: str) -> None:
    message = refusal(read, name)
    assert repr(name) in message
    assert "Omniglot, Flowers102" in message


def test_the_cache_is_the_users(tmp_path: Path) -> None:
    assert cache_folder() == tmp_path / "cache" / "torchvision"
