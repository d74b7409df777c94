"""The generated dataset: what decides an image, how characters differ, and its settings."""

import dataclasses
import itertools
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from helpers_training import pixels

from symmcore.data.choice import dataset_choice
from symmcore.data.dataset import ImageDataset
from symmcore.data.sources import alphabets, drawn_images, strokes
from symmcore.data.sources.alphabets import AlphabetSettings, load_alphabets, parse_settings
from symmcore.data.sources.strokes import FAMILY_SIZE, Distortion, draw, family_shapes
from symmcore.errors import InputError
from symmcore.processes import CallError
from symmcore.progress import Progress, ProgressCallback

NOTHING = Distortion(jitter=0, rotation=0, shear=0, scale=0, shift=0, noise=0)


@pytest.fixture(scope="module")
def small() -> ImageDataset:
    return load_alphabets(AlphabetSettings(classes=12, images=4))


def by_class(dataset: ImageDataset) -> np.ndarray:
    classes = len(dataset.class_names)
    return pixels(dataset).reshape(classes, -1, *dataset.images.shape[1:])


def test_shapes_labels_and_the_zero_shot_split(small: ImageDataset) -> None:
    assert small.name == "alphabets:classes=12,images=4"
    assert small.images.shape == (48, 28, 28, 1)
    assert pixels(small).dtype == np.uint8
    np.testing.assert_array_equal(small.labels, np.repeat(np.arange(12), 4))
    assert small.labels.dtype == small.train.dtype == small.test.dtype == np.int64
    assert len(set(small.class_names)) == 12
    assert set(small.labels[small.train]) == set(range(6))
    assert set(small.labels[small.test]) == set(range(6, 12))
    np.testing.assert_array_equal(np.sort(np.r_[small.train, small.test]), np.arange(48))
    assert small.split == "by class, the first 6 train and the other 6 test"


def test_an_odd_number_of_classes_trains_on_the_larger_half() -> None:
    dataset = load_alphabets(AlphabetSettings(classes=5, images=2))
    assert set(dataset.labels[dataset.train]) == {0, 1, 2}


def test_an_image_depends_on_seed_class_and_number_alone(small: ImageDataset) -> None:
    larger = load_alphabets(AlphabetSettings(classes=21, images=7))
    np.testing.assert_array_equal(by_class(larger)[:12, :4], by_class(small))
    again = load_alphabets(AlphabetSettings(classes=12, images=4))
    assert again.fingerprint() == small.fingerprint()


def test_the_seed_decides_shapes_and_images(small: ImageDataset) -> None:
    other = load_alphabets(AlphabetSettings(classes=12, images=4, seed=1))
    different = (by_class(other) != by_class(small)).any(axis=(2, 3, 4))
    assert different.all()


def test_every_image_of_a_class_is_its_own(small: ImageDataset) -> None:
    pictures = pixels(small).reshape(48, -1)
    assert len(np.unique(pictures, axis=0)) == 48


def test_images_have_ink_on_black_and_noise(small: ImageDataset) -> None:
    pictures = pixels(small).reshape(48, -1)
    ink = (pictures > 130).mean(axis=1)
    assert (ink > 0.01).all()
    assert (ink < 0.5).all()
    assert (np.median(pictures, axis=1) < 60).all()


def test_the_default_is_what_the_difficulty_was_measured_on() -> None:
    default = AlphabetSettings()
    assert (default.classes, default.images, default.seed) == (200, 20, 0)
    dataset = load_alphabets(AlphabetSettings(classes=40))
    # Other pictures have other statistics; another processor's rounding does not show here.
    assert pixels(dataset).mean() == pytest.approx(31.216, abs=0.02)
    assert pixels(dataset).std() == pytest.approx(60.135, abs=0.02)


@pytest.mark.parametrize("seed", [0, 5])
@pytest.mark.parametrize("family", [0, 1, 4526])
def test_look_alikes_share_all_points_but_their_own(seed: int, family: int) -> None:
    shapes = family_shapes(seed, family, 0.3)
    assert len(shapes) == FAMILY_SIZE
    points = np.stack([shape.reshape(-1, 2) for shape in shapes])
    assert ((points >= 0) & (points <= 1)).all()
    for one, other in itertools.combinations(points, 2):
        # the one that this moved, and the one that the other did
        distances = np.linalg.norm(one - other, axis=1)
        assert np.count_nonzero(distances) == 2
        assert (distances[distances > 0] >= 0.3).all()
        assert (distances <= 0.45).all()


