"""A user's own folder: classes, order, splits, and everything that can be wrong with it."""

import os
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data_trees import check_listing, class_folders, members, refusal, touch
from PIL import Image

from symmcore.data.images.formats import has_image_name, image_endings
from symmcore.data.images.optional_decoders import HEIF, RAW
from symmcore.data.listing import ImageListing
from symmcore.data.sources.folder import list_folder
from symmcore.data.sources.splits import SplitRule

AUTO, CLASS, IMAGE, FOLDERS = SplitRule


def listed(root: Path, rule: SplitRule = AUTO, seed: int = 0) -> ImageListing:
    listing = list_folder(root, rule, seed)
    check_listing(listing)
    return listing


class TestClasses:
    def test_in_natural_order_with_images_at_any_depth(self, tmp_path: Path) -> None:
        touch(
            tmp_path,
            *("c10/1.png", "c10/2.png", "c2/10.jpg", "c2/9.JPG", "c2/deep/er/1.webp"),
            *("C3/1.tiff", "C3/2.bmp", "c1/a.gif", "c1/b.ppm"),
        )
        listing = listed(tmp_path)
        assert listing.name == f"folder:{tmp_path}"
        assert listing.root == tmp_path.resolve()
        assert listing.class_names == ("c1", "c2", "C3", "c10")
        assert listing.files[:4] == ("c1/a.gif", "c1/b.ppm", "c2/9.JPG", "c2/10.jpg")
        assert listing.files[4] == "c2/deep/er/1.webp"
        np.testing.assert_array_equal(listing.labels, [0, 0, 1, 1, 1, 2, 2, 3, 3])
        assert listing.notes == ()

    def test_it_tells_how_many_files_it_found_and_can_be_cancelled(self, tmp_path: Path) -> None:
        touch(tmp_path, *(f"{folder}/{name}.png" for folder in "abcd" for name in "12"))
        told = []
        list_folder(tmp_path, SplitRule.AUTO, 0, on_progress=lambda doing: told.append(doing.done))
        assert told[0] == 0
        assert told == sorted(told)
        assert told[-1] == 6, "it tells before it reads a folder"

        def cancel(_: object) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            list_folder(tmp_path, SplitRule.AUTO, 0, on_progress=cancel)

    def test_names_in_any_script(self, tmp_path: Path) -> None:
        cats = "\U0001f431 \U0001f468\u200d\U0001f469\u200d\U0001f467"
        names = ["caf\u00e9", "\u05e9\u05dc\u05d5\u05dd", cats, "\u718a", "a b", "%41#?"]
        listing = listed(class_folders(tmp_path, dict.fromkeys(names, 2)))
        assert set(listing.class_names) == set(names)

    def test_two_unicode_forms_are_one_class(self, tmp_path: Path) -> None:
        forms = [unicodedata.normalize(form, "\u00e9") for form in ("NFC", "NFD")]
        assert forms[0] != forms[1]
        touch(tmp_path, *(f"{form}/{number}.png" for number, form in enumerate(forms)))
        class_folders(tmp_path, {"a": 2, "b": 2, "c": 2})
        listing = listed(tmp_path)
        assert listing.class_names == ("a", "b", "c", forms[0])

    def test_bytes_that_are_no_text_are_shown_as_such_and_still_found(self, tmp_path: Path) -> None:
        class_folders(tmp_path, {"a": 2, "b": 2, "c": 2})
        folder = os.fsencode(tmp_path) + b"/d\xff\n"
        try:
            Path(os.fsdecode(folder)).mkdir()
        except (OSError, UnicodeError):
            pytest.skip("this file system takes only text")
        touch(Path(os.fsdecode(folder)), "1.png", "2.png")
        listing = listed(tmp_path)
        assert listing.class_names[3] == "d\ufffd\ufffd"
        assert len(listing.files) == 8

    def test_every_format_that_pillow_decodes_and_no_other(self) -> None:
        Image.init()
        for ending in ("jpg", "jpeg", "png", "gif", "webp", "bmp", "tif", "tiff", "ppm", "pgm",
                       "tga", "ico", "jp2", "pcx", "dds", "qoi", "PNG"):  # fmt: skip
            assert has_image_name(f"a.{ending}"), ending
        for ending in ("txt", "pdf", "mp4", "mpg", "eps", "blp", "ps", "h5", "py", "", "zip"):
            assert not has_image_name(f"a.{ending}"), ending
        assert not has_image_name("png")
        endings = image_endings()
        assert {".jpg", ".png", ".webp", ".tif"} <= set(endings)
        assert list(endings) == sorted(endings)
        assert all(has_image_name(f"a{ending}") for ending in endings)
        # whatever ending has_image_name knows of is among them
        known = {*Image.registered_extensions(), *HEIF.endings, *RAW.endings}
        assert {ending for ending in known if has_image_name(f"a{ending}")} == set(endings)

    def test_what_is_no_image_is_passed_over(self, tmp_path: Path) -> None:
        class_folders(tmp_path, {"a": 2, "b": 2, "c": 2, "d": 2})
        before = listed(tmp_path).files
        touch(tmp_path, "README.txt", "a/notes.txt", "e/only.txt", ".git/x.png", "a/.1.png",
              "a/._1.png", "__MACOSX/a/1.png")  # fmt: skip
        (tmp_path / "a" / "folder.png").mkdir()
        os.mkfifo(tmp_path / "a" / "pipe.png")
        listing = listed(tmp_path)
        assert listing.files == before
        assert listing.notes == (
            "Left out: 1 folder of a class without an image to use: e.",
            "Left out: 1 pipe, socket or device: a/pipe.png.",
            "Left out: 1 hidden file or folder: a/.1.png.",
            "Left out: 3 files and folders of systems and programs: ._*, .git, __MACOSX.",
            "Left out: 3 files not named as an image: a/notes.txt, e/only.txt, README.txt.",
        )

    def test_images_beside_the_classes_are_left_out_and_counted(self, tmp_path: Path) -> None:
        class_folders(tmp_path, {"a": 2, "b": 2, "c": 2, "d": 2})
        touch(tmp_path, "loose.png")
        (note,) = listed(tmp_path).notes
        assert note == "Left out: 1 image outside the folders of the classes: loose.png."


