"""What is said of an export before it is written: its steps, images and projection."""

import dataclasses

import pytest
from helpers_recording import FakeRecording
from helpers_runs import make_projection

from symmviz.model.resolve import export_scope
from symmviz.model.resolve.export_scope import maps_on_screen
from symmviz.model.retrieval.query import Split
from symmviz.model.workspace import Cursor, Workspace
from symmviz.services.frames.loader import FrameLoader


@pytest.fixture
def run() -> FakeRecording:
    made = FakeRecording("npair")
    made.add_frame(0, 10, 20)
    return made


@pytest.fixture
def workspace(run: FakeRecording) -> Workspace:
    made = Workspace()
    made.show((run,))
    made.display = dataclasses.replace(made.display, method="tsne")
    return made


def scope(workspace: Workspace, *, is_history: bool) -> str:
    return export_scope(workspace, has_images=True, has_maps=True, is_history=is_history)


def test_a_map_that_is_not_recorded_yet_is_said_to_be_laid_out_first(
    workspace: Workspace, run: FakeRecording
) -> None:
    run.change(projection_steps={"tsne": (0, 10)})
    said = scope(workspace, is_history=False)
    assert said == (
        "At the newest step, of the test images, by t-SNE: this frame is laid out first."
    )
    workspace.cursor = Cursor(10)
    assert scope(workspace, is_history=False).endswith("test images, by t-SNE.")
    assert scope(workspace, is_history=True).endswith("test images, by t-SNE.")
    workspace.cursor = Cursor()
    assert scope(workspace, is_history=True).endswith("all these frames are laid out first.")
    run.change(projection_steps={"tsne": (0, 10), "umap": (0, 10, 20)})
    broken = export_scope(
        workspace, has_images=True, has_maps=True, is_history=False, is_awaited=False
    )
    assert broken.endswith(
        ", by UMAP: t-SNE cannot be used here, and this frame is not laid out by it."
    )
    workspace.display = dataclasses.replace(workspace.display, method="pca", split=Split.TRAIN)
    said = scope(workspace, is_history=True)
    assert said == "Up to the newest step, of the training images, by PCA."


def test_a_map_that_is_on_the_screen_is_drawn_as_it_is_there(
    workspace: Workspace, run: FakeRecording
) -> None:
    loader = FrameLoader()
    try:
        loader.put_live(
            run.key, Split.TEST, make_projection(20, method="tsne"), "loading, PCA meanwhile"
        )
        assert maps_on_screen(workspace, loader) == ()
        loader.put_live(run.key, Split.TEST, make_projection(20, method="tsne"), "")
        drawn = maps_on_screen(workspace, loader)
        assert [(key, one.method, one.step) for key, one in drawn] == [(run.key, "tsne", 20)]
        workspace.display = dataclasses.replace(workspace.display, split=Split.TRAIN)
        assert maps_on_screen(workspace, loader) == ()
    finally:
        loader.close(20)
    said = export_scope(workspace, has_images=True, has_maps=True, is_history=False, drawn=drawn)
    assert said.endswith("by t-SNE.")
    workspace.cursor = Cursor(10)  # of which nothing is on the screen
    said = export_scope(workspace, has_images=True, has_maps=True, is_history=False, drawn=drawn)
    assert said.endswith("by t-SNE: this frame is laid out first.")


def test_what_has_no_maps_says_nothing_of_them(workspace: Workspace) -> None:
    said = export_scope(workspace, has_images=False, has_maps=False, is_history=True)
    assert said == "Up to the newest step."
