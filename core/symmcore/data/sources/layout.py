"""Which of a folder's sub-folders are classes, and which are the parts of a split."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from symmcore.data.names import display_name
from symmcore.data.sources.natural_order import natural_key
from symmcore.data.sources.split_names import SplitPart, parts_by_look, split_part
from symmcore.data.sources.splits import SplitRule, named
from symmcore.errors import InputError

EXPECTED = "one sub-folder of images for each class"
_INSIST = "choose the split image or class (--split image) to take them as classes"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the classes of a folder are.

    Attributes:
        train: the folder whose sub-folders train; empty where the folder's own sub-folders are
            the classes.
        test: the folders whose sub-folders test.
        aside: parts of a split that are not used, and why, as the end of a sentence.
        notes: sentences the user should read.
    """

    train: str = ""
    test: tuple[str, ...] = ()
    aside: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def depth(self) -> int:
        """How many folders lie above those of the classes."""
        return 1 if self.train else 0

    @property
    def sides(self) -> tuple[str, ...]:
        """The folders that hold those of the classes; empty for the folder itself."""
        return (self.train, *self.test) if self.train else ()

    @property
    def split(self) -> str:
        """How they are split, as the end of a sentence."""
        return f"by the folders {_and(self.sides)}"

    def holds(self, file: str) -> bool:
        """Whether a file lies in the folder of a class."""
        parts = file.split("/")
        return len(parts) > self.depth + 1 and (not self.train or parts[0] in self.sides)


def find_layout(path: str | Path, images: Iterable[str], rule: SplitRule) -> Layout:
    """Find out where the classes are.

    Folders that are called as the parts of a split usually are, in any case, are taken as such
    under AUTO and FOLDERS: what is called test is tested on, or query and gallery together, or,
    where there is none or its images lie in no folders of classes, what is called validation.

    Args:
        path: the folder, for messages.
        images: paths of the images below it.
        rule: CLASS and IMAGE take its sub-folders as the classes, whatever they are called.

    Raises:
        InputError: if they look like the parts of a split or of a dataset and it is not clear
            how they belong together; if the classes lie in another folder.
    """
    return _Layouts(path, images).find(rule)


