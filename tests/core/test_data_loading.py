"""Listings become datasets: the cache, what it survives, skipped images, decoding as needed."""

import dataclasses
import errno
import fcntl
import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import platformdirs
import pytest
from filelock import FileLock
from PIL import Image

from symmcore.data import loading
from symmcore.data.dataset import ImageDataset, SkippedImage
from symmcore.data.images import cache as cache_module
from symmcore.data.images import cache_entries, decode_pass
from symmcore.data.images.cache import CacheSettings, plan_cache
from symmcore.data.images.decoding import decode_file, decode_or_measure
from symmcore.data.listing import ImageListing
from symmcore.data.loading import load_listing
from symmcore.data.unused import Unused
from symmcore.data.value_range import Extent
from symmcore.errors import InputError
from symmcore.progress import Progress

SIZE = 12
DECODING = "Decoding images"
CLASSES = 5
EACH = 8
COUNT = CLASSES * EACH


def make_tree(root: Path, seed: int = 0) -> ImageListing:
    """Five classes of eight images of 20 x 15, every other one for training."""
    random = np.random.default_rng(seed)
    files = tuple(f"{label}/{i}.png" for label in range(CLASSES) for i in range(EACH))
    for file in files:
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (15, 20, 3), dtype=np.uint8)).save(path)
    return ImageListing(
        name="made", root=root, files=files,
        labels=np.repeat(np.arange(CLASSES), EACH), class_names=tuple("abcde"),
        train=np.arange(0, COUNT, 2), test=np.arange(1, COUNT, 2), split="every other",
        notes=("made for tests",),
    )  # fmt: skip


@pytest.fixture
def listing(tmp_path: Path) -> ImageListing:
    return make_tree(tmp_path / "tree")


@pytest.fixture
def settings(tmp_path: Path) -> CacheSettings:
    return CacheSettings(tmp_path / "cache")


def load(
    listing: ImageListing,
    settings: CacheSettings,
    progress: Callable[[int, int], object] = lambda _done, _count: None,
) -> ImageDataset:
    def on_progress(doing: Progress) -> None:
        if doing.what == DECODING:
            assert doing.count is not None
            progress(doing.done, doing.count)

    return load_listing(listing, settings, on_progress, SIZE)


def images_of(dataset: ImageDataset) -> np.ndarray:
    images = dataset.images.read(np.arange(dataset.images.shape[0]))
    dataset.images.release()
    return images


def expected(listing: ImageListing) -> np.ndarray:
    return np.stack([expected_at(listing, position) for position in range(COUNT)])


def expected_at(listing: ImageListing, position: int) -> np.ndarray:
    return decode_file(listing.root / listing.files[position], SIZE)


def folder_of(settings: CacheSettings) -> Path:
    assert settings.folder is not None
    return settings.folder


def cache_folder(listing: ImageListing, settings: CacheSettings) -> Path:
    """Where these images are kept."""
    where = plan_cache(listing, settings, SIZE).where
    assert where is not None
    return where


