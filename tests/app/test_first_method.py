"""The projection that the window begins with."""

import pytest

from symmcore.projection.base import UMAP
from symmviz.app import Launched


@pytest.mark.parametrize("first_method", [UMAP])  # what nothing else chooses
def test_the_window_begins_with_the_default_method(launched: Launched, first_method: str) -> None:
    assert launched.controller.workspace.display.method == first_method
