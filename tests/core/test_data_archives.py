"""The benchmarks' official archives: their layouts, splits, counts, and broken ones."""

import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import calls
import numpy as np
import pytest
import scipy.io
import scipy.sparse
from data_trees import check_listing, members, refusal, touch

from symmcore.data.listing import ImageListing
from symmcore.data.sources import annotated_listing, cars196, cub200, matlab, sop
from symmcore.data.sources.annotated_listing import PublishedCounts
from symmcore.data.sources.cars196 import list_cars196
from symmcore.data.sources.cub200 import list_cub200
from symmcore.data.sources.sop import list_sop
from symmcore.errors import one_line
from symmcore.processes import CallError

BIRDS = {
    1: "001.Black_footed_Albatross",
    2: "002.Laysan_Albatross",
    100: "100.Brown_Pelican",
    101: "101.White_Pelican",
    102: "102.Western_Wood_Pewee",
    200: "200.Common_Yellowthroat",
}
BIRDS_EACH = 3


def make_cub200(parent: Path) -> Path:
    """CUB_200_2011 as its archive extracts, with a few classes."""
    root = parent / "CUB_200_2011"
    images = [(label, f"{name}/{name[4:]}_{n:04}_{n + 7}.jpg") for label, name in BIRDS.items()
              for n in range(BIRDS_EACH)]  # fmt: skip
    touch(root, *(f"images/{file}" for _, file in images), "parts/parts.txt", "README")
    write(root / "images.txt", (f"{n} {file}" for n, (_, file) in enumerate(images, 1)))
    write(root / "image_class_labels.txt", (f"{n} {c}" for n, (c, _) in enumerate(images, 1)))
    write(root / "classes.txt", (f"{label} {name}" for label, name in BIRDS.items()))
    write(root / "train_test_split.txt", (f"{n} {n % 2}" for n in range(1, len(images) + 1)))
    write(root / "bounding_boxes.txt", (f"{n} 1.0 2.0 3.0 4.0" for n in range(1, len(images) + 1)))
    touch(parent, "attributes.txt")
    return root


CARS = {1: "AM General Hummer SUV 2000", 2: "Acura RL Sedan 2012", 98: "Dodge Caliber Wagon 2012",
        99: "Dodge Caravan", 196: "smart fortwo Convertible 2012"}  # fmt: skip
CARS_EACH = 4


def make_cars196(parent: Path) -> Path:
    """car_ims and cars_annos.mat as they come, with a few classes."""
    root = parent / "cars"
    labels = np.repeat(list(CARS), CARS_EACH)
    files = [f"car_ims/{n:06}.jpg" for n in range(1, len(labels) + 1)]
    touch(root, *files)
    write_cars(root, files, labels)
    return root


def write_cars(root: Path, files: Sequence[str], labels: Iterable[float]) -> None:
    kinds = [(name, object) for name in ("relative_im_path", "bbox_x1", "bbox_y1", "bbox_x2",
                                         "bbox_y2", "class", "test")]  # fmt: skip
    cars = np.zeros((1, len(files)), dtype=kinds)
    for n, (file, label) in enumerate(zip(files, labels, strict=True)):
        cars[0, n] = (
            file,
            1,
            2,
            300,
            400,
            np.uint8(label) if label in range(256) else label,
            n % 2,
        )
    names = np.empty((1, 196), dtype=object)
    for n in range(196):
        names[0, n] = CARS.get(n + 1, f"Car {n + 1}")
    content = {"annotations": cars, "class_names": names}
    scipy.io.savemat(root / "cars_annos.mat", content, do_compression=True)


PRODUCTS_EACH = 3


def make_sop(parent: Path) -> Path:
    """Stanford_Online_Products as its archive extracts, with a few classes."""
    root = parent / "Stanford_Online_Products"
    image = 0
    for name, first in (("Ebay_train.txt", 1), ("Ebay_test.txt", 11_319)):
        lines = ["image_id class_id super_class_id path"]
        for label in range(first, first + 3):
            kind, folder = ((1, "bicycle_final"), (4, "coffee_maker_final"))[label % 2]
            for n in range(PRODUCTS_EACH):
                image += 1
                lines.append(f"{image} {label} {kind} {folder}/1110851{label:05}_{n}.JPG")
                touch(root, lines[-1].split()[-1])
        write(root / name, lines)
    write(root / "bicycle_final.txt", ["bicycle_final/x.JPG"])
    return root


