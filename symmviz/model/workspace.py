"""What the window works on: the runs shown, the time cursor, what is selected and how it looks."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from symmcore.runs import Recording
from symmviz.model.curve import CurveLook
from symmviz.model.display import ColourBy
from symmviz.model.map.class_choice import ClassChoice
from symmviz.model.map.layers import AT_FIRST, Layer
from symmviz.model.retrieval.browse import Browse
from symmviz.model.retrieval.query import AnyQuery, Query, Split, Upload
from symmviz.model.runs.seed_runs import SeedRuns


@dataclass(frozen=True, slots=True)
class Cursor:
    """The step that is shown; None follows the newest."""

    step: int | None = None

    @property
    def following(self) -> bool:
        """Whether the newest frame of each run is shown."""
        return self.step is None

    def covers(self, step: int) -> bool:
        """Whether a step is at or before the cursor."""
        return self.step is None or step <= self.step


@dataclass(frozen=True, slots=True)
class Selection:
    """The selected images of one dataset; all runs on that dataset show them.

    Attributes:
        fingerprint: of the dataset, see :func:`images_key`; empty with nothing selected.
        query: the image that neighbours are looked for.
        samples: positions in the dataset of all selected images.
        upload: an image from elsewhere that neighbours are looked for instead of a query.
    """

    fingerprint: str = ""
    query: Query | None = None
    samples: frozenset[int] = frozenset()
    upload: Upload | None = None

    @property
    def asked(self) -> AnyQuery | None:
        """What neighbours are looked for."""
        return self.query if self.upload is None else self.upload


@dataclass(frozen=True, slots=True)
class Display:
    """How the runs are drawn.

    Attributes:
        split: whose watched images the maps show.
        colour_by: what colours mean.
        synthetic_visible: whether synthetic points are drawn.
        pairs_visible: whether the pairs picked in the newest batch are.
        events_visible: whether the list of what happened is.
        method: name of the projection, such as "pca".
        layers: what is drawn over and beside the points.
        classes: which of them have colours, and which are hidden.
        curves: how the lines of the plots are drawn.
    """

    split: Split = Split.TEST
    colour_by: ColourBy = ColourBy.CLASS
    synthetic_visible: bool = True
    pairs_visible: bool = False
    events_visible: bool = False
    method: str = "pca"
    layers: frozenset[Layer] = AT_FIRST
    classes: ClassChoice = field(default_factory=ClassChoice)
    curves: CurveLook = field(default_factory=CurveLook)

    @property
    def shows_pairs(self) -> bool:
        """Whether picked pairs are wanted: as lines, or as colours; of training images alone."""
        wanted = self.pairs_visible or self.colour_by is ColourBy.PICKED
        return wanted and self.split is Split.TRAIN


MOST_UPLOADS = 32
"""How many images from elsewhere are kept."""


def images_key(recording: Recording) -> str:
    """What is equal for two runs that show the same images, at the same positions."""
    return recording.info.fingerprint or recording.key


class Workspace:
    """The one place for what is shown; belongs to one thread.

    Whoever changes something does it here, and every subscriber is called once a change.
    It holds no history and no result: what a view shows is derived from it and from the
    recordings by :mod:`symmviz.model.resolve`.
    """

    def __init__(self) -> None:
        self._recordings: tuple[Recording, ...] = ()
        self._preparing: tuple[str, ...] = ()
        self._is_hopeless = False
        self._seeds: SeedRuns | None = None
        self._cursor = Cursor()
        self._selection = Selection()
        self._display = Display()
        self._browse = Browse()
        self._uploads: tuple[Upload, ...] = ()
        self._subscribers: list[Callable[[], None]] = []

    @property
    def recordings(self) -> tuple[Recording, ...]:
        """The runs that are shown, in the order of their columns."""
        return self._recordings

    @property
    def seeds(self) -> SeedRuns | None:
        """Where the seeds are of which one is shown; None where one is trained alone."""
        return self._seeds

    @seeds.setter
    def seeds(self, seeds: SeedRuns | None) -> None:
        if seeds != self._seeds:
            self._seeds = seeds
            self._notify()

    @property
    def plotted(self) -> tuple[Recording, ...]:
        """The runs of the plots and the table: those shown, then those of finished seeds."""
        shown = {recording.key for recording in self._recordings}
        finished = () if self._seeds is None else self._seeds.finished
        return (*self._recordings, *(one for one in finished if one.key not in shown))

    @property
    def preparing(self) -> tuple[str, ...]:
        """SPECs of the runs of a training that has no recording yet."""
        return self._preparing

    @property
    def is_hopeless(self) -> bool:
        """Whether that training has ended before it began."""
        return self._is_hopeless

    @property
    def cursor(self) -> Cursor:
        """Which step is shown."""
        return self._cursor

    @cursor.setter
    def cursor(self, cursor: Cursor) -> None:
        if cursor != self._cursor:
            self._cursor = cursor
            self._notify()

    @property
    def selection(self) -> Selection:
        """Which images are selected."""
        return self._selection

    @selection.setter
    def selection(self, selection: Selection) -> None:
        if selection != self._selection:
            self._selection = selection
            self._notify()

    @property
    def display(self) -> Display:
        """How the runs are drawn."""
        return self._display

    @display.setter
    def display(self, display: Display) -> None:
        if display != self._display:
            self._display = display
            self._notify()

    @property
    def browse(self) -> Browse:
        """What of the Retrieve page is chosen."""
        return self._browse

    @browse.setter
    def browse(self, browse: Browse) -> None:
        if browse != self._browse:
            self._browse = browse
            self._notify()

    @property
    def uploads(self) -> tuple[Upload, ...]:
        """Images from elsewhere, the newest last."""
        return self._uploads

    def recording(self, key: str) -> Recording | None:
        """The run of this key, if it is shown."""
        return next((one for one in self._recordings if one.key == key), None)

    def upload(self, uploads: tuple[Upload, ...]) -> None:
        """Take images from elsewhere, as many as are kept, and look for the first of them."""
        uploads = uploads[:MOST_UPLOADS]
        self._uploads = (*self._uploads, *uploads)[-MOST_UPLOADS:]
        self._selection = Selection(upload=uploads[0])
        self._notify()

    def show(self, recordings: tuple[Recording, ...], seeds: SeedRuns | None = None) -> None:
        """Show these runs and follow them.

        What is selected stays selected if one of them has those images.

        Args:
            recordings: the runs.
            seeds: the other seeds that they were trained with.
        """
        self._seeds = seeds
        known = {images_key(recording) for recording in recordings}
        self._recordings, self._preparing, self._is_hopeless = recordings, (), False
        self._cursor = Cursor()
        self._keep_selection(known)
        self._notify()

    def prepare(
        self,
        specs: tuple[str, ...],
        beside: tuple[Recording, ...] = (),
        seeds: SeedRuns | None = None,
    ) -> None:
        """Show ``beside`` and, empty, the runs of a training that is being prepared.

        Of several seeds, the mean of those that are finished is drawn.
        """
        if seeds is not None and self._seeds is None:  # afterwards the user may choose otherwise
            curves = replace(self._display.curves, bands=True)
            self._display = replace(self._display, curves=curves)
        self._seeds = seeds
        self._recordings, self._preparing, self._is_hopeless = beside, specs, False
        self._cursor = Cursor()
        self._keep_selection(set(map(images_key, beside)))
        self._notify()

    def nothing_comes(self) -> None:
        """The training has ended: where it has no recording by now, it gets none."""
        if self._preparing and not self._is_hopeless:
            self._is_hopeless = True
            self._notify()

    def select(self, recording: Recording, query: Query) -> None:
        """Select one image of a run, in all runs that have it."""
        self.selection = Selection(images_key(recording), query, frozenset({query.sample}))

    def select_all(self, recording: Recording, query: Query, samples: frozenset[int]) -> None:
        """Select several images of a run, in all runs that have them, and look for one."""
        self.selection = Selection(images_key(recording), query, samples)

    def clear_selection(self) -> None:
        """Select nothing."""
        self.selection = Selection()

    def show_selection(self, selection: Selection) -> None:
        """Select these images, and show the split that the query is of."""
        if selection.query is not None:
            self.display = replace(self._display, split=selection.query.split)
        self.selection = selection

    def subscribe(self, changed: Callable[[], None]) -> None:
        """Call ``changed`` after every change."""
        self._subscribers.append(changed)

    def _keep_selection(self, known: set[str]) -> None:
        """Keep what is selected if runs on ``known`` images can show it; the lists begin anew."""
        if self._selection.upload is None and self._selection.fingerprint not in known:
            self._selection = Selection()
        self._browse = Browse(neighbours=self._browse.neighbours, open=self._browse.open)

    def _notify(self) -> None:
        for changed in tuple(self._subscribers):
            changed()
