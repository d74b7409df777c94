"""Which folders are classes, which are the parts of a split, and which are neither."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from data_trees import check_listing, class_folders, members, refusal, touch

from symmcore.data.listing import ImageListing
from symmcore.data.sources.folder import list_folder
from symmcore.data.sources.split_names import SplitPart, parts_by_look, split_part
from symmcore.data.sources.splits import SplitRule

CLASSES = dict.fromkeys("abcd", 3)
INSIST = "(--split image)"


def sides(root: Path, *names: str, classes: Mapping[str, int] = CLASSES) -> Path:
    for name in names:
        class_folders(root / name, classes)
    return root


def flat(root: Path, *names: str) -> Path:
    return class_folders(root, dict.fromkeys(names, 6))


def listed(root: Path, rule: SplitRule = SplitRule.AUTO) -> ImageListing:
    listing = list_folder(root, rule, 0)
    check_listing(listing)
    return listing


def refused(root: Path, rule: SplitRule = SplitRule.AUTO) -> str:
    return refusal(list_folder, root, rule, 0)


class TestSplitFolders:
    @pytest.mark.parametrize(
        ("train", "test"),
        [
            ("train", "test"),
            ("Train", "Test"),
            ("TRAIN", "VAL"),
            ("training", "validation"),
            ("Training", "Testing"),
            ("train", "valid"),
            ("trn", "tst"),
            ("train", "dev"),
            ("train", "eval"),
            ("train", "evaluation"),
            ("train", "query"),
            ("train", "gallery"),
        ],
    )
    def test_the_usual_names_in_any_case(self, tmp_path: Path, train: str, test: str) -> None:
        sides(tmp_path, train, test)
        for rule in (SplitRule.AUTO, SplitRule.FOLDERS):
            listing = listed(tmp_path, rule)
            assert listing.class_names == tuple("abcd")
            assert listing.split == f"by the folders {train} and {test}"
            assert {listing.files[n].split("/")[0] for n in listing.train} == {train}
            assert {listing.files[n].split("/")[0] for n in listing.test} == {test}
            assert listing.notes == ()

    @pytest.mark.parametrize(
        "unlabelled", ["test/{}.png", "test/unknown/{}.png", "Test/Test/{}.png"]
    )
    def test_validation_tests_where_the_test_images_have_no_classes(
        self, tmp_path: Path, unlabelled: str
    ) -> None:
        sides(tmp_path, "train", "val")
        touch(tmp_path, *(unlabelled.format(n) for n in range(5)))
        listing = listed(tmp_path)
        assert listing.class_names == tuple("abcd")
        assert listing.split == "by the folders train and val"
        name = unlabelled.partition("/")[0]
        assert listing.notes == (
            f"Left out: 5 images in {name}, which lie in no folders of classes.",
        )
        (unused,) = listing.unused
        assert unused.as_json() == {"reason": "split_part", "count": 5, "names": [name]}

    def test_test_tests_and_validation_is_left_out_where_both_have_classes(
        self, tmp_path: Path
    ) -> None:
        listing = listed(sides(tmp_path, "train", "val", "test"))
        assert listing.split == "by the folders train and test"
        assert len(listing.files) == 24
        assert listing.notes == ("Left out: 12 images in val, since test tests.",)

    def test_query_and_gallery_test_together(self, tmp_path: Path) -> None:
        listing = listed(sides(tmp_path, "train", "query", "gallery", "val"))
        assert listing.split == "by the folders train, query and gallery"
        assert (len(listing.train), len(listing.test)) == (12, 24)
        assert listing.notes == (
            "query and gallery test together: each of their images is a query, and all the others "
            "are its gallery.",
            "Left out: 12 images in val, since query and gallery test.",
        )

    def test_classes_of_a_zero_shot_split_are_no_loss(self, tmp_path: Path) -> None:
        class_folders(tmp_path / "train", {"a": 3, "b": 3})
        class_folders(tmp_path / "test", {"c": 3, "d": 3})
        listing = listed(tmp_path)
        assert set(members(listing, listing.test)) == {"c", "d"}
        assert listing.notes == ()

    def test_a_class_that_one_side_lacks_is_named(self, tmp_path: Path) -> None:
        class_folders(tmp_path / "train", CLASSES)
        class_folders(tmp_path / "test", {"a": 3, "b": 3, "e": 2})
        (tmp_path / "test" / "c").mkdir()
        touch(tmp_path, "test/d/1.txt")
        assert listed(tmp_path).notes == (
            "2 classes are in train and not in test: c, d.",
            "1 class is in test and not in train: e.",
            "Left out: 1 folder of a class without an image to use: test/d.",
            "Left out: 1 empty folder of a class: test/c.",
            "Left out: 1 file not named as an image: test/d/1.txt.",
        )

    def test_what_is_no_part_of_it_is_left_out_and_said(self, tmp_path: Path) -> None:
        sides(tmp_path, "train", "test")
        flat(tmp_path, "unlabeled")
        assert listed(tmp_path).notes == (
            "Left out: 6 images in unlabeled, which is neither train nor test.",
        )

    @pytest.mark.parametrize("names", [("train", "Training", "test"), ("train", "val", "valid"),
                                       ("train", "test", "TEST")])  # fmt: skip
    def test_two_of_one_part_are_refused(self, tmp_path: Path, names: tuple[str, str, str]) -> None:
        message = refused(sides(tmp_path, *names))
        assert "the same part of a split" in message
        assert str(tmp_path) in message


class TestNotUnderstood:
    @pytest.mark.parametrize(
        "names",
        [
            ("train_images", "val_images"),
            ("TrainImages", "TestImages"),
            ("images_train", "images_test"),
            ("train2017", "val2017"),
            ("trainset", "testset"),
            ("fold1", "fold2", "fold3", "fold4", "fold5"),
            ("fold_a", "fold_b"),
            ("split_a", "split_b"),
            ("labeled", "unlabeled"),
            ("Labelled", "Unlabelled"),
            ("test", "val"),
            ("images", "masks"),
            ("images", "labels"),
            ("cars_train", "cars_test"),
            ("my birds train", "my birds valid"),
        ],
    )
    def test_it_is_refused_unless_the_user_insists(
        self, tmp_path: Path, names: tuple[str, ...]
    ) -> None:
        for name in names:
            class_folders(tmp_path / name, CLASSES)
        message = refused(tmp_path)
        assert str(tmp_path) in message
        assert all(name in message for name in names)
        assert "folders train and test" in message
        assert INSIST in message
        listing = listed(tmp_path, SplitRule.IMAGE)
        assert sorted(listing.class_names) == sorted(names)
        if len(names) > 3:
            assert sorted(listed(tmp_path, SplitRule.CLASS).class_names) == sorted(names)

    @pytest.mark.parametrize("names", [("train", "test"), ("Train", "Val"), ("query", "gallery")])
    def test_split_folders_without_classes_are_no_classes(
        self, tmp_path: Path, names: tuple[str, str]
    ) -> None:
        message = refused(flat(tmp_path, *names))
        assert INSIST in message
        assert listed(tmp_path, SplitRule.IMAGE).class_names == tuple(sorted(names))
        assert "no folders train and test" in refused(tmp_path, SplitRule.FOLDERS)

    def test_train_alone(self, tmp_path: Path) -> None:
        message = refused(sides(tmp_path, "train"))
        assert f"give {tmp_path}/train to split its classes" in message
        assert listed(tmp_path / "train").class_names == tuple("abcd")

    def test_train_beside_test_images_without_classes(self, tmp_path: Path) -> None:
        flat(sides(tmp_path, "train"), "test")
        message = refused(tmp_path)
        assert message.startswith(f"test in {tmp_path} holds no folders of several classes")
        assert f"give {tmp_path}/train" in message
        assert INSIST in message

    def test_train_beside_test_images_that_cannot_be_decoded(self, tmp_path: Path) -> None:
        class_folders(tmp_path / "train", CLASSES)
        class_folders(tmp_path / "test", CLASSES, "jxl")
        assert "12 JPEG XL images without a decoder" in refused(tmp_path)

    def test_parts_inside_the_folders_of_the_classes(self, tmp_path: Path) -> None:
        for name in "abcd":
            flat(tmp_path / name, "train", "test")
        message = refused(tmp_path)
        assert message.startswith(f"a and other folders in {tmp_path} each hold test and train")
        assert INSIST in message
        assert listed(tmp_path, SplitRule.CLASS).class_names == tuple("abcd")

    @pytest.mark.parametrize("names", [("train", "test"), ("seg_train", "seg_test"),
                                       ("training_set", "test_set")])  # fmt: skip
    def test_a_split_whose_folders_are_doubled(
        self, tmp_path: Path, names: tuple[str, str]
    ) -> None:
        for name in names:
            class_folders(tmp_path / name / name, CLASSES)
        message = refused(tmp_path)
        first = min(names)
        assert f"lie one folder deeper than those of a split, as in {first}/{first}:" in message
        assert INSIST in message

    @pytest.mark.parametrize("names", [("amazon", "dslr", "webcam"), ("archive (1)", "archive (2)"),
                                       ("base", "novel"), ("support", "query")])  # fmt: skip
    def test_folders_of_the_same_classes_are_none(
        self, tmp_path: Path, names: tuple[str, ...]
    ) -> None:
        message = refused(sides(tmp_path, *names))
        assert "hold 4 folders of the same names, which seem to be the classes" in message
        assert INSIST in message
        assert listed(tmp_path, SplitRule.IMAGE).class_names == tuple(sorted(names))

    def test_detection_folders_hold_no_classes(self, tmp_path: Path) -> None:
        sides(tmp_path, "train", "val", classes={"images": 5})
        assert "not like classes" in refused(tmp_path)

    def test_classes_that_may_be_a_split(self, tmp_path: Path) -> None:
        sides(tmp_path, "bus", "car", "test", "train", classes={"day": 3, "night": 3})
        message = refused(tmp_path)
        assert "(--split folders)" in message
        assert listed(tmp_path, SplitRule.FOLDERS).class_names == ("day", "night")
        assert listed(tmp_path, SplitRule.CLASS).class_names == ("bus", "car", "test", "train")


class TestWrappers:
    @pytest.mark.parametrize("inner", ["images", "X/X", "Dataset v2/data", "archive", "test"])
    def test_the_inner_folder_is_named(self, tmp_path: Path, inner: str) -> None:
        class_folders(tmp_path / inner, CLASSES)
        touch(tmp_path, "README.md", "loose.png")
        for rule in SplitRule:
            message = refused(tmp_path, rule)
            assert f"give {tmp_path}/{inner}, which holds 4 folders of images" in message
        assert listed(tmp_path / inner).class_names == tuple("abcd")

    @pytest.mark.parametrize("rule", [SplitRule.AUTO, SplitRule.FOLDERS])
    def test_of_a_split(self, tmp_path: Path, rule: SplitRule) -> None:
        sides(tmp_path / "X" / "X", "train", "test")
        assert f"give {tmp_path}/X/X, which holds 2" in refused(tmp_path, rule)

    def test_one_class_is_no_wrapper(self, tmp_path: Path) -> None:
        touch(tmp_path, "cats/1.png", "cats/2.png", "cats/more/3.png")
        assert "one class only" in refused(tmp_path)

    def test_a_folder_of_classes_beside_another_is_said(self, tmp_path: Path) -> None:
        class_folders(tmp_path / "data", dict.fromkeys("abcdefgh", 3))
        class_folders(tmp_path, {"preview": 3})
        note, *others = listed(tmp_path).notes
        assert all("no query" in one for one in others)
        assert note == (
            "data is taken as one class, though its images lie in 8 folders: give "
            f"{tmp_path}/data if these are the classes."
        )


class TestClassesAllTheSame:
    def test_a_class_that_is_called_test(self, tmp_path: Path) -> None:
        class_folders(tmp_path, {f"c{n}": 3 for n in range(19)} | {"test": 3})
        listing = listed(tmp_path)
        assert len(listing.class_names) == 20
        assert listing.notes == (
            "test is taken as a class, though it is called as a part of a split may be: move it "
            "elsewhere if it is one.",
        )

    @pytest.mark.parametrize(
        "names",
        [
            ("test tube", "train station", "valid ticket", "eval board"),
            ("valid", "invalid"),
            ("mask", "no_mask"),
            ("with_mask", "without_mask"),
            ("fold", "tear"),
            ("negative_test", "positive_test"),
            ("set1", "set2"),
            ("part_1", "part_2", "part_3", "part_4"),
            ("1", "2", "3", "10"),
            ("good", "bad"),
            ("image", "text"),
        ],
    )
    def test_names_that_only_sound_like_it(self, tmp_path: Path, names: tuple[str, ...]) -> None:
        class_folders(tmp_path, dict.fromkeys(names, 6))
        assert set(listed(tmp_path).class_names) == set(names)

    def test_kinds_of_kinds_are_said(self, tmp_path: Path) -> None:
        class_folders(tmp_path / "cats", dict.fromkeys(("manx", "persian", "siamese"), 3))
        class_folders(tmp_path / "dogs", dict.fromkeys(("boxer", "collie", "poodle"), 3))
        listing = listed(tmp_path)
        assert listing.class_names == ("cats", "dogs")
        assert [note.partition(",")[0] for note in listing.notes] == [
            "cats is taken as one class",
            "dogs is taken as one class",
        ]

    def test_sub_folders_of_a_class(self, tmp_path: Path) -> None:
        for name in "abcd":
            flat(tmp_path / name, "day", "night")
        listing = listed(tmp_path)
        assert listing.class_names == tuple("abcd")
        assert listing.notes == ()


def test_names_of_parts() -> None:
    assert split_part("Valid ") is SplitPart.VALIDATION
    assert split_part("trainer") is None
    assert parts_by_look(["1", "2", "test"]) == {"test"}
    assert parts_by_look(["images", "a"]) == frozenset()
    assert parts_by_look(["cars_train", "cars_test", "cars_new"]) == {"cars_train", "cars_test"}