def test_all_characters_up_to_the_most_classes_are_distinct() -> None:
    shapes = {
        shape.tobytes()
        for family in range(0, -(-alphabets.MOST_CLASSES // FAMILY_SIZE), 7)
        for shape in family_shapes(0, family, 0.3)
    }
    assert len(shapes) == FAMILY_SIZE * len(range(0, 4527, 7))


def test_characters_of_many_families_look_different() -> None:
    pictures = {
        np.where(draw(shape, NOTHING, (0, 0, 0)) > 100, 1, 0).tobytes()
        for family in range(60)
        for shape in family_shapes(0, family, 0.3)
    }
    assert len(pictures) == 60 * FAMILY_SIZE


@pytest.mark.parametrize("what", [field.name for field in dataclasses.fields(Distortion)])
def test_each_distortion_changes_the_picture(what: str) -> None:
    (shape, *_) = family_shapes(0, 0, 0.3)
    plain = draw(shape, NOTHING, (0, 0, 0)).astype(int)
    amount = 20.0 if what == "noise" else 0.2
    distorted = draw(shape, dataclasses.replace(NOTHING, **{what: amount}), (0, 0, 0)).astype(int)
    assert np.abs(distorted - plain).mean() > 3


def test_a_stroke_is_drawn_where_its_points_are() -> None:
    across = np.array([[[0.2, 0.5], [0.5, 0.5], [0.8, 0.5]]])
    picture = draw(across, NOTHING, (0, 0, 0))
    rows, columns = np.nonzero(picture > 100)
    middle = (strokes.PIXELS - 1) / 2
    assert rows.mean() == pytest.approx(middle, abs=0.6)
    assert columns.mean() == pytest.approx(middle, abs=0.6)
    assert columns.min() == pytest.approx(0.2 * strokes.PIXELS, abs=2)
    assert columns.max() == pytest.approx(0.8 * strokes.PIXELS, abs=2)
    assert np.ptp(rows) <= 3


def test_rotation_turns_without_stretching() -> None:
    shape = np.random.default_rng(0).uniform(0.2, 0.8, (3, 3, 2))
    turned = strokes._distorted(
        shape, dataclasses.replace(NOTHING, rotation=0.7), np.random.default_rng(1)
    )
    flat, again = shape.reshape(-1, 2), turned.reshape(-1, 2)
    assert not np.allclose(flat, again)
    for one, other in itertools.combinations(range(9), 2):
        before = np.linalg.norm(flat[one] - flat[other])
        assert np.linalg.norm(again[one] - again[other]) == pytest.approx(before)


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("", AlphabetSettings()),
        ("classes=1000,images=10", AlphabetSettings(1000, 10)),
        ("seed=3", AlphabetSettings(seed=3)),
        ("images=5,classes=22634", AlphabetSettings(22_634, 5)),
    ],
)
def test_settings_are_read_and_named(text: str, settings: AlphabetSettings) -> None:
    assert parse_settings(text) == settings
    _, _, rest = settings.name.partition(":")
    assert parse_settings(rest) == settings


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("classes=3", "classes=3"),
        ("classes=22635", "22,634"),
        ("images=1", "images=1"),
        ("classes=22634,images=50", "between 2 and 44"),
        ("seed=9999999999", "2,147,483,647"),
        ("seed=-1", "'-1'"),
        ("classes=ten", "'ten'"),
        ("classes=", "''"),
        ("classes=1e3", "'1e3'"),
        ("classes=\u0663\u0663", "classes"),
        ("classes=" + "9" * 5000, "number"),
        ("letters=5", "'letters=5'"),
        ("1000", "'1000'"),
        ("seed=1,seed=2", "twice"),
    ],
)
def test_settings_that_are_refused(text: str, said: str) -> None:
    with pytest.raises(InputError, match=re.escape(said)) as caught:
        parse_settings(text)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")


def test_drawing_tells_how_far_it_is_and_can_be_cancelled() -> None:
    told = []

    def on_progress(doing: Progress) -> None:
        told.append(doing.sentence())
        if len(told) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dataset_choice("alphabets:classes=50,images=3").read(0, on_progress)
    assert told[0] == "Drawing images: 0 of 150"
    assert len(told) == 3