def entries(settings: CacheSettings) -> list[str]:
    """What is in the cache folder beside locks."""
    return sorted(p.name for p in folder_of(settings).iterdir() if p.suffix != ".lock")


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that are decoded from now on in this process."""
    files: list[Path] = []

    def decode(path: Path, size: int) -> np.ndarray | Extent:
        files.append(path)
        return decode_or_measure(path, size)

    monkeypatch.setattr(decode_pass, "decode_or_measure", decode)
    return files


class TestCache:
    def test_images_labels_and_split_are_those_of_the_listing(
        self, listing: ImageListing, settings: CacheSettings
    ) -> None:
        dataset = load(listing, settings)
        np.testing.assert_array_equal(images_of(dataset), expected(listing))
        assert dataset.images.shape == (COUNT, SIZE, SIZE, 3)
        for name in ("labels", "train", "test"):
            np.testing.assert_array_equal(getattr(dataset, name), getattr(listing, name))
            assert getattr(dataset, name).dtype == np.int64
        assert (dataset.name, dataset.split) == (listing.name, listing.split)
        assert dataset.class_names == listing.class_names
        assert dataset.notes == ("made for tests",)
        assert dataset.skipped == ()

    def test_a_second_load_decodes_nothing(
        self, listing: ImageListing, settings: CacheSettings, decoded: list[Path]
    ) -> None:
        first = load(listing, settings)
        assert sorted(decoded) == sorted(listing.root / file for file in listing.files)
        decoded.clear()
        told = []
        second = load(listing, settings, lambda done, count: told.append((done, count)))
        assert decoded == []
        assert told == []
        np.testing.assert_array_equal(images_of(first), images_of(second))
        assert first.fingerprint() == second.fingerprint()

    def test_the_plan_says_the_size_before(
        self, listing: ImageListing, settings: CacheSettings
    ) -> None:
        plan = plan_cache(listing, settings, SIZE)
        assert (plan.bytes, plan.made, plan.fits) == (COUNT * SIZE * SIZE * 3, False, True)
        assert plan.limit == 32 * 10**9
        assert plan.free > 0
        assert str(settings.folder) in plan.sentence()
        load(listing, settings)
        plan = plan_cache(listing, settings, SIZE)
        assert plan.made
        header = (cache_folder(listing, settings) / "images.npy").stat().st_size - plan.bytes
        assert 0 < header < 200

    def test_it_says_how_large_the_cache_will_be(
        self, listing: ImageListing, settings: CacheSettings
    ) -> None:
        told = []
        load_listing(listing, settings, lambda doing: told.append(doing.sentence()), 640)
        size = f"{COUNT * 640 * 640 * 3 / 1e6:,.0f} MB"
        assert told[:2] == [
            f"Checking the files: 0 of {COUNT}",
            f"{DECODING}: 0 of {COUNT} (once: {size} in {settings.folder})",
        ]

    def test_progress_counts_up_to_all(
        self, listing: ImageListing, settings: CacheSettings
    ) -> None:
        told = []
        load(listing, settings, lambda done, count: told.append((done, count)))
        assert told[0] == (0, COUNT)
        assert told[-1] == (COUNT, COUNT)
        assert told == sorted(told)

    @pytest.mark.parametrize("change", ["content", "time", "name", "order", "size", "root"])
    def test_what_changes_the_key(
        self, listing: ImageListing, settings: CacheSettings, change: str, tmp_path: Path
    ) -> None:
        before = cache_module.cache_key(listing, SIZE)
        assert cache_module.cache_key(listing, SIZE) == before
        first, size = listing.root / listing.files[0], SIZE
        if change == "content":
            Image.new("RGB", (3, 3)).save(first)
        elif change == "time":
            os.utime(first, ns=(0, first.stat().st_mtime_ns + 1))
        elif change == "name":
            first.rename(listing.root / "0/x.png")
            listing = dataclasses.replace(listing, files=("0/x.png", *listing.files[1:]))
        elif change == "order":
            listing = dataclasses.replace(listing, files=listing.files[::-1])
        elif change == "size":
            size += 1
        else:
            listing.root.rename(tmp_path / "elsewhere")
            listing = dataclasses.replace(listing, root=tmp_path / "elsewhere")
        assert cache_module.cache_key(listing, size) != before

    def test_labels_and_split_change_nothing(
        self, listing: ImageListing, settings: CacheSettings, decoded: list[Path]
    ) -> None:
        load(listing, settings)
        decoded.clear()
        other = dataclasses.replace(listing, labels=listing.labels[::-1].copy(), train=listing.test)
        load(other, settings)
        assert decoded == []

    def test_a_changed_file_is_decoded_anew(
        self, listing: ImageListing, settings: CacheSettings
    ) -> None:
        before = load(listing, settings)
        Image.new("RGB", (9, 9), "red").save(listing.root / listing.files[3])
        after = load(listing, settings)
        np.testing.assert_array_equal(images_of(after), expected(listing))
        assert (images_of(after)[3] == (255, 0, 0)).all()
        assert after.fingerprint() != before.fingerprint()

    def test_files_that_trade_names_are_decoded_anew(
        self, listing: ImageListing, settings: CacheSettings
    ) -> None:
        """As those of an extracted archive do, that are of one size and one time."""
        for file in listing.files:
            os.utime(listing.root / file, ns=(0, 0))
        before = images_of(load(listing, settings))
        one, other = (listing.root / listing.files[place] for place in (0, -1))
        one.rename(listing.root / "aside")
        other.rename(one)
        (listing.root / "aside").rename(other)
        after = images_of(load(listing, settings))
        np.testing.assert_array_equal(after[[0, -1]], before[[-1, 0]])

    def test_the_fingerprint_is_of_pixels_not_of_times(
        self, listing: ImageListing, settings: CacheSettings
    ) -> None:
        before = load(listing, settings)
        os.utime(listing.root / listing.files[0], ns=(0, 0))
        assert load(listing, settings).fingerprint() == before.fingerprint()

    @pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"[[1", b"[[99, 3]]", b"[1]", b"{}x"])
    @pytest.mark.parametrize("name", ["images.npy", "digests.npy", "skipped.json"])
    def test_an_entry_that_is_damaged_is_made_anew(
        self, listing: ImageListing, settings: CacheSettings, name: str, content: bytes
    ) -> None:
        before = images_of(load(listing, settings))
        (cache_folder(listing, settings) / name).write_bytes(content)
        again = load(listing, settings)
        np.testing.assert_array_equal(images_of(again), before)
        assert [note for note in again.notes if "damaged: decoded anew" in note]
        assert load(listing, settings).notes == listing.notes

    def test_files_in_the_place_of_folders_are_removed(
        self, listing: ImageListing, settings: CacheSettings
    ) -> None:
        where = cache_folder(listing, settings)
        folder_of(settings).mkdir()
        where.touch()
        where.with_name(f"{where.name}.part").touch()
        (folder_of(settings) / "another.part").touch()
        np.testing.assert_array_equal(images_of(load(listing, settings)), expected(listing))
        assert (where / "images.npy").is_file()

    @pytest.mark.parametrize("limit", [10**12, 0])
    def test_a_folder_that_may_only_be_read(
        self, listing: ImageListing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int
    ) -> None:
        settings = CacheSettings(tmp_path / "cache", limit)
        before = images_of(load(listing, settings))

        def refused(*_: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(cache_entries, "locked", refused)
        monkeypatch.setattr(os, "utime", refused)
        again = load(listing, settings)
        assert not [note for note in again.notes if "cannot keep" in note]
        np.testing.assert_array_equal(images_of(again), before)

    @pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK])
    def test_a_file_system_without_locks(
        self,
        listing: ImageListing,
        settings: CacheSettings,
        monkeypatch: pytest.MonkeyPatch,
        capfd: pytest.CaptureFixture[str],
        number: int,
    ) -> None:
        def refused(*_: object) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(fcntl, "flock", refused)
        for _ in range(2):
            dataset = load(listing, settings)
            assert dataset.notes == listing.notes
            np.testing.assert_array_equal(images_of(dataset), expected(listing))
        assert capfd.readouterr() == ("", "")

    def test_without_a_home_folder(
        self, listing: ImageListing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As in containers whose user id the system does not know."""

        def unknown(*_: object, **__: object) -> Path:
            raise RuntimeError("Could not determine home directory.")

        monkeypatch.chdir(tmp_path)
        for found in (unknown, lambda *_, **__: Path("~/.cache/symmviz")):
            monkeypatch.setattr(platformdirs, "user_cache_path", found)
            dataset = load(listing, CacheSettings())
            assert [note for note in dataset.notes if "set HOME or XDG_CACHE_HOME" in note]
            np.testing.assert_array_equal(images_of(dataset), expected(listing))
        assert list(tmp_path.iterdir()) == [listing.root]

    def test_an_entry_of_other_images_is_made_anew(
        self, listing: ImageListing, settings: CacheSettings
    ) -> None:
        before = images_of(load(listing, settings))
        where = cache_folder(listing, settings)
        np.save(where / "images.npy", np.zeros((COUNT, SIZE, SIZE + 1, 3), dtype=np.uint8))
        np.testing.assert_array_equal(images_of(load(listing, settings)), before)
        np.save(where / "digests.npy", np.zeros((COUNT - 1, 32), dtype=np.uint8))
        np.testing.assert_array_equal(images_of(load(listing, settings)), before)

    @pytest.mark.parametrize("name", ["images.npy", "digests.npy", "skipped.json"])
    def test_an_entry_that_lacks_something_is_made_anew(
        self, listing: ImageListing, settings: CacheSettings, name: str
    ) -> None:
        before = images_of(load(listing, settings))
        path = cache_folder(listing, settings) / name
        if name == "images.npy":
            os.truncate(path, 500)
        else:
            path.unlink()
        np.testing.assert_array_equal(images_of(load(listing, settings)), before)

    def test_the_least_recently_used_goes_when_the_limit_is_reached(self, tmp_path: Path) -> None:
        one = COUNT * SIZE * SIZE * 3
        settings = CacheSettings(tmp_path / "cache", limit=2 * one + 1000)
        trees = [make_tree(tmp_path / f"tree{i}", i) for i in range(3)]
        for number in (0, 1):
            load(trees[number], settings)
        for age, number in enumerate((0, 1)):
            os.utime(cache_folder(trees[number], settings), (age, age))
        load(trees[0], settings)  # used just now
        load(trees[2], settings)
        made = [plan_cache(tree, settings, SIZE).made for tree in trees]
        assert made == [True, False, True]

    def test_a_negative_limit_is_refused(self) -> None:
        with pytest.raises(InputError, match="cache limit is -1 bytes"):
            CacheSettings(limit=-1)