class TestSplits:
    @pytest.mark.parametrize(("classes", "trains"), [(4, 2), (5, 3), (10, 5)])
    def test_the_first_half_of_the_classes_trains(
        self, tmp_path: Path, classes: int, trains: int
    ) -> None:
        class_folders(tmp_path, {f"c{n}": n + 1 for n in range(1, classes + 1)})
        listing = listed(tmp_path)
        expected = {f"c{n}" for n in range(1, trains + 1)}
        assert set(members(listing, listing.train)) == expected
        assert set(members(listing, listing.test)) == set(listing.class_names) - expected
        assert len(listing.train) + len(listing.test) == len(listing.files)
        tests = classes - trains
        assert listing.split == f"by class, the first {trains} train and the other {tests} test"

    @pytest.mark.parametrize(("rule", "classes"), [(IMAGE, 6), (AUTO, 3), (AUTO, 2)])
    def test_by_image(self, tmp_path: Path, rule: SplitRule, classes: int) -> None:
        class_folders(tmp_path, {f"c{n}": 6 for n in range(classes)})
        listing = listed(tmp_path, rule)
        for positions, count in ((listing.train, 4), (listing.test, 2)):
            assert {name: len(files) for name, files in members(listing, positions).items()} == {
                f"c{n}": count for n in range(classes)
            }
        np.testing.assert_array_equal(listed(tmp_path, rule).train, listing.train)
        others = [listed(tmp_path, rule, seed).train for seed in (1, 2)]
        assert not all(np.array_equal(other, listing.train) for other in others)
        assert listing.split == "by image, 2 to 1 within each class"

    def test_by_the_folders_train_and_test(self, tmp_path: Path) -> None:
        class_folders(tmp_path / "train", {"c2": 2, "c10": 3})
        class_folders(tmp_path / "test", {"c2": 1, "c1": 2})
        touch(tmp_path, "val/c2/1.png", "train/loose.png")
        for rule in (AUTO, FOLDERS):
            listing = listed(tmp_path, rule)
            assert listing.class_names == ("c1", "c2", "c10")
            assert members(listing, listing.train) == {
                "c2": ["train/c2/1.png", "train/c2/2.png"],
                "c10": ["train/c10/1.png", "train/c10/2.png", "train/c10/3.png"],
            }
            assert members(listing, listing.test) == {
                "c1": ["test/c1/1.png", "test/c1/2.png"],
                "c2": ["test/c2/1.png"],
            }
            assert listing.split == "by the folders train and test"
            assert listing.notes == (
                "1 of 3 test images is alone in its class: it is no query.",
                "1 class is in train and not in test: c10.",
                "1 class is in test and not in train: c1.",
                "Left out: 1 image in val, since test tests.",
                "Left out: 1 image outside the folders of the classes: train/loose.png.",
            )

    def test_classes_that_are_called_train_and_test(self, tmp_path: Path) -> None:
        class_folders(tmp_path, {"train": 3, "test": 3, "bus": 3, "car": 3})
        listing = listed(tmp_path)
        assert listing.class_names == ("bus", "car", "test", "train")
        assert [note.partition(",")[0] for note in listing.notes] == [
            "test is taken as a class",
            "train is taken as a class",
        ]
        assert "no folders train and test" in refusal(list_folder, tmp_path, FOLDERS, 0)

    def test_classes_of_one_image_are_left_out_of_training_and_named(self, tmp_path: Path) -> None:
        class_folders(tmp_path, {"a": 2, "b": 1, "c": 2, "d": 1, "e": 1, "f": 3})
        listing = listed(tmp_path)
        assert set(members(listing, listing.train)) == {"a", "c"}
        assert set(members(listing, listing.test)) == {"d", "e", "f"}
        assert listing.notes == (
            "Left out of training is 1 class with one training image: b.",
            "2 of 5 test images are alone in their class: they are no queries.",
        )

    def test_many_such_classes_are_counted(self, tmp_path: Path) -> None:
        sizes = {f"c{n}": 1 if n <= 40 else 2 for n in range(1, 101)}
        (note,) = listed(class_folders(tmp_path, sizes)).notes
        assert note == (
            "Left out of training are 40 classes with one training image: c1, c2, c3, c4, c5 and "
            "35 more."
        )


