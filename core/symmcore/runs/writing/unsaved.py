"""What a run that is written holds in memory alone, because it could not be saved."""

from dataclasses import dataclass, field

from symmcore.records import EmbeddedSet, Frame
from symmcore.runs.formats.info import RunStatus
from symmcore.runs.reading.memory import frame_size, set_size
from symmcore.runs.writing.budget import superfluous


@dataclass
class Unsaved:
    """What the last try to save did not save, and what has come since.

    Attributes:
        frames: by step, with their galleries.
        end: how the run ended, and the message.
    """

    frames: dict[int, tuple[Frame, EmbeddedSet | None]] = field(default_factory=dict)
    end: tuple[RunStatus, str] | None = None

    def __bool__(self) -> bool:
        return bool(self.frames or self.end)

    def names(self, *, checkpoint: bool, lines: bool) -> str:
        """What is in it, for people; empty where nothing is.

        Args:
            checkpoint: whether one is not saved either.
            lines: whether lines of metrics are not saved either.
        """
        named = (
            (checkpoint, "the last checkpoint"),
            (bool(self.frames), f"frames of {len(self.frames)} steps"),
            (lines, "lines of metrics"),
        )
        return ", ".join(name for there, name in named if there)

    def bound(self, most: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Forget frames where there are more than ``most`` bytes of them, their galleries first.

        The newest and its gallery always stay.

        Returns:
            the steps of the galleries and of the frames that were forgotten.
        """
        if self._bytes() <= most:
            return (), ()
        galleries = tuple(sorted(self.frames)[:-1])
        for step in galleries:
            self.frames[step] = (self.frames[step][0], None)
        sizes = {step: frame_size(frame) for step, (frame, _) in self.frames.items()}
        frames = superfluous(sizes, most)
        for step in frames:
            del self.frames[step]
        return galleries, frames

    def _bytes(self) -> int:
        return sum(
            frame_size(frame) + (0 if gallery is None else set_size(gallery))
            for frame, gallery in self.frames.values()
        )
