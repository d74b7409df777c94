"""Whether points glide is the system's choice until the user chooses, and is remembered."""

import pytest
from PySide6.QtWidgets import QApplication

from symmviz.app import Launched
from symmviz.services.preferences import Settings
from symmviz.views.style.theme import has_animations


def test_the_choice_reaches_every_map_and_is_remembered(launched: Launched) -> None:
    assert Settings().gliding is None
    page = launched.window.watch_page
    for glides in (False, True):
        launched.window.gliding_chosen.emit(glides)
        assert Settings().gliding is glides
        assert page.glides is glides


def test_a_system_without_animations_has_none_here(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert has_animations(qapp)
    style = qapp.style()
    monkeypatch.setattr(type(style), "styleHint", lambda *_: 0)
    assert not has_animations(qapp)
