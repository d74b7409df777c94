"""What lies in a dataset's folder and is not used, as the run and the user are told of it."""

from dataclasses import dataclass
from enum import StrEnum


class UnusedReason(StrEnum):
    """Why something is not used that no :class:`LeftOut` names."""

    CLASS_WITHOUT_IMAGES = "class_without_images"
    NO_DECODER = "no_decoder"
    TWIN = "same_photo"
    SPLIT_PART = "split_part"
    OUTSIDE_CLASSES = "outside_classes"
    NOT_LISTED = "not_listed"
    NO_IMAGE = "no_image"


@dataclass(frozen=True, slots=True)
class Unused:
    """Something of one kind that is not used.

    Attributes:
        reason: a :class:`LeftOut` or an :class:`UnusedReason`.
        count: how many files or folders.
        names: the first few of them, below the dataset's folder.
        sentence: for the user.
    """

    reason: str
    count: int
    names: tuple[str, ...]
    sentence: str

    def as_json(self) -> dict[str, object]:
        """What config.json keeps of it."""
        return {"reason": str(self.reason), "count": self.count, "names": list(self.names)}