class TestRefusals:
    @pytest.mark.parametrize("rule", SplitRule)
    def test_a_path_that_is_not_there(self, tmp_path: Path, rule: SplitRule) -> None:
        path = tmp_path / "nowhere"
        assert f"{path} does not exist" in refusal(list_folder, path, rule, 0)

    def test_a_file(self, tmp_path: Path) -> None:
        touch(tmp_path, "photos.zip")
        message = refusal(list_folder, tmp_path / "photos.zip", AUTO, 0)
        assert "photos.zip is a file" in message

    @pytest.mark.parametrize("path", ["a\0b", "~nobody-of-this-name/x", "x" * 5000, ""])
    def test_what_is_no_path(
        self, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        refusal(list_folder, path, AUTO, 0)

    @pytest.mark.parametrize("files", [[], ["a/notes.txt", "b/notes.txt"]])
    def test_no_images(self, tmp_path: Path, files: list[str]) -> None:
        touch(tmp_path, *files)
        assert f"{tmp_path} holds no images" in refusal(list_folder, tmp_path, AUTO, 0)

    def test_images_without_classes(self, tmp_path: Path) -> None:
        touch(tmp_path, "1.png", "2.png")
        assert "lie in no sub-folder" in refusal(list_folder, tmp_path, AUTO, 0)

    @pytest.mark.parametrize("rule", [AUTO, CLASS, IMAGE])
    def test_a_single_class(self, tmp_path: Path, rule: SplitRule) -> None:
        class_folders(tmp_path, {"cats": 9})
        assert "one class only" in refusal(list_folder, tmp_path, rule, 0)

    @pytest.mark.parametrize("rule", [AUTO, CLASS, IMAGE])
    def test_no_class_with_two_images(self, tmp_path: Path, rule: SplitRule) -> None:
        class_folders(tmp_path, dict.fromkeys("abcdef", 1))
        assert "has two images" in refusal(list_folder, tmp_path, rule, 0)

    @pytest.mark.parametrize(
        ("sizes", "rule", "said"),
        [
            ({"a": 5, "b": 5, "c": 5}, CLASS, None),
            ({"a": 5, "b": 5}, CLASS, "1 class with two training images"),
            ({"a": 5, "b": 1, "c": 5, "d": 5}, CLASS, "1 class with two training images"),
            ({"a": 5, "b": 5, "c": 1, "d": 1}, CLASS, "0 classes with two test images"),
            ({"a": 2, "b": 2}, IMAGE, "0 classes with two training images"),
        ],
    )
    def test_too_little_on_one_side(
        self, tmp_path: Path, sizes: dict[str, int], rule: SplitRule, said: str | None
    ) -> None:
        class_folders(tmp_path, sizes)
        if said is None:
            listed(tmp_path, rule)
        else:
            assert said in refusal(list_folder, tmp_path, rule, 0)

    def test_a_folder_that_cannot_be_read(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class_folders(tmp_path, dict.fromkeys("abcde", 2))
        forbid(monkeypatch, tmp_path)
        assert f"{tmp_path} cannot be read (Permission denied)" in refusal(
            list_folder, tmp_path, AUTO, 0
        )

    def test_a_class_that_cannot_be_read_is_left_out_and_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class_folders(tmp_path, dict.fromkeys("abcde", 2))
        forbid(monkeypatch, tmp_path / "c")
        listing = listed(tmp_path)
        assert listing.class_names == ("a", "b", "d", "e")
        assert listing.notes == ("Left out: 1 unreadable folder: c.",)

    def test_when_nothing_can_be_read_it_says_so(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class_folders(tmp_path, {"a": 2})
        forbid(monkeypatch, tmp_path / "a")
        assert "unreadable folder: a" in refusal(list_folder, tmp_path, AUTO, 0)


def forbid(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Make a folder unreadable; root may read any."""
    scandir = os.scandir

    def guarded(path: str | os.PathLike[str]) -> Any:
        if Path(path) == folder:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)


class TestLinks:
    def test_loops_end(self, tmp_path: Path) -> None:
        root = class_folders(tmp_path / "data", dict.fromkeys("abcd", 2))
        (root / "a" / "up").symlink_to(root, target_is_directory=True)
        (root / "b" / "itself").symlink_to(root / "b" / "itself")
        (root / "c" / "one.png").symlink_to(root / "c" / "two.png")
        (root / "c" / "two.png").symlink_to(root / "c" / "one.png")
        listing = listed(root)
        assert len(listing.files) == 8
        assert listing.notes == (
            "Left out: 1 link to a folder or out of the dataset: a/up; follow links "
            "(--follow-links) to use what they lead to.",
            "Left out: 3 links to nothing: b/itself, c/one.png, c/two.png.",
        )

    def test_links_out_of_the_folder_are_not_followed(self, tmp_path: Path) -> None:
        touch(tmp_path, "secret/1.png", "secret/2.png", "data-2/1.png")
        root = class_folders(tmp_path / "data", dict.fromkeys("abcd", 2))
        (root / "e").symlink_to(tmp_path / "secret")
        (root / "a" / "3.png").symlink_to(tmp_path / "secret" / "1.png")
        (root / "a" / "4.png").symlink_to(tmp_path / "data-2" / "1.png")
        (root / "a" / "5.png").symlink_to("../../secret/1.png")
        (root / "a" / "6.png").symlink_to("/no/such/file.png")
        listing = listed(root)
        assert listing.class_names == tuple("abcd")
        assert len(listing.files) == 8
        assert listing.notes == (
            "Left out: 4 links to a folder or out of the dataset: a/3.png, a/4.png, a/5.png, e; "
            "follow links (--follow-links) to use what they lead to.",
            "Left out: 1 link to nothing: a/6.png.",
        )

    def test_links_to_files_inside_are_images(self, tmp_path: Path) -> None:
        root = class_folders(tmp_path, dict.fromkeys("abcd", 2))
        (root / "a" / "3.png").symlink_to(root / "b" / "1.png")
        listing = listed(root)
        assert "a/3.png" in listing.files
        assert listing.notes == ()

    def test_the_folder_itself_may_be_a_link(self, tmp_path: Path) -> None:
        root = class_folders(tmp_path / "data", dict.fromkeys("abcd", 2))
        (tmp_path / "link").symlink_to(root)
        listing = listed(tmp_path / "link")
        assert listing.root == root.resolve()
        assert listing.name == f"folder:{tmp_path / 'link'}"

    def test_only_links_out_is_refused_with_the_reason(self, tmp_path: Path) -> None:
        touch(tmp_path, "secret/1.png")
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "a").symlink_to(tmp_path / "secret")
        assert "1 link to a folder" in refusal(list_folder, tmp_path / "data", AUTO, 0)
