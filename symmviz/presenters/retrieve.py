"""The Retrieve page: a query image and what each run finds for it."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from symmcore.data.dataset import ImageDataset
from symmcore.data.images.store import ImageArray, ImageStore, image_to_show
from symmcore.records import IndexArray, Snapshot
from symmcore.training.sink import TrainingContext
from symmviz.model.retrieval import Query, RunNeighbours, Split
from symmviz.presenters.display import RunTitle
from symmviz.presenters.watch import run_title

NEIGHBOURS = 10

Search = Callable[[tuple[Snapshot, ...], Query, int], "Future[tuple[RunNeighbours, ...]]"]


@dataclass(frozen=True, slots=True, eq=False)
class ImageCard:
    """An image to show with its caption.

    Attributes:
        query: what it is as a query, for when it is clicked.
        image: (H, W, C) uint8.
        class_name: its class.
        similarity: cosine similarity to the query; None for the query itself.
        correct: whether it is of the query's class; None for the query itself.
    """

    query: Query
    image: ImageArray
    class_name: str
    similarity: float | None = None
    correct: bool | None = None


@dataclass(frozen=True, slots=True, eq=False)
class NeighbourRow:
    """What one run finds: its title, a caption, and the cards, nearest first."""

    run: RunTitle
    caption: str
    cards: tuple[ImageCard, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """The test images to choose a query from, in the order they are shown in."""

    images: ImageStore
    samples: IndexArray
    labels: IndexArray
    class_names: tuple[str, ...]


class RetrieveView(Protocol):
    """What the presenter needs of the Retrieve page."""

    def set_gallery(self, gallery: Gallery | None) -> None:
        """Show the images to choose from, or that there are none yet."""

    def set_query(self, card: ImageCard | None, caption: str) -> None:
        """Show the chosen image, or how to choose one."""

    def set_rows(self, rows: tuple[NeighbourRow, ...]) -> None:
        """Show what the runs find."""

    def show_in_gallery(self, sample: int) -> None:
        """Mark an image as chosen and scroll to it; none if it is not in the gallery."""


class RetrievePresenter:
    """Searches the newest embeddings for the chosen image, again with every new frame.

    One search at a time is under way; its result is dropped when another image was
    chosen, or another training begun, meanwhile.
    """

    def __init__(self, view: RetrieveView, search: Search) -> None:
        self._view = view
        self._search = search
        self._context: TrainingContext | None = None
        self._snapshots: tuple[Snapshot, ...] | None = None
        self._query: Query | None = None
        self._pending: Future[tuple[RunNeighbours, ...]] | None = None
        self._outdated = False
        self._wanted = False
        self._failed = False

    def clear(self) -> None:
        """Empty the page: another training is being prepared."""
        self._empty("Nothing to search yet: a training brings its images here when it begins.")
        self._view.set_gallery(None)

    def begin(self, context: TrainingContext) -> None:
        """Show the images of a new training."""
        self._empty("Click an image to see what each run finds for it.")
        self._context = context
        dataset = context.dataset
        self._view.set_gallery(
            Gallery(dataset.images, dataset.test, dataset.labels[dataset.test], dataset.class_names)
        )

    def _empty(self, caption: str) -> None:
        self._context = self._snapshots = self._query = None
        self._outdated = True
        self._wanted = self._failed = False
        self._view.set_query(None, caption)
        self._view.set_rows(())

    def set_snapshots(self, snapshots: tuple[Snapshot, ...]) -> None:
        """Search these embeddings from now on."""
        self._snapshots = snapshots
        self._wanted = self._query is not None

    def select(self, query: Query) -> None:
        """Choose the query image."""
        if self._context is None:
            return
        self._query = query
        self._outdated = True
        self._wanted = True
        self._show_query()
        self._view.show_in_gallery(query.sample)
        self.poll()

    def poll(self) -> None:
        """Show a result that is there, and begin the next search; called every tick."""
        if self._pending is not None and self._pending.done():
            search, self._pending = self._pending, None
            if not self._outdated and not search.cancelled():
                self._show_result(search)
        if self._wanted and self._pending is None and self._snapshots and self._query:
            self._wanted = self._outdated = False
            self._pending = self._search(self._snapshots, self._query, NEIGHBOURS)

    def _show_result(self, search: "Future[tuple[RunNeighbours, ...]]") -> None:
        error = search.exception()
        if error is not None:
            self._show_query(f"the search failed: {type(error).__name__}: {error}")
            self._view.set_rows(())
            return
        if self._failed:
            self._show_query()
        self._view.set_rows(self._rows(search.result()))

    def _show_query(self, trouble: str = "") -> None:
        context, query = self._context, self._query
        if context is None or query is None:
            return
        self._failed = bool(trouble)
        kind = "Test" if query.split is Split.TEST else "Training"
        words = [f"{kind} image {query.sample}", *([trouble] if trouble else [])]
        self._view.set_query(_card(context.dataset, query), " · ".join(words))

    def _rows(self, results: tuple[RunNeighbours, ...]) -> tuple[NeighbourRow, ...]:
        context, query = self._context, self._query
        if context is None or query is None:
            return ()
        return tuple(
            NeighbourRow(
                run=run_title(spec),
                caption=_caption(result, query.split),
                cards=tuple(
                    _card(
                        context.dataset,
                        Query(found.sample, query.split),
                        found.similarity,
                        found.correct,
                    )
                    for found in result.neighbours
                ),
            )
            for spec, result in zip(context.config.specs, results, strict=True)
        )


def _caption(result: RunNeighbours, split: Split) -> str:
    right = sum(found.correct for found in result.neighbours)
    kind = "test" if split is Split.TEST else "watched training"
    return (
        f"step {result.step:,} · {right} of {len(result.neighbours)} right · "
        f"searched {result.searched:,} other {kind} images"
    )


def _card(
    dataset: ImageDataset,
    query: Query,
    similarity: float | None = None,
    correct: bool | None = None,
) -> ImageCard:
    name = dataset.class_names[int(dataset.labels[query.sample])]
    return ImageCard(query, image_to_show(dataset.images, query.sample), name, similarity, correct)