class TestInterruption:
    @pytest.mark.parametrize("at", [0, 16])
    def test_cancelling_leaves_nothing(
        self, listing: ImageListing, settings: CacheSettings, at: int
    ) -> None:
        before = set(threading.enumerate())

        def cancel(done: int, count: int) -> None:
            if done >= at:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            load(listing, settings, cancel)
        assert entries(settings) == []
        assert set(threading.enumerate()) == before
        np.testing.assert_array_equal(images_of(load(listing, settings)), expected(listing))

    def test_a_process_killed_half_way(
        self, listing: ImageListing, settings: CacheSettings
    ) -> None:
        with started_load(listing, settings, stall_at=16) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"stalled\n"
            assert entries(settings)[0].endswith(".part")
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert entries(settings)[0].endswith(".part")
        np.testing.assert_array_equal(images_of(load(listing, settings)), expected(listing))
        assert entries(settings) == [cache_folder(listing, settings).name]

    def test_leftovers_of_another_dataset_go_too_unless_it_is_under_way(
        self, listing: ImageListing, settings: CacheSettings, tmp_path: Path
    ) -> None:
        other = make_tree(tmp_path / "other", 1)
        part = cache_folder(other, settings).with_suffix(".part")
        dead = folder_of(settings) / "dead.part"
        for folder in (part, dead):
            folder.mkdir(parents=True)
        with FileLock(part.with_suffix(".lock")):
            load(listing, settings)
            assert part.is_dir()
        assert not dead.exists()

    def test_two_processes_at_once(self, listing: ImageListing, settings: CacheSettings) -> None:
        told: list[tuple[int, int]] = []
        with started_load(listing, settings, stall_at=16) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"stalled\n"

            def progress(done: int, count: int) -> None:
                if not told:
                    assert process.stdin is not None
                    process.stdin.write(b"go on\n")
                    process.stdin.flush()
                told.append((done, count))

            dataset = load(listing, settings, progress)
            assert process.wait() == 0
        np.testing.assert_array_equal(images_of(dataset), expected(listing))
        # it waited and was told how far the other was, and did not begin itself
        assert told[0][0] > 0
        assert (0, COUNT) not in told

    def test_waiting_can_be_cancelled(self, listing: ImageListing, settings: CacheSettings) -> None:
        where = cache_folder(listing, settings)
        folder_of(settings).mkdir()

        def cancel(done: int, count: int) -> None:
            raise KeyboardInterrupt

        with FileLock(where.with_name(f"{where.name}.lock")), pytest.raises(KeyboardInterrupt):
            load(listing, settings, cancel)