def write(path: Path, lines: Iterable[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")


Make = Callable[[Path], Path]
List = Callable[[Path], ImageListing]
KINDS = {
    "cub200": (make_cub200, list_cub200, cub200),
    "cars196": (make_cars196, list_cars196, cars196),
    "sop": (make_sop, list_sop, sop),
}
SMALL = {
    "cub200": PublishedCounts(9, 3, 9, 3),
    "cars196": PublishedCounts(12, 3, 8, 2),
    "sop": PublishedCounts(9, 3, 9, 3),
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def archive(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A whole small archive; its counts stand in for the published ones."""
    make, _, module = KINDS[kind]
    monkeypatch.setattr(module, "PUBLISHED", SMALL[kind])
    return make(tmp_path / "given")


def listed(kind: str, path: Path) -> ImageListing:
    listing = KINDS[kind][1](path)
    check_listing(listing)
    return listing


def call_here(
    function: Callable[..., None], arguments: tuple[str, ...], _look: Callable[[], None]
) -> None:
    """As ``call_in_subprocess``, without the second that a process takes to begin."""
    try:
        function(*arguments)
    except Exception as error:
        raise CallError(one_line(error)) from error


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matlab, "call_in_subprocess", call_here)


@pytest.mark.usefixtures("here")
class TestWhole:
    def test_the_folder_or_its_parent_will_do(self, kind: str, archive: Path) -> None:
        listing = listed(kind, archive)
        assert listing.name == f"{kind}:{archive}"
        assert listing.root == archive.resolve()
        assert listing.notes == ()
        assert listing.split == "by class, as in the paper"
        from_above = listed(kind, archive.parent)
        assert from_above.files == listing.files
        assert from_above.root == listing.root

    def test_each_image_trains_or_tests(self, kind: str, archive: Path) -> None:
        listing = listed(kind, archive)
        together = np.sort(np.concatenate([listing.train, listing.test]))
        np.testing.assert_array_equal(together, np.arange(len(listing.files)))

    def test_counts_that_differ_are_told_with_both_numbers(self, kind: str, tmp_path: Path) -> None:
        listing = listed(kind, KINDS[kind][0](tmp_path))
        published = KINDS[kind][2].PUBLISHED
        training, test = listing.notes
        small = SMALL[kind]
        assert training == (
            f"{listing.name} has {small.train_images} training images of {small.train_classes} "
            f"classes here, the paper's {published.train_images:,} of {published.train_classes:,}."
        )
        assert f"{small.test_images} test images" in test
        assert f"{published.test_images:,} of {published.test_classes:,}" in test

    def test_windows_line_ends_and_a_mark_of_byte_order(self, kind: str, archive: Path) -> None:
        before = listed(kind, archive)
        for path in archive.glob("*.txt"):
            text = path.read_bytes().replace(b"\n", b"\r\n")
            path.write_bytes(b"\xef\xbb\xbf" + text + b"\r\n")
        assert listed(kind, archive).files == before.files

    def test_links_inside_the_archive_are_used(self, kind: str, archive: Path) -> None:
        before = listed(kind, archive)
        first = archive / before.files[0]
        first.rename(archive / "elsewhere")
        first.symlink_to(archive / "elsewhere")
        folder = (archive / before.files[-1]).parent
        folder.rename(archive / "moved")
        folder.symlink_to(archive / "moved")
        assert listed(kind, archive).files == before.files


def test_published_counts_are_those_of_the_paper() -> None:
    published = [module.PUBLISHED for _, _, module in KINDS.values()]
    assert published == [
        PublishedCounts(5_864, 100, 5_924, 100),
        PublishedCounts(8_054, 98, 8_131, 98),
        PublishedCounts(59_551, 11_318, 60_502, 11_316),
    ]


def test_cub200_splits_by_class_number(tmp_path: Path) -> None:
    listing = listed("cub200", make_cub200(tmp_path))
    assert listing.class_names == tuple(BIRDS.values())
    assert set(members(listing, listing.train)) == {BIRDS[1], BIRDS[2], BIRDS[100]}
    assert set(members(listing, listing.test)) == {BIRDS[101], BIRDS[102], BIRDS[200]}
    for name, files in members(listing, range(len(listing.files))).items():
        assert len(files) == BIRDS_EACH
        assert all(file.startswith(f"images/{name}/") for file in files)


@pytest.mark.usefixtures("here")
def test_cars196_splits_by_class_number_not_by_its_own_mark(tmp_path: Path) -> None:
    listing = listed("cars196", make_cars196(tmp_path))
    assert listing.class_names == tuple(CARS.values())
    assert set(members(listing, listing.train)) == {CARS[1], CARS[2], CARS[98]}
    assert set(members(listing, listing.test)) == {CARS[99], CARS[196]}
    assert listing.files[0] == "car_ims/000001.jpg"
    np.testing.assert_array_equal(listing.labels, np.repeat(np.arange(5), CARS_EACH))


def test_sop_splits_by_its_two_lists(tmp_path: Path) -> None:
    listing = listed("sop", make_sop(tmp_path))
    assert listing.class_names == (
        "coffee_maker 1", "bicycle 2", "coffee_maker 3",
        "coffee_maker 11319", "bicycle 11320", "coffee_maker 11321",
    )  # fmt: skip
    assert set(listing.labels[listing.train]) == {0, 1, 2}
    assert set(listing.labels[listing.test]) == {3, 4, 5}
    assert all(len(files) == 3 for files in members(listing, range(18)).values())


@pytest.mark.usefixtures("here")
class TestMissing:
    def test_nothing_there(self, kind: str, tmp_path: Path) -> None:
        path = tmp_path / "nowhere"
        assert f"{path} does not exist" in refusal(KINDS[kind][1], path)

    def test_an_empty_folder(self, kind: str, tmp_path: Path) -> None:
        message = refusal(KINDS[kind][1], tmp_path)
        assert "extract the whole archive" in message

    def test_an_archive_that_was_not_extracted(self, kind: str, tmp_path: Path) -> None:
        touch(tmp_path, "archive.tgz")
        assert "is a file" in refusal(KINDS[kind][1], tmp_path / "archive.tgz")

    def test_two_archives(self, kind: str, archive: Path) -> None:
        shutil.copytree(archive, archive.parent / "another")
        assert "more than one" in refusal(KINDS[kind][1], archive.parent)

    @pytest.mark.parametrize(
        ("kind", "name"),
        [("cub200", "image_class_labels.txt"), ("sop", "Ebay_test.txt")],
        indirect=["kind"],
    )
    def test_one_list_is_missing(self, kind: str, name: str, archive: Path) -> None:
        (archive / name).unlink()
        assert f"holds no {name}" in refusal(KINDS[kind][1], archive)

    def test_half_of_the_images_are_missing(self, kind: str, archive: Path) -> None:
        files = listed(kind, archive).files
        for file in files[::2]:
            (archive / file).unlink()
        message = refusal(KINDS[kind][1], archive)
        assert f"{len(files[::2])} of the {len(files)} images" in message
        assert "extract the whole archive" in message

    def test_a_missing_image_is_counted_and_left_out(self, kind: str, archive: Path) -> None:
        before = listed(kind, archive)
        (archive / before.files[0]).unlink()
        listing = listed(kind, archive)
        assert listing.files == before.files[1:]
        assert listing.notes[0].startswith(f"1 of the {len(before.files)} images that {kind}:")
        assert listing.notes[0].endswith(f"not in {archive}, {before.files[0]!r} for one.")
        assert len(listing.notes) == 2  # the count differs from the published one, too

    def test_a_class_left_with_one_image_does_not_train(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        root = make_sop(tmp_path)
        monkeypatch.setattr(annotated_listing, "_MOST_MISSING", 0.2)
        for file in listed("sop", root).files[:2]:
            (root / file).unlink()
        listing = listed("sop", root)
        assert set(listing.labels[listing.train]) == {1, 2}
        assert listing.notes[-1] == (
            "Left out of training is 1 class with one training image: coffee_maker 1."
        )

    def test_a_class_without_any_image_left_is_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        root = make_sop(tmp_path)
        monkeypatch.setattr(annotated_listing, "_MOST_MISSING", 0.2)
        for file in listed("sop", root).files[-PRODUCTS_EACH:]:
            (root / file).unlink()
        listing = listed("sop", root)
        assert {listing.class_names[label] for label in listing.labels[listing.test]} == {
            "coffee_maker 11319",
            "bicycle 11320",
        }
        assert "No image is left of 1 class: coffee_maker 11321." in listing.notes

    def test_images_that_no_list_names_are_counted(self, kind: str, archive: Path) -> None:
        before = listed(kind, archive)
        folder = Path(before.files[0]).parent.as_posix()
        touch(archive, f"{folder}/new.jpg", f"{folder}/new.svg", f"{folder}/notes.txt")
        touch(archive, "segmentations/1.png", "1.png")
        listing = listed(kind, archive)
        assert listing.files == before.files
        assert listing.notes == (
            f"Left out: 2 images that no list of the archive names: {folder}/new.jpg, "
            f"{folder}/new.svg.",
        )
        (unused,) = listing.unused
        assert unused.as_json() == {
            "reason": "not_listed",
            "count": 2,
            "names": [f"{folder}/new.jpg", f"{folder}/new.svg"],
        }

    def test_a_folder_of_images_that_cannot_be_read(
        self, kind: str, archive: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = (archive / listed(kind, archive).files[0]).parent
        scandir, is_file = os.scandir, Path.is_file

        def forbidden(path: int | str | os.PathLike[str]) -> Any:
            if not isinstance(path, int) and Path(path) == folder:
                raise PermissionError(13, "Permission denied")
            return scandir(path)

        monkeypatch.setattr(os, "scandir", forbidden)
        monkeypatch.setattr(Path, "is_file", lambda p: folder not in p.parents and is_file(p))
        assert "cannot be read: extract" in refusal(KINDS[kind][1], archive)

    def test_a_list_that_cannot_be_read(
        self, kind: str, archive: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def forbidden(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "read_bytes", forbidden)
        monkeypatch.setattr(Path, "open", forbidden)
        assert "cannot be read (Permission denied)" in refusal(KINDS[kind][1], archive)


OUTSIDE = ["../secret.jpg", "/etc/passwd", "a/../../secret.jpg", "C:\\Windows\\a.jpg", "c:a.jpg",
           "\\\\server\\share.jpg", "..\\secret.jpg", "a/.."]  # fmt: skip


@pytest.mark.usefixtures("here")
class TestPathsOutside:
    """Refused naming file and line, whether or not there is such a file."""

    @pytest.mark.parametrize("path", OUTSIDE)
    def test_in_the_list_of_cub200(self, path: str, tmp_path: Path) -> None:
        root = make_cub200(tmp_path)
        touch(tmp_path, "secret.jpg")
        replace_line(root / "images.txt", 3, f"3 {path}")
        message = refusal(list_cub200, root)
        assert "images.txt, line 3, points outside the dataset's folder" in message

    @pytest.mark.parametrize("path", OUTSIDE)
    def test_in_the_lists_of_sop(self, path: str, tmp_path: Path) -> None:
        root = make_sop(tmp_path)
        replace_line(root / "Ebay_test.txt", 4, f"12 11319 1 {path}")
        message = refusal(list_sop, root)
        assert "Ebay_test.txt, line 4, points outside the dataset's folder" in message

    @pytest.mark.parametrize("path", OUTSIDE)
    def test_in_the_annotations_of_cars196(self, path: str, tmp_path: Path) -> None:
        root = make_cars196(tmp_path)
        write_cars(root, [*(f"car_ims/{n:06}.jpg" for n in range(1, 4)), path], [1, 1, 2, 2])
        message = refusal(list_cars196, root)
        assert "cars_annos.mat, entry 4, points outside the dataset's folder" in message

    def test_through_a_linked_file(self, kind: str, archive: Path) -> None:
        file = archive / listed(kind, archive).files[1]
        touch(archive.parent.parent, "secret.jpg")
        file.unlink()
        file.symlink_to(archive.parent.parent / "secret.jpg")
        message = refusal(KINDS[kind][1], archive)
        assert "points outside the dataset's folder" in message
        assert "through a link" in message
        assert "line " in message or "entry 2" in message

    def test_through_a_linked_folder(self, kind: str, archive: Path) -> None:
        folder = (archive / listed(kind, archive).files[0]).parent
        outside = archive.parent.parent / "outside"
        folder.rename(outside)
        folder.symlink_to(outside)
        assert "through a link" in refusal(KINDS[kind][1], archive)

    def test_an_archive_folder_that_is_a_link_out_of_the_one_given(
        self, kind: str, archive: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "other").mkdir()
        (tmp_path / "other" / "link").symlink_to(archive)
        assert "holds no " in refusal(KINDS[kind][1], tmp_path / "other")

    def test_a_link_beside_the_archive_folder_is_not_a_second_one(
        self, kind: str, archive: Path
    ) -> None:
        (archive.parent / "a link").symlink_to(archive)
        assert listed(kind, archive.parent).root == archive.resolve()

    @pytest.mark.parametrize(
        ("kind", "name"),
        [("cub200", "images.txt"), ("sop", "Ebay_test.txt"), ("cars196", "cars_annos.mat")],
        indirect=["kind"],
    )
    def test_a_list_that_is_a_link_out(
        self, kind: str, name: str, archive: Path, tmp_path: Path
    ) -> None:
        (archive / name).rename(tmp_path / name)
        (archive / name).symlink_to(tmp_path / name)
        assert f"{name} is a link out of" in refusal(KINDS[kind][1], archive)


def replace_line(path: Path, number: int, line: str) -> None:
    lines = path.read_text("utf-8").split("\n")
    lines[number - 1] = line
    path.write_text("\n".join(lines), "utf-8")


class TestMalformedLines:
    @pytest.mark.parametrize(
        ("name", "line", "said"),
        [
            ("images.txt", "2", "line 2, is '2'"),
            ("images.txt", "two a/b.jpg", "'two'"),
            ("images.txt", "-2 a/b.jpg", "'-2'"),
            ("images.txt", "0 a/b.jpg", "'0'"),
            ("images.txt", "\u0662 a/b.jpg", "number from 1"),
            ("images.txt", "9999999999 a/b.jpg", "number from 1"),
            ("images.txt", "2 .", "path of an image"),
            ("images.txt", "2 a\0b.jpg", "path of an image"),
            ("images.txt", "1 other/a.jpg", "image 1 a second time"),
            ("images.txt", f"2 {'x' * 3000}/../..", "points outside"),
            ("image_class_labels.txt", "2 201", "number from 1 to 200"),
            ("image_class_labels.txt", "2 one", "'one'"),
            ("image_class_labels.txt", "2 1 7", "'1 7'"),
            ("image_class_labels.txt", "1 1", "image 1 a second time"),
            ("image_class_labels.txt", "77 1", "image 2, which has no class"),
            ("image_class_labels.txt", "", "image 2, which has no class"),
        ],
    )
    def test_of_cub200(self, name: str, line: str, said: str, tmp_path: Path) -> None:
        root = make_cub200(tmp_path)
        replace_line(root / name, 2, line)
        message = refusal(list_cub200, root)
        assert said in message
        assert ", line 2," in message
        assert len(message) < 500

    def test_a_class_for_an_image_that_is_not_listed(self, tmp_path: Path) -> None:
        root = make_cub200(tmp_path)
        with (root / "image_class_labels.txt").open("a") as file:
            file.write("77 1\n")
        assert "image 77, which images.txt lacks" in refusal(list_cub200, root)

    @pytest.mark.parametrize(
        ("number", "line", "said"),
        [
            (1, "1 1 1 bicycle_final/1.JPG", "is not the header"),
            (1, "", "is not the header"),
            (3, "2 1 1", "is '2 1 1'"),
            (3, "2 x 1 a.JPG", "'x'"),
            (3, "2 1 y a.JPG", "'y'"),
            (3, "1 1 1 a.JPG", "image 1 a second time"),
        ],
    )
    def test_of_sop(self, number: int, line: str, said: str, tmp_path: Path) -> None:
        root = make_sop(tmp_path)
        replace_line(root / "Ebay_train.txt", number, line)
        message = refusal(list_sop, root)
        assert said in message
        assert "Ebay_train.txt, line " in message

    def test_an_image_of_the_other_list_again(self, tmp_path: Path) -> None:
        root = make_sop(tmp_path)
        replace_line(root / "Ebay_test.txt", 2, "1 11319 1 a.JPG")
        assert "Ebay_test.txt, line 2, lists image 1 a second" in refusal(list_sop, root)

    def test_lists_without_images(self, kind: str, archive: Path) -> None:
        if kind == "cub200":
            write(archive / "images.txt", [])
            write(archive / "image_class_labels.txt", [])
        elif kind == "sop":
            for name in ("Ebay_train.txt", "Ebay_test.txt"):
                write(archive / name, ["image_id class_id super_class_id path"])
        else:
            write_cars(archive, [], [])
        assert "lists no images" in refusal(KINDS[kind][1], archive)

    def test_an_empty_list(self, tmp_path: Path) -> None:
        root = make_sop(tmp_path)
        (root / "Ebay_test.txt").write_text("")
        assert "Ebay_test.txt, line 1, is not the header" in refusal(list_sop, root)

    def test_a_class_on_both_sides(self, tmp_path: Path) -> None:
        root = make_sop(tmp_path)
        file = (root / "Ebay_test.txt").read_text().split("\n")[1].split()[-1]
        replace_line(root / "Ebay_test.txt", 2, f"10 2 1 {file}")
        message = refusal(list_sop, root)
        assert "the class bicycle 2 both for training and for testing" in message

    @pytest.mark.parametrize("again", ["{}", "./{}", "{}/"])
    def test_a_file_listed_twice(self, again: str, tmp_path: Path) -> None:
        root = make_cub200(tmp_path)
        file = (root / "images.txt").read_text().split("\n")[0].split()[1]
        replace_line(root / "images.txt", 2, f"2 {again.format(file)}")
        message = refusal(list_cub200, root)
        assert f"images.txt, line 2, lists 'images/{file}' a second time" in message

    @pytest.mark.parametrize(("kind", "name"), [("cub200", "images.txt"), ("sop", "Ebay_test.txt")],
                             indirect=["kind"])  # fmt: skip
    def test_bytes_that_are_no_text(self, kind: str, name: str, archive: Path) -> None:
        lines = (archive / name).read_bytes().split(b"\n")
        lines[4] = lines[4].replace(b"_", b"\xff")
        (archive / name).write_bytes(b"\n".join(lines))
        assert f"{name}, line 5, is not text in UTF-8" in refusal(KINDS[kind][1], archive)

    def test_a_list_of_gigabytes(self, tmp_path: Path) -> None:
        root = make_cub200(tmp_path)
        with (root / "images.txt").open("r+b") as file:
            file.truncate(5 * 2**30)  # a hole: it takes no room
        assert "is larger than" in refusal(list_cub200, root)


class TestMatlabApart:
    """In a process of its own, as it is read for a user."""

    def test_a_whole_file(self, tmp_path: Path) -> None:
        check_listing(list_cars196(make_cars196(tmp_path)))

    def test_a_reader_that_dies(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        root = make_cars196(tmp_path)
        monkeypatch.setattr(matlab, "convert", calls.die)
        message = refusal(list_cars196, root)
        assert "cannot be read (its process ended with code -9): it may be damaged" in message

    def test_a_reader_that_cannot_be_imported(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "broken" / "scipy").mkdir(parents=True)
        (tmp_path / "broken" / "scipy" / "__init__.py").write_text("raise ImportError('no BLAS')")
        root = make_cars196(tmp_path)
        monkeypatch.syspath_prepend(tmp_path / "broken")
        message = refusal(list_cars196, root)
        assert "cars_annos.mat cannot be read (ImportError: no BLAS): it may be" in message


@pytest.mark.usefixtures("here")
class TestMatlab:
    @pytest.mark.parametrize("keep", [0, 3, 60, 127, 128, 131, 140, 200, 0.5, 0.9, 0.99])
    def test_a_truncated_file(self, keep: float, tmp_path: Path) -> None:
        root = make_cars196(tmp_path)
        path = root / "cars_annos.mat"
        content = path.read_bytes()
        path.write_bytes(content[: keep if isinstance(keep, int) else int(keep * len(content))])
        assert "cars_annos.mat" in refusal(list_cars196, root)

    def test_flipped_bytes(self, tmp_path: Path) -> None:
        root = make_cars196(tmp_path)
        path = root / "cars_annos.mat"
        content = path.read_bytes()
        random = np.random.default_rng(0)
        for _ in range(60):
            damaged = bytearray(content)
            for place in random.integers(124, len(content), 3):
                damaged[place] = random.integers(256)
            path.write_bytes(damaged)
            if bytes(damaged) != content:
                assert "cars_annos.mat" in refusal(list_cars196, root)

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            ({"annotations": np.zeros((1, 3))}, "no 'class_names'"),
            ({"class_names": np.zeros((1, 3))}, "no 'annotations'"),
            ({"annotations": np.zeros((1, 3)), "class_names": np.zeros(3)}, "another file"),
            ({"annotations": "text", "class_names": "text"}, "another file"),
            ({"annotations": np.zeros((1, 2), [("fname", object), ("class", object)]),
              "class_names": np.zeros(3)}, "another file"),
            ({"annotations": np.zeros((1, 2), [("relative_im_path", object), ("class", object)]),
              "class_names": np.zeros(3)}, "entry 1, has no path and class"),
        ],
        ids=range(6),
    )  # fmt: skip
    def test_another_file(self, content: object, said: str, tmp_path: Path) -> None:
        root = make_cars196(tmp_path)
        scipy.io.savemat(root / "cars_annos.mat", content)
        assert said in refusal(list_cars196, root)

    def test_a_sparse_matrix(self, tmp_path: Path) -> None:
        root = make_cars196(tmp_path)
        sparse = scipy.sparse.csc_matrix(np.eye(3))
        scipy.io.savemat(
            root / "cars_annos.mat", {"annotations": np.zeros(3), "class_names": sparse}
        )
        assert "no 'class_names'" in refusal(list_cars196, root)

    @pytest.mark.parametrize(("label", "said"), [(0, "'0'"), (197, "'197'"), (1.5, "no path and")])
    def test_a_class_that_is_not_there(self, label: float, said: str, tmp_path: Path) -> None:
        root = make_cars196(tmp_path)
        write_cars(root, ["car_ims/000001.jpg", "car_ims/000002.jpg"], [1, label])
        message = refusal(list_cars196, root)
        assert said in message
        assert "entry 2" in message

    def test_a_large_file(self, tmp_path: Path) -> None:
        root = make_cars196(tmp_path)
        with (root / "cars_annos.mat").open("r+b") as file:
            file.truncate(2**30)
        assert "is larger than" in refusal(list_cars196, root)

    def test_without_a_name_a_class_has_its_number(self, tmp_path: Path) -> None:
        root = make_cars196(tmp_path)
        content = scipy.io.loadmat(root / "cars_annos.mat", variable_names=["annotations"])
        scipy.io.savemat(
            root / "cars_annos.mat",
            {"annotations": content["annotations"], "class_names": np.zeros((1, 0), object)},
        )
        assert listed("cars196", root).class_names[0] == "class 1"
