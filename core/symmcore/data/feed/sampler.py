"""Batches of positive pairs: P pairs, spread evenly over the classes."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from symmcore.errors import InputError
from symmcore.records import IndexArray

_SAMPLER_STREAM = 2


@dataclass(frozen=True, slots=True)
class SamplerState:
    """Where a sampler is, in numbers and text alone: ``dataclasses.asdict`` of it is JSON.

    Attributes:
        random: NumPy's description of the generator's state.
        decks: for each class that is drawn from, the images still to be dealt, the next last.
    """

    random: dict[str, Any]  # NumPy's own: nested, with integers of 128 bits
    decks: tuple[tuple[int, ...], ...]

    @classmethod
    def from_json(cls, content: Any) -> "SamplerState":
        """Read what ``dataclasses.asdict`` and ``json`` have made of a state.

        Raises:
            KeyError, TypeError, ValueError: if it is none.
        """
        decks = tuple(tuple(int(image) for image in deck) for deck in content["decks"])
        return cls(dict(content["random"]), decks)


class PairSampler:
    """Draws batches of ``2 * pairs`` images as pairs of one class, evenly over classes.

    With at least as many classes as pairs, every pair of a batch is of another class
    (the paper's 64 x 2). With fewer, each class gives ``pairs // classes`` pairs, and a
    random choice of classes one more. The images of a class are dealt from a shuffled
    deck, shuffled anew when it runs out, so that every image is seen equally often. A
    pair never holds one image twice.
    """

    def __init__(self, labels: IndexArray, positions: IndexArray, pairs: int, seed: int) -> None:
        """Prepare the decks.

        Args:
            labels: (N,) int64, of the whole dataset.
            positions: (T,) int64, the training images to draw from.
            pairs: pairs in a batch.
            seed: decides every batch.

        Raises:
            InputError: if fewer than two classes have two training images.
        """
        self._random = np.random.default_rng([seed, _SAMPLER_STREAM])
        self._pairs = pairs
        members = (positions[labels[positions] == label] for label in np.unique(labels[positions]))
        self._decks = [_Deck(images, self._random) for images in members if len(images) > 1]
        if len(self._decks) < 2:
            raise InputError(
                "Metric learning needs at least two classes with two training images each: "
                f"this dataset has {len(self._decks)}."
            )

    def state(self) -> SamplerState:
        """Where it is now."""
        state: dict[str, Any] = dict(self._random.bit_generator.state)
        return SamplerState(state, tuple(tuple(deck.left) for deck in self._decks))

    def restore(self, state: SamplerState) -> None:
        """Draw from now on what was drawn after ``state`` was taken.

        Raises:
            ValueError: if it is of a sampler of other classes, images or generator.
        """
        if len(state.decks) != len(self._decks):
            raise ValueError(
                f"the sampler's state is of {len(state.decks)} classes, not {len(self._decks)}"
            )
        for deck, left in zip(self._decks, state.decks, strict=True):
            if not set(left) <= set(deck.images.tolist()):
                raise ValueError("the sampler's state names images of another dataset")
        self._random.bit_generator.state = state.random
        for deck, left in zip(self._decks, state.decks, strict=True):
            deck.left = list(left)

    def next_batch(self) -> IndexArray:
        """Draw the next batch.

        Returns:
            (2 * pairs,) int64 positions in the dataset; rows 2g and 2g + 1 are a pair.
        """
        each, left_over = divmod(self._pairs, len(self._decks))
        counts = np.full(len(self._decks), each)
        counts[self._random.choice(len(self._decks), left_over, replace=False)] += 1
        drawn = [
            pair
            for deck in np.flatnonzero(counts)  # 64 of SOP's 11,318, say
            for pair in self._decks[deck].draw_pairs(int(counts[deck]))
        ]
        order = self._random.permutation(len(drawn))
        return np.array([drawn[position] for position in order], dtype=np.int64).reshape(-1)


class _Deck:
    """The images of one class, dealt in random order, each once before any again."""

    def __init__(self, images: IndexArray, random: np.random.Generator) -> None:
        self.images = images
        self._random = random
        self.left: list[int] = []

    def draw_pairs(self, count: int) -> list[tuple[int, int]]:
        return [(first := self._draw(None), self._draw(first)) for _ in range(count)]

    def _draw(self, partner: int | None) -> int:
        if not self.left:
            self.left = [int(image) for image in self._random.permutation(self.images)]
            if self.left[-1] == partner:
                # The old deck's last card and the new one's first are the same image.
                self.left[0], self.left[-1] = self.left[-1], self.left[0]
        return self.left.pop()