def started_load(
    listing: ImageListing, settings: CacheSettings, stall_at: int
) -> "subprocess.Popen[bytes]":
    """A process that loads a listing, stalls at some progress, and goes on after a line."""
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "import numpy as np\n"
        "from symmcore.data.images.cache import CacheSettings\n"
        "from symmcore.data.listing import ImageListing\n"
        "from symmcore.data.loading import load_listing\n"
        f"files = {listing.files!r}\n"
        "n = np.arange(len(files))\n"
        f"listing = ImageListing('made', Path({str(listing.root)!r}), files, n % 2,\n"
        "    ('a', 'b'), n, n[:0], '')\n"
        "def on_progress(doing):\n"
        f"    if doing.what == {DECODING!r} and doing.done == {stall_at}:\n"
        "        print('stalled', flush=True)\n"
        "        sys.stdin.readline()\n"
        f"cache = CacheSettings(Path({str(settings.folder)!r}))\n"
        f"load_listing(listing, cache, on_progress, {SIZE})\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


def spoil(listing: ImageListing, *positions: int) -> None:
    for position in positions:
        (listing.root / listing.files[position]).write_bytes(b"no image")


@pytest.mark.parametrize("limit", [10**9, 0], ids=["cached", "as needed"])
class TestSkipped:
    def test_skipped_images_are_named_and_positions_count_the_others(
        self, listing: ImageListing, tmp_path: Path, limit: int
    ) -> None:
        settings = CacheSettings(tmp_path / "cache", limit)
        spoil(listing, 4, 33)
        (listing.root / listing.files[7]).write_bytes(b"")
        for _ in range(2):  # decoded, and remembered
            dataset = load(listing, settings)
            assert dataset.skipped == (
                SkippedImage("0/4.png", "is not an image of a known format"),
                SkippedImage("0/7.png", "is empty"),
                SkippedImage("4/1.png", "is not an image of a known format"),
            )
            assert dataset.notes[0] == "made for tests"
            assert dataset.notes[-1] == (
                "3 of 40 images were skipped: 0/4.png is not an image of a known format, "
                "0/7.png is empty, 4/1.png is not an image of a known format."
            )
            kept = np.setdiff1d(np.arange(COUNT), [4, 7, 33])
            originals = {
                split: [p for p in getattr(listing, split) if p in kept]
                for split in ("train", "test")
            }
            images = images_of(dataset)
            assert len(images) == COUNT - 3
            for split, positions in originals.items():
                found = getattr(dataset, split)
                assert found.dtype == np.int64
                np.testing.assert_array_equal(dataset.labels[found], listing.labels[positions])
                for position, original in zip(found, positions, strict=True):
                    path = listing.root / listing.files[original]
                    np.testing.assert_array_equal(images[position], decode_file(path, SIZE))

    def test_more_than_a_tenth_stops(
        self, listing: ImageListing, tmp_path: Path, limit: int
    ) -> None:
        settings = CacheSettings(tmp_path / "cache", limit)
        spoil(listing, 0, 9, 18, 27)
        assert len(load(listing, settings).skipped) == 4
        spoil(listing, 36)
        with pytest.raises(InputError) as caught:
            load(listing, settings)
        message = str(caught.value)
        assert message.startswith(f"More than 10% of the 40 images in {listing.root} cannot be")
        assert ", which is not an image of a known format: " in message
        assert not any(name.endswith(".part") for name in entries(settings))

    def test_a_class_that_loses_its_pairs_trains_no_more(
        self, listing: ImageListing, tmp_path: Path, limit: int
    ) -> None:
        # class b trains with three images, of which two are lost; class c has one from the start
        train = np.setdiff1d(listing.train, [8, 16, 18, 20])
        listing = dataclasses.replace(listing, train=train)
        spoil(listing, 10, 12)
        dataset = load(listing, CacheSettings(tmp_path / "cache", limit))
        assert "Without the skipped images no pair is left of b: left out of training." in (
            dataset.notes
        )
        counts = np.bincount(dataset.labels[dataset.train], minlength=CLASSES)
        np.testing.assert_array_equal(counts, [4, 0, 1, 4, 4])
        assert np.bincount(dataset.labels[dataset.test])[1] == 4

    def test_test_images_that_end_alone_are_counted(
        self, listing: ImageListing, tmp_path: Path, limit: int
    ) -> None:
        spoil(listing, 9, 11, 13)  # of the test images of class b, 15 is left
        dataset = load(listing, CacheSettings(tmp_path / "cache", limit))
        note = "1 of 17 test images is alone in its class: it is no query."
        assert f"Without the skipped images {note}" in dataset.notes

    def test_a_class_that_loses_its_test_images_is_named(
        self, listing: ImageListing, tmp_path: Path, limit: int
    ) -> None:
        test = np.setdiff1d(listing.test, [11, 13, 15])  # class b tests with one image
        listing = dataclasses.replace(listing, test=test)
        spoil(listing, 9)
        dataset = load(listing, CacheSettings(tmp_path / "cache", limit))
        assert "Without the skipped images no test image is left of b." in dataset.notes

    def test_what_the_listing_does_not_use_stays_with_the_dataset(
        self, listing: ImageListing, tmp_path: Path, limit: int
    ) -> None:
        unused = (Unused("hidden", 1, (".a",), "Left out: 1 hidden file or folder: .a."),)
        listing = dataclasses.replace(listing, unused=unused)
        assert load(listing, CacheSettings(tmp_path / "cache", limit)).unused == unused

    def test_a_file_that_vanished(self, listing: ImageListing, tmp_path: Path, limit: int) -> None:
        (listing.root / listing.files[0]).unlink()
        dataset = load(listing, CacheSettings(tmp_path / "cache", limit))
        assert [one.file for one in dataset.skipped] == ["0/0.png"]
        assert "No such file" in dataset.skipped[0].reason


