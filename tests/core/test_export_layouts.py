"""Frames that nobody has recorded a map of: laid out as the window does it, or waited for."""

import threading
from pathlib import Path

import numpy as np
import pytest
from helpers_layout import Drift
from helpers_runs import make_projection, record_loop

from symmcore.errors import InputError
from symmcore.export import layouts
from symmcore.export.coordinates import chosen_method, projections
from symmcore.export.layouts import lay_out, wait_for_layouts
from symmcore.export.options import ExportOptions
from symmcore.progress import Progress, ignore_progress
from symmcore.projection import child
from symmcore.projection.base import ProjectionJob, ProjectionSettings
from symmcore.projection.neighbour_map import NeighbourProjector
from symmcore.records import Projection
from symmcore.runs import Recording


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    record_loop(tmp_path / "run", steps=6)
    return Recording.open(tmp_path / "run")


@pytest.fixture
def method(monkeypatch: pytest.MonkeyPatch) -> Drift:
    drift = Drift()
    monkeypatch.setattr(child, "make_projector", lambda _: NeighbourProjector(drift))
    return drift


def recorded(recording: Recording, upto: int) -> Projection:
    """What the window records of the last of these frames."""
    start, before = None, None
    for step in (one for one in recording.state.frame_steps if one <= upto):
        frame = recording.frame(step)
        settings = ProjectionSettings(seed=recording.info.seed or 0)
        job = ProjectionJob("drift", (frame,), (start,), settings, (before,))
        *_, update = NeighbourProjector(Drift()).run(job)
        (start,), before = update.projections, frame
    assert start is not None
    return start


def test_frames_are_laid_out_one_from_another_as_the_window_records_them(
    recording: Recording, method: Drift
) -> None:
    said: list[Progress] = []
    laid = lay_out((recording,), ((4,),), "tsne", "test", said.append)
    assert [one.sentence() for one in said] == [
        "Laying out frames by t-SNE: 0 of 2",
        "Laying out frames by t-SNE: 1 of 2",
    ]
    expected = recorded(recording, 4)
    np.testing.assert_array_equal(laid[recording.key, 4].test.original, expected.test.original)
    assert len(method.begun) == 2, "one split, and no frame once more"
    # what is recorded is gone on from
    recording.store_projection(make_projection(2, method="tsne"))
    again = lay_out((recording,), ((2, 4),), "tsne", "test", ignore_progress)
    assert (again[recording.key, 4].test.original != expected.test.original).any()
    assert len(method.begun) == 3


def test_a_method_that_was_named_is_laid_out_and_one_that_is_preferred_only_if_it_is_awaited(
    recording: Recording, method: Drift
) -> None:
    asked = ExportOptions(method="tsne")
    assert chosen_method((recording,), asked, (2, 4)) == "tsne"
    (drawn,) = projections((recording,), ((2, 4),), "tsne", asked, ignore_progress)
    assert [one.step for one in drawn] == [2, 4]
    assert chosen_method((recording,), ExportOptions(preferred="tsne"), (2, 4)) == "pca"
    awaited = ExportOptions(preferred="tsne", awaits=True)
    assert chosen_method((recording,), awaited, (2, 4)) == "tsne"
    assert method.begun


def test_what_the_window_lays_out_is_waited_for(recording: Recording) -> None:
    came = threading.Event()

    def store(progress: Progress) -> None:
        assert progress.sentence().startswith("Laying out frames by t-SNE: ")
        missing = [step for step in (2, 4) if recording.projection("tsne", step) is None]
        recording.store_projection(make_projection(missing[0], method="tsne"))
        came.set()

    wait_for_layouts((recording,), ((4,),), "tsne", store)
    assert came.is_set()
    assert recording.projection("tsne", 4) is not None


def test_what_does_not_come_is_said(recording: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layouts, "_PATIENCE", 0.0)
    with pytest.raises(InputError, match=r"No t-SNE of step 2 came"):
        wait_for_layouts((recording,), ((2, 4),), "tsne", ignore_progress)