class _Layouts:
    """The ways to read one folder."""

    def __init__(self, path: str | Path, images: Iterable[str]) -> None:
        self._path = path
        self._folders: dict[str, set[str]] = {}
        self._loose = False
        paths = [image.split("/")[:-1] for image in images]
        for folders in paths:
            if not folders:
                self._loose = True
                continue
            below = self._folders.setdefault(folders[0], set())
            below.update(folders[1:2])
        self._paths = paths
        self._parts = {name: part for name in self._folders if (part := split_part(name))}

    def find(self, rule: SplitRule) -> Layout:
        if rule in (SplitRule.CLASS, SplitRule.IMAGE):
            self._refuse_wrapper()
            return Layout()
        found = self._split(insisted=rule is SplitRule.FOLDERS)
        if found is not None:
            return found
        if rule is SplitRule.FOLDERS:
            self._refuse_wrapper()
            raise InputError(
                f"{self._path} has no folders train and test with {EXPECTED}: choose another split."
            )
        self._refuse_parts()
        self._refuse_wrapper()
        self._refuse_split_classes()
        self._refuse_shared_names()
        return Layout(notes=self._doubts())

    def _split(self, *, insisted: bool) -> Layout | None:
        """By the folders of a split, if those that train and test are there."""
        by_part: dict[SplitPart, list[str]] = {part: [] for part in SplitPart}
        for name in sorted(self._parts, key=natural_key):
            by_part[self._parts[name]].append(name)
        labelled = {part: self._labelled(names) for part, names in by_part.items()}
        trains = labelled[SplitPart.TRAIN]
        if not trains:
            return None
        self._refuse_two(trains)
        train = trains[0]
        labelled = {
            part: [name for name in names if not self._is_unlabelled_beside(name, train)]
            for part, names in labelled.items()
        }
        test = self._test(labelled)
        if not test:
            return None
        if not insisted:
            self._refuse_minority(train, test)
        return Layout(train, test, self._aside(train, test, labelled), _retrieval_note(test))

    def _test(self, labelled: dict[SplitPart, list[str]]) -> tuple[str, ...]:
        for part in (SplitPart.TEST, SplitPart.QUERY, SplitPart.GALLERY):
            self._refuse_two(labelled[part])
        test = (
            *labelled[SplitPart.TEST],
            *labelled[SplitPart.QUERY],
            *labelled[SplitPart.GALLERY],
        )
        if test:
            return test
        self._refuse_two(labelled[SplitPart.VALIDATION])
        return tuple(labelled[SplitPart.VALIDATION])

    def _labelled(self, names: Iterable[str]) -> list[str]:
        """Those that hold folders of classes."""
        return [
            name
            for name in names
            if self._folders[name] - parts_by_look(self._folders[name]) - {"images", "labels"}
        ]

    def _is_unlabelled_beside(self, name: str, train: str) -> bool:
        """Whether all images lie in one folder that is no class: "test/unknown"."""
        below = self._folders[name]
        return len(below) == 1 < len(self._folders[train]) and not below & self._folders[train]

    def _aside(
        self, train: str, test: tuple[str, ...], labelled: dict[SplitPart, list[str]]
    ) -> tuple[tuple[str, str], ...]:
        used = {train, *test}
        with_classes = {name for names in labelled.values() for name in names}
        found = []
        for name in sorted(self._folders.keys() - used, key=natural_key):
            if name in self._parts and name not in with_classes:
                why = "which lie in no folders of classes"
            elif name in self._parts:
                why = f"since {_and(test)} {_verb(test, 'tests', 'test')}"
            else:
                why = f"which is neither {train} nor {_and(test)}"
            found.append((name, why))
        return tuple(found)

    def _refuse_two(self, names: list[str]) -> None:
        if len(names) > 1:
            raise InputError(
                f"{self._path} holds {self._shown(names)}, which are called the same part of a "
                "split: leave only one there, or put their images together."
            )

    def _refuse_minority(self, train: str, test: tuple[str, ...]) -> None:
        """Refuse where as many other folders look as they do inside: all may be classes."""
        known = self._parts.keys() | parts_by_look(self._folders)
        others = self._labelled(self._folders.keys() - known)
        if len(others) > len(test):
            raise InputError(
                f"{self._path} holds {self._shown((train, *test))} beside {len(others):,} other "
                "folders with folders of images, so that these may be a split or classes: choose "
                "the split folders, class or image (--split folders)."
            )

    def _refuse_parts(self) -> None:
        """Refuse folders that look like the parts of a split, if most of them do."""
        looks = parts_by_look(self._folders)
        if 2 * len(looks) <= len(self._folders) or self._is_wrapper():
            return
        trains = [n for n in self._labelled(looks) if self._parts.get(n) is SplitPart.TRAIN]
        if trains:
            self._refuse_train_alone(trains[0], looks)
        deeper = self._one_deeper(looks)
        if deeper:
            raise InputError(
                f"The classes of {self._path} lie one folder deeper than those of a split, as in "
                f"{deeper}: make folders train and test, each with {EXPECTED} in it, or {_INSIST}."
            )
        names = self._shown(sorted(looks, key=natural_key))
        raise InputError(
            f"{names} in {self._path} {_verb(looks, 'looks', 'look')} like a split or the parts of "
            "a dataset, not like classes: make folders train and test, each with "
            f"{EXPECTED} in it, or {_INSIST}."
        )

    def _refuse_train_alone(self, train: str, looks: frozenset[str]) -> None:
        inner = self._shown([train])
        others = sorted(looks - {train}, key=natural_key)
        where = f"{self._path}/{inner}"
        if not others:
            raise InputError(
                f"{self._path} holds a folder {inner} and none to test on: give {where} to split "
                f"its classes, or add a folder test with {EXPECTED}."
            )
        raise InputError(
            f"{self._shown(others)} in {self._path} {_verb(others, 'holds', 'hold')} no folders of "
            f"several classes, so that nothing can test what {inner} trains: give {where} to split "
            f"its classes, or {_INSIST}."
        )

    def _one_deeper(self, looks: Iterable[str]) -> str:
        """The only folder in one of them that holds several more: "train/train"."""
        for name in sorted(looks, key=natural_key):
            if len(self._folders[name]) == 1 and self._is_deep(name):
                (only,) = self._folders[name]
                if len({folders[2] for folders in self._paths if _is_in(folders, name, only)}) > 1:
                    return display_name(f"{name}/{only}")
        return ""

    def _is_wrapper(self) -> bool:
        return len(self._folders) == 1 and SplitPart.TRAIN not in self._parts.values()

    def _refuse_wrapper(self) -> None:
        """Refuse a folder whose only folder holds the classes, and name that one."""
        inner: list[str] = []
        while True:
            start = len(inner)
            below = {
                folders[start]
                for folders in self._paths
                if len(folders) > start and folders[:start] == inner
            }
            loose = any(folders == inner for folders in self._paths)
            if len(below) != 1 or (loose and inner):
                break
            inner += below
        if inner and len(below) > 1:
            shown = display_name("/".join(inner))
            raise InputError(
                f"The images of {self._path} lie in its one folder {shown}: give "
                f"{self._path}/{shown}, which holds {len(below):,} folders of images."
            )

    def _refuse_split_classes(self) -> None:
        """Refuse classes that each hold the parts of a split."""
        split = [name for name, below in self._folders.items() if _is_split(below)]
        if 2 * len(split) > len(self._folders):
            first = min(split, key=natural_key)
            parts = self._shown(sorted(self._folders[first], key=natural_key))
            raise InputError(
                f"{self._shown([first])} and other folders in {self._path} each hold {parts}, and "
                "a split is read from the folders above those of the classes: make folders train "
                f"and test, each with {EXPECTED} in it, or choose the split image or class "
                "(--split image) to put the images of each class together."
            )

    def _doubts(self) -> tuple[str, ...]:
        """What is taken as a class although it may be something else."""
        notes = []
        for name in sorted(self._parts, key=natural_key):
            notes.append(
                f"{self._shown([name])} is taken as a class, though it is called as a part of a "
                "split may be: move it elsewhere if it is one."
            )
        if 1 < len(self._folders) <= _FEW:
            notes += [
                f"{self._shown([name])} is taken as one class, though its images lie in "
                f"{len(below):,} folders: give {self._path}/{self._shown([name])} if these are the "
                "classes."
                for name, below in sorted(self._folders.items())
                if len(below) > len(self._folders) and self._is_deep(name)
            ]
        return tuple(notes)

    def _refuse_shared_names(self) -> None:
        """Refuse folders that all hold the same more numerous folders, the classes perhaps."""
        shared = frozenset.intersection(*map(frozenset, self._folders.values()))
        if len(shared) > len(self._folders) > 1 and all(map(self._is_deep, self._folders)):
            names = self._shown(sorted(self._folders, key=natural_key))
            raise InputError(
                f"{names} in {self._path} hold {len(shared):,} folders of the same names, which "
                f"seem to be the classes: give one of them, make folders train and test, each with "
                f"{EXPECTED} in it, or {_INSIST}."
            )

    def _is_deep(self, name: str) -> bool:
        return all(len(folders) > 1 for folders in self._paths if folders and folders[0] == name)

    def _shown(self, names: Iterable[str]) -> str:
        shown = [display_name(name) for name in names]
        return _and(shown) if len(shown) <= _FEW else named(shown)


_FEW = 3


def _is_in(folders: list[str], name: str, only: str) -> bool:
    return len(folders) > len((name, only)) and folders[:2] == [name, only]


def _is_split(names: Iterable[str]) -> bool:
    parts = {split_part(name) for name in names} - {None}
    return SplitPart.TRAIN in parts and len(parts) > 1


def _retrieval_note(test: tuple[str, ...]) -> tuple[str, ...]:
    if len(test) < 2:
        return ()
    return (
        f"{_and(test)} test together: each of their images is a query, and all the others are its "
        "gallery.",
    )


def _and(names: Iterable[str]) -> str:
    *most, last = map(display_name, names)
    return f"{', '.join(most)} and {last}" if most else last


def _verb(names: Iterable[object], one: str, several: str) -> str:
    return one if len(tuple(names)) == 1 else several