def test_many_skipped_images_are_counted() -> None:
    skipped = tuple(SkippedImage(f"{i}.png", "is empty") for i in range(5))
    listing = dataclasses.replace(make_listing_of(100), name="x")
    (note,) = loading._skipped_notes(listing, skipped)
    assert note == (
        "5 of 100 images were skipped: 0.png is empty, 1.png is empty, 2.png is empty and 2 more."
    )


def make_listing_of(count: int) -> ImageListing:
    none = np.empty(0, dtype=np.int64)
    files = tuple(f"{i}.png" for i in range(count))
    return ImageListing("none", Path("nowhere"), files, none, (), none, none, "")


def test_no_files_are_refused(settings: CacheSettings) -> None:
    with pytest.raises(InputError, match="nowhere holds no images"):
        load(make_listing_of(0), settings)


class TestAsNeeded:
    def test_above_the_limit_pixels_and_fingerprint_are_those_of_the_cache(
        self, listing: ImageListing, settings: CacheSettings, tmp_path: Path, decoded: list[Path]
    ) -> None:
        cached = load(listing, settings)
        small = CacheSettings(tmp_path / "small", limit=1000)
        for wanted in (COUNT, 0):  # checked once, then remembered
            decoded.clear()
            dataset = load(listing, small)
            assert len(decoded) == wanted
            np.testing.assert_array_equal(images_of(dataset), images_of(cached))
            assert dataset.fingerprint() == cached.fingerprint()
            assert any("decoded as needed" in note and "limit" in note for note in dataset.notes)
        assert [name.endswith("-checked") for name in entries(small)] == [True]
        assert sum(path.stat().st_size for path in folder_of(small).rglob("*")) < 10_000

    def test_without_room_on_the_disk(
        self, listing: ImageListing, settings: CacheSettings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(cache_module, "_free_bytes", lambda folder: 10**9)
        dataset = load(listing, settings)
        assert any("only 1.0 GB are free" in note for note in dataset.notes)
        np.testing.assert_array_equal(images_of(dataset), expected(listing))

    def test_a_disk_that_becomes_full(
        self, listing: ImageListing, settings: CacheSettings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def writer(path: Path, shape: tuple[int, ...]) -> Callable[[int, np.ndarray], None]:
            def write(start: int, block: np.ndarray) -> None:
                raise OSError(28, "No space left on device")

            return write

        monkeypatch.setattr(cache_module, "_block_writer", writer)
        dataset = load(listing, settings)
        assert any("No space left on device" in note for note in dataset.notes)
        assert not any(name.endswith(".part") for name in entries(settings))
        np.testing.assert_array_equal(images_of(dataset), expected(listing))

    def test_a_cache_folder_that_cannot_be_made(
        self, listing: ImageListing, tmp_path: Path
    ) -> None:
        (tmp_path / "file").write_text("")
        dataset = load(listing, CacheSettings(tmp_path / "file" / "cache"))
        assert any("cannot keep decoded images" in note for note in dataset.notes)
        np.testing.assert_array_equal(images_of(dataset), expected(listing))

    def test_reading_in_any_order_in_processes_and_here(
        self, listing: ImageListing, tmp_path: Path
    ) -> None:
        dataset = load(listing, CacheSettings(tmp_path / "cache", limit=0))
        images = expected(listing)
        for positions in ([7], [39, 0], [3, 3, 38, 1, 0], list(range(COUNT))[::-1]):
            out = np.empty((len(positions), SIZE, SIZE, 3), dtype=np.uint8)
            assert dataset.images.read(np.array(positions), out) is out
            np.testing.assert_array_equal(out, images[positions])
        dataset.images.release()
        dataset.images.release()
        with pytest.raises(IndexError, match="positions are 0 to 39"):
            dataset.images.read(np.array([0, COUNT]))

    @pytest.mark.parametrize("limit", [10**12, 0])
    def test_libraries_print_nothing_of_damaged_files(
        self, listing: ImageListing, tmp_path: Path, capfd: pytest.CaptureFixture[str], limit: int
    ) -> None:
        """Pillow warns of EXIF data that are cut short, libtiff prints; neither says which file."""
        exif = Image.Exif()
        exif[0x010E] = "a description that is cut short"
        content = exif.tobytes()[:30]
        with Image.open(listing.root / listing.files[0]) as image:
            image.convert("RGB").save(listing.root / listing.files[0], "JPEG", exif=content)
        with (
            pytest.warns(UserWarning, match="EXIF|Tag data"),
            Image.open(listing.root / listing.files[0]) as image,
        ):
            image.getexif()
        tiff = io.BytesIO()
        Image.new("RGB", (60, 50), "red").save(tiff, "TIFF", compression="tiff_adobe_deflate")
        damaged = bytearray(tiff.getvalue())
        damaged[20:30] = bytes(10)
        (listing.root / listing.files[1]).write_bytes(damaged)
        dataset = load(listing, CacheSettings(tmp_path / "cache", limit))
        assert [one.file for one in dataset.skipped] == [listing.files[1]]
        dataset.images.read(np.arange(20))
        dataset.images.read(np.arange(1))
        dataset.images.release()
        assert capfd.readouterr() == ("", "")

    @pytest.mark.parametrize("count", [1, 20])
    def test_a_file_that_is_spoilt_later(
        self, listing: ImageListing, tmp_path: Path, count: int
    ) -> None:
        dataset = load(listing, CacheSettings(tmp_path / "cache", limit=0))
        (listing.root / listing.files[0]).write_bytes(b"")
        with pytest.raises(InputError, match=r"0.png is empty, though it could be read before"):
            dataset.images.read(np.arange(count))
        dataset.images.release()
        np.testing.assert_array_equal(
            dataset.images.read(np.array([1]))[0], expected_at(listing, 1)
        )

    def test_processes_end_with_their_parent(self, listing: ImageListing, tmp_path: Path) -> None:
        code = (
            "import os, sys, time\n"
            "from pathlib import Path\n"
            "import numpy as np\n"
            "from symmcore.data.images.decoded import DecodedImages\n"
            "import multiprocessing\n"
            "if __name__ == '__main__':\n"
            f"    images = DecodedImages(Path({str(listing.root)!r}), {listing.files!r}, 8, '')\n"
            "    images.read(np.arange(20))\n"
            "    assert 'torch' not in sys.modules\n"
            "    print(*(p.pid for p in multiprocessing.active_children()), flush=True)\n"
            "    sys.stdin.read()\n"
        )
        script = tmp_path / "parent.py"
        script.write_text(code)
        process = subprocess.Popen(
            [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        with process:
            assert process.stdout is not None
            children = [int(word) for word in process.stdout.readline().split()]
            assert children
            process.send_signal(signal.SIGKILL)
            # its output ends when the last that holds it has ended: the children
            process.communicate(timeout=30)


def test_the_decoder_needs_no_torch() -> None:
    code = "import sys, symmcore.data.loading; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_test_side_without_pairs_is_said_before_a_training(tmp_path: Path) -> None:
    listing = make_tree(tmp_path / "tree")
    only = np.array([1, 3])  # the test images of one class
    alone = replace(listing, test=only, train=np.setdiff1d(np.arange(COUNT), only))
    (listing.root / listing.files[1]).write_bytes(b"no image")
    with pytest.raises(InputError) as caught:
        load(alone, CacheSettings(tmp_path / "cache"))
    message = str(caught.value)
    assert f"without {listing.files[1]}, which is not an image" in message
    assert "0 classes with two test images" in message


@pytest.mark.skipif(sys.platform != "linux", reason="names that are no text exist there alone")
def test_names_that_are_no_text(tmp_path: Path) -> None:
    listing = make_tree(tmp_path / os.fsdecode(b"tr\xffee"))
    spoiled = os.fsdecode(b"0/\xfe\n.png")
    (listing.root / listing.files[0]).rename(listing.root / spoiled)
    (listing.root / spoiled).write_bytes(b"no image")
    listing = replace(listing, files=(spoiled, *listing.files[1:]))
    dataset = load(listing, CacheSettings(tmp_path / "cache"))
    assert len(dataset.skipped) == 1
    assert not any(set(note) & set("\n\udcfe") for note in dataset.notes)
