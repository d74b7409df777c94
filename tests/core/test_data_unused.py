"""What lies in a dataset's folder and is not used is counted, named and said."""

from pathlib import Path

import pytest
from data_trees import check_listing, class_folders, members, refusal, touch
from PIL import Image, features

from symmcore.data.images import formats, optional_decoders
from symmcore.data.images.formats import has_image_name, undecoded_format
from symmcore.data.images.optional_decoders import HEIF, OPTIONAL_DECODERS, RAW
from symmcore.data.listing import ImageListing
from symmcore.data.sources.folder import list_folder
from symmcore.data.sources.metadata_names import is_metadata
from symmcore.data.sources.splits import SplitRule

CLASSES = dict.fromkeys("abcd", 3)


@pytest.fixture
def no_extras(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither optional decoder, whatever is installed here."""
    monkeypatch.setattr(
        optional_decoders, "_load_error", lambda module: ModuleNotFoundError(name=module)
    )


@pytest.fixture
def all_extras(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both, as far as listing asks."""
    monkeypatch.setattr(optional_decoders, "_load_error", lambda _: None)


def listed(root: Path, rule: SplitRule = SplitRule.AUTO) -> ImageListing:
    listing = list_folder(root, rule, 0)
    check_listing(listing)
    for one in listing.unused:
        assert one.sentence in listing.notes
        assert one.count >= len(one.names) > 0
        assert len(one.names) <= 5
    return listing


def unused(root: Path) -> dict[str, tuple[int, tuple[str, ...]]]:
    """Count and names by reason."""
    found = listed(root).unused
    return {str(one.reason): (one.count, one.names) for one in found}


class TestNoDecoder:
    @pytest.mark.usefixtures("no_extras")
    def test_a_class_that_is_lost_to_it_is_named(self, tmp_path: Path) -> None:
        class_folders(tmp_path, CLASSES)
        class_folders(tmp_path, {"b2": 7}, "HEIC")
        class_folders(tmp_path, {"b3": 2}, "cr2")
        listing = listed(tmp_path)
        assert listing.class_names == tuple("abcd")
        assert listing.notes == (
            "Left out: 2 folders of a class without an image to use: b2, b3.",
            "Left out: 7 HEIC images without a decoder: b2/1.HEIC, b2/2.HEIC, b2/3.HEIC, "
            "b2/4.HEIC, b2/5.HEIC and 2 more; pip install 'symmviz[heic]' decodes them.",
            "Left out: 2 camera RAW images without a decoder: b3/1.cr2, b3/2.cr2; pip install "
            "'symmviz[raw]' decodes them.",
        )
        assert [one.as_json() for one in listing.unused] == [
            {"reason": "class_without_images", "count": 2, "names": ["b2", "b3"]},
            {"reason": "no_decoder", "count": 7, "names": [f"b2/{n}.HEIC" for n in range(1, 6)]},
            {"reason": "no_decoder", "count": 2, "names": ["b3/1.cr2", "b3/2.cr2"]},
        ]

    @pytest.mark.usefixtures("no_extras")
    def test_nothing_else_there_is_refused_with_the_extra(self, tmp_path: Path) -> None:
        for place in (tmp_path / "one", tmp_path / "two" / "train", tmp_path / "three"):
            class_folders(place, CLASSES, "heic")
        class_folders(tmp_path / "three", {"x": 3})
        for root in (tmp_path / "one", tmp_path / "two", tmp_path / "three"):
            assert "pip install 'symmviz[heic]'" in refusal(list_folder, root, SplitRule.AUTO, 0)

    @pytest.mark.usefixtures("no_extras")
    @pytest.mark.parametrize(
        ("ending", "title", "remedy"),
        [
            ("heic", "HEIC", "symmviz[heic]"),
            ("HIF", "HEIC", "symmviz[heic]"),
            *((raw, "camera RAW", "symmviz[raw]") for raw in ("NEF", "arw", "dng", "CR3", "raf")),
            ("svg", "SVG", "PNG or JPEG"),
            ("jxl", "JPEG XL", "PNG or JPEG"),
            ("exr", "OpenEXR", "PNG or JPEG"),
            ("eps", "EPS", "PNG or JPEG"),
            ("dcm", "DICOM", "PNG or JPEG"),
            ("xcf", "XCF", "PNG or JPEG"),
        ],
    )
    def test_of_each_format(self, ending: str, title: str, remedy: str) -> None:
        found = undecoded_format(f"some.where/a.{ending}")
        assert found is not None
        assert found.title == title
        assert remedy in found.remedy
        assert not has_image_name(f"a.{ending}")

    def test_what_is_no_image_is_of_no_format(self) -> None:
        for name in ("a.txt", "heic", "a.heic/b", "a.csv", "a", "a.jpg", "a.mp4"):
            assert undecoded_format(name) is None

    def test_avif_is_decoded_where_pillow_was_built_with_it(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        Image.init()
        assert has_image_name("a.avif") is features.check("avif")
        monkeypatch.setattr(features, "check", lambda name: name != "avif")
        formats._pillow_endings.cache_clear()
        try:
            assert not has_image_name("a.avif")
            assert has_image_name("a.webp")
            found = undecoded_format("a.avif")
        finally:
            formats._pillow_endings.cache_clear()
        assert found is not None
        assert "Pillow 11.3" in found.remedy

    @pytest.mark.usefixtures("all_extras")
    def test_with_the_extras_they_are_images(self, tmp_path: Path) -> None:
        class_folders(tmp_path, {"a": 3, "b": 3})
        class_folders(tmp_path, {"c": 3}, "heic")
        class_folders(tmp_path, {"d": 3}, "DNG")
        listing = listed(tmp_path)
        assert listing.class_names == tuple("abcd")
        assert listing.notes == ()

    def test_endings_have_one_decoder(self) -> None:
        assert not HEIF.endings & RAW.endings
        pillow = set(Image.registered_extensions())
        assert not RAW.endings & pillow
        for decoder in OPTIONAL_DECODERS:
            assert all(ending == ending.lower() for ending in decoder.endings)


class TestTwins:
    @pytest.mark.parametrize("extras", ["no_extras", "all_extras"])
    def test_one_photo_counts_once(
        self, tmp_path: Path, request: pytest.FixtureRequest, extras: str
    ) -> None:
        request.getfixturevalue(extras)
        class_folders(tmp_path, CLASSES)
        touch(tmp_path, "a/1.CR2", "a/1.xmp", "b/2.heic", "b/2.MOV", "c/1.dng")
        listing = listed(tmp_path)
        assert members(listing, range(len(listing.files)))["a"] == [
            "a/1.png", "a/2.png", "a/3.png",
        ]  # fmt: skip
        assert listing.notes[0] == (
            "Left out: 3 HEIC or RAW images beside another of the same name, which shows the "
            "same: a/1.CR2, b/2.heic, c/1.dng."
        )

    @pytest.mark.usefixtures("all_extras")
    def test_a_side_file_is_no_twin(self, tmp_path: Path) -> None:
        class_folders(tmp_path, CLASSES)
        touch(tmp_path, "a/9.CR2", "a/9.xmp", "b/9.HEIC", "b/9.dng", "c/9.heic", "c/9.txt")
        listing = listed(tmp_path)
        assert {"a/9.CR2", "b/9.HEIC", "c/9.heic"} <= set(listing.files)
        assert "b/9.dng" not in listing.files


class TestMetadata:
    @pytest.mark.parametrize(
        "name",
        ["@eaDir", "#recycle", "#snapshot", "@Recycle", ".AppleDouble", "__MACOSX",
         ".ipynb_checkpoints", "$RECYCLE.BIN", "$Recycle.Bin", "System Volume Information",
         "lost+found", ".Trashes", ".Trash-1000", ".thumbnails", "Thumbs.db", ".DS_Store",
         "._1.png", "desktop.ini", ".@__thumb", "~snapshot", ".git", "a.jpg@SynoEAStream"],
    )  # fmt: skip
    def test_known_names(self, name: str) -> None:
        assert is_metadata(name)

    @pytest.mark.parametrize(
        "name", ["recycle", "snapshot", "git", "thumbs", "trash", "cache", ".mine", "a@b", "#1"]
    )
    def test_names_of_classes(self, name: str) -> None:
        assert not is_metadata(name)

    def test_they_become_neither_classes_nor_images(self, tmp_path: Path) -> None:
        class_folders(tmp_path, CLASSES)
        before = listed(tmp_path)
        assert before.notes == ()
        touch(
            tmp_path, "@eaDir/1.jpg/SYNOPHOTO_THUMB_XL.jpg", "#recycle/a/1.jpg", "#recycle/2.jpg",
            "a/@eaDir/1.jpg/SYNOPHOTO_THUMB_M.jpg", "$RECYCLE.BIN/S-1-5/$R1.png", "a/Thumbs.db",
            "b/Thumbs.db", "c/Thumbs.db", "lost+found/#12.png", ".Trashes/501/1.png",
        )  # fmt: skip
        listing = listed(tmp_path)
        assert listing.files == before.files
        assert listing.notes == (
            "Left out: 9 files and folders of systems and programs: Thumbs.db (3), @eaDir (2), "
            "#recycle, $RECYCLE.BIN, .Trashes, lost+found.",
        )
        assert listing.unused[0].as_json()["reason"] == "system_metadata"

    def test_what_the_user_has_hidden_is_told_apart(self, tmp_path: Path) -> None:
        class_folders(tmp_path, CLASSES)
        touch(tmp_path, ".mine/1.png", "a/.hidden.png")
        assert unused(tmp_path) == {"hidden": (2, (".mine", "a/.hidden.png"))}


class TestFolders:
    def test_empty_classes_and_classes_without_images(self, tmp_path: Path) -> None:
        class_folders(tmp_path, CLASSES)
        (tmp_path / "e" / "deep").mkdir(parents=True)
        touch(tmp_path, "f/notes.txt", "f/deep/table.csv")
        assert unused(tmp_path) == {
            "class_without_images": (1, ("e",)),
            "no_image": (2, ("f/deep/table.csv", "f/notes.txt")),
        }
        assert listed(tmp_path).notes[0] == (
            "Left out: 1 folder of a class without an image to use: f."
        )

    def test_a_class_of_metadata_alone_is_empty(self, tmp_path: Path) -> None:
        class_folders(tmp_path, CLASSES)
        touch(tmp_path, "e/Thumbs.db")
        assert "Left out: 1 empty folder of a class: e." in listed(tmp_path).notes

    def test_stray_files(self, tmp_path: Path) -> None:
        class_folders(tmp_path, CLASSES)
        touch(tmp_path, "1.png", "2.png", "labels.csv", "README")
        assert unused(tmp_path) == {
            "outside_classes": (2, ("1.png", "2.png")),
            "no_image": (2, ("labels.csv", "README")),
        }

    def test_names_that_are_no_text_or_no_line_can_be_written(self, tmp_path: Path) -> None:
        class_folders(tmp_path, CLASSES)
        touch(tmp_path, "a/two\nlines.txt")
        (entry,) = listed(tmp_path).unused
        assert entry.names == ("a/two\N{REPLACEMENT CHARACTER}lines.txt",)