class Kept(NamedTuple):
    """Where the usual images are kept, and how often they were drawn."""

    folder: Path
    drawn: list[AlphabetSettings]


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Kept:
    """Nothing is, and drawing takes no time."""
    result = Kept(tmp_path / "drawn", [])
    shape = (200, 20, 28, 28, 1)
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)

    def draw_all(settings: AlphabetSettings, _: ProgressCallback) -> alphabets.Pictures:
        result.drawn.append(settings)
        time.sleep(0.02)
        return images.copy()

    monkeypatch.setattr(alphabets, "_KEPT", {})
    monkeypatch.setattr(alphabets, "_draw_all", draw_all)
    monkeypatch.setattr(drawn_images, "user_cache_folder", lambda: tmp_path)
    return result


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be another process."""
    monkeypatch.setattr(alphabets, "_KEPT", {})


def test_the_usual_alphabets_are_drawn_once(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = AlphabetSettings()
    drawn = pixels(load_alphabets(usual))
    assert [path.suffix for path in kept.folder.iterdir()] == [""]
    assert np.array_equal(pixels(load_alphabets(usual)), drawn)
    forget(monkeypatch)
    assert np.array_equal(pixels(load_alphabets(usual)), drawn)
    assert kept.drawn == [usual]
    other = AlphabetSettings(seed=1)
    load_alphabets(other)
    load_alphabets(other)
    assert kept.drawn == [usual, other, other]
    assert len(list(kept.folder.iterdir())) == 1


def test_another_process_draws_and_whoever_needs_the_images_waits_for_it(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, waited = threading.Event(), threading.Event()
    images = np.full((200, 20, 28, 28, 1), 7, np.uint8)

    def call(function: Callable[..., None], arguments: tuple[str, ...], _: object) -> None:
        assert (function, arguments) == (alphabets.draw_usual, ())
        begun.set()
        assert waited.wait(20)
        drawn_images.keep_drawn(images, AlphabetSettings(), alphabets._DRAWN_BY)

    def on_progress(told: Progress) -> None:
        assert told.sentence() == "Drawing images: 4,000"
        waited.set()

    monkeypatch.setattr(alphabets, "call_in_subprocess", call)
    with ThreadPoolExecutor(1) as pool:
        drawing = pool.submit(alphabets.draw_usual_beside, lambda: None)
        assert begun.wait(20)
        loaded = load_alphabets(AlphabetSettings(), on_progress)
        drawing.result(20)
    assert (pixels(loaded) == 7).all()
    assert kept.drawn == []
    forget(monkeypatch)
    monkeypatch.setattr(alphabets, "call_in_subprocess", lambda *_: pytest.fail("they are kept"))
    alphabets.draw_usual_beside(lambda: None)


def test_what_another_process_could_not_draw_is_drawn_here(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    def call(*_: object) -> None:
        raise CallError("its process ended with code 1")

    monkeypatch.setattr(alphabets, "call_in_subprocess", call)
    alphabets.draw_usual_beside(lambda: None)
    load_alphabets(AlphabetSettings())
    assert kept.drawn == [AlphabetSettings()]


@pytest.mark.parametrize("damage", ["cut", "changed", "of another version"])
def test_what_is_kept_and_not_right_is_drawn_anew(
    damage: str, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = pixels(load_alphabets(AlphabetSettings()))
    (path,) = kept.folder.iterdir()
    content = bytearray(path.read_bytes())
    if damage == "cut":
        path.write_bytes(content[:-1])
    elif damage == "changed":
        content[1000] ^= 1
        path.write_bytes(content)
    else:
        path.rename(path.with_name("f" * 32))
    for count in (2, 2):  # it is kept again
        forget(monkeypatch)
        assert np.array_equal(pixels(load_alphabets(AlphabetSettings())), drawn)
        assert len(kept.drawn) == count


def test_images_are_drawn_where_they_cannot_be_kept(kept: Kept) -> None:
    kept.folder.write_text("a file is in the way")
    assert len(load_alphabets(AlphabetSettings()).labels) == 4000


def test_two_threads_draw_the_usual_alphabets_once(kept: Kept) -> None:
    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(load_alphabets, [AlphabetSettings()] * 2))
    assert np.array_equal(pixels(found[0]), pixels(found[1]))
    assert len(kept.drawn) == 1
