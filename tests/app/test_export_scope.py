"""What is said of an export before it is written: its steps, images and projection."""

import dataclasses

import pytest
from helpers_recording import FakeRecording

from symmviz.model.resolve import export_scope
from symmviz.model.retrieval import Split
from symmviz.model.workspace import Cursor, Workspace


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


def test_a_map_that_is_not_recorded_yet_is_said_to_be_drawn_by_another_method(
    workspace: Workspace, run: FakeRecording
) -> None:
    lacking = "t-SNE is not recorded of {} yet, which a window that stays open does."
    run.change(projection_steps={"tsne": (0, 10)})
    said = scope(workspace, is_history=False)
    assert said == (
        f"At the newest step, of the test images, by PCA: {lacking.format('this frame')}"
    )
    workspace.cursor = Cursor(10)
    assert scope(workspace, is_history=False).endswith("test images, by t-SNE.")
    assert scope(workspace, is_history=True).endswith("test images, by t-SNE.")
    workspace.cursor = Cursor()
    assert scope(workspace, is_history=True).endswith(lacking.format("all these frames"))
    run.change(projection_steps={"tsne": (0, 10), "umap": (0, 10, 20)})
    assert ", by UMAP: t-SNE is not recorded" in scope(workspace, is_history=False)
    workspace.display = dataclasses.replace(workspace.display, method="pca", split=Split.TRAIN)
    said = scope(workspace, is_history=True)
    assert said == "Up to the newest step, of the training images, by PCA."


def test_what_has_no_maps_says_nothing_of_them(workspace: Workspace) -> None:
    said = export_scope(workspace, has_images=False, has_maps=False, is_history=True)
    assert said == "Up to the newest step."
