"""What the name of a folder says of its part in a split, and what merely looks like one."""

import re
from collections.abc import Iterable
from enum import Enum, auto


class SplitPart(Enum):
    """The part of a split that a folder holds."""

    TRAIN = auto()
    VALIDATION = auto()
    TEST = auto()
    QUERY = auto()
    GALLERY = auto()


_PARTS = {
    "train": SplitPart.TRAIN,
    "training": SplitPart.TRAIN,
    "trn": SplitPart.TRAIN,
    "val": SplitPart.VALIDATION,
    "valid": SplitPart.VALIDATION,
    "validation": SplitPart.VALIDATION,
    "dev": SplitPart.VALIDATION,
    "test": SplitPart.TEST,
    "testing": SplitPart.TEST,
    "tst": SplitPart.TEST,
    "eval": SplitPart.TEST,
    "evaluation": SplitPart.TEST,
    "query": SplitPart.QUERY,
    "gallery": SplitPart.GALLERY,
}
# Words of no class, which make a folder one of the parts that a dataset is delivered in.
_OTHER_PARTS = frozenset(
    (
        *("labeled", "labelled", "unlabeled", "unlabelled", "trainval", "holdout", "fold"),
        *("split", "partition", "subset", "annotation", "annotations", "mask", "masks"),
        *("segmentation", "segmentations", "groundtruth", "labels", "jpegimages", "minival"),
    )
)
# Words that go with these: a folder of such alone is no part, but often a wrapper.
_NEUTRAL = frozenset(
    (
        *("image", "images", "img", "imgs", "photo", "photos", "picture", "pictures", "pics"),
        *("jpg", "jpeg", "jpegs", "png", "data", "dataset", "set", "sets", "folder", "files"),
        *("raw", "full", "small", "large", "new", "old", "all", "part", "bounding", "box", "cv"),
        *("rgb", "gray", "grey", "cropped", "resized"),
    )
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_WORD = re.compile(r"[^\W\d_]+")
_JOINED = re.compile(
    rf"({'|'.join(sorted(_PARTS, key=len, reverse=True))})(set|data|images?|imgs?)"
)


def split_part(name: str) -> SplitPart | None:
    """The part that a folder of this very name holds, in any case."""
    return _PARTS.get(name.strip().casefold())


def parts_by_look(names: Iterable[str]) -> frozenset[str]:
    """Those of some folders that look like parts of a split or dataset, not like classes.

    A name does by its words alone: "train_images", "val2017", "fold 3", "unlabeled". Names that
    differ in nothing but such a word do too: "cars_train" and "cars_test".
    """
    words = {name: _words(name) for name in names}
    found = {name for name, own in words.items() if _is_part(own)}
    rests: dict[tuple[str, ...], list[str]] = {}
    for name, own in words.items():
        if len(_split_words(own)) == 1:
            rests.setdefault(tuple(word for word in own if word not in _PARTS), []).append(name)
    for alike in rests.values():
        parts = {_PARTS[_split_words(words[name])[0]] for name in alike}
        if SplitPart.TRAIN in parts and len(parts) > 1:
            found.update(alike)
    if found:  # "images" beside "masks", but not alone
        found.update(name for name, own in words.items() if own and set(own) <= _NEUTRAL)
    return frozenset(found)


def _words(name: str) -> tuple[str, ...]:
    words: list[str] = []
    for word in _WORD.findall(_CAMEL.sub(" ", name)):
        joined = _JOINED.fullmatch(word.casefold())
        words += joined.groups() if joined else (word.casefold(),)
    return tuple(words)


def _split_words(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for word in words if word in _PARTS)


def _is_part(words: tuple[str, ...]) -> bool:
    telling = [word for word in words if word in _PARTS or word in _OTHER_PARTS]
    others = [word for word in words if word not in telling]
    return bool(telling) and all(word in _NEUTRAL or len(word) == 1 for word in others)
