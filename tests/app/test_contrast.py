"""Names of classes are written in their colours, as far as those can be read."""

import pytest
from PySide6.QtGui import QColor

from symmviz.model.map.class_choice import shown_classes
from symmviz.views.style.contrast import LEAST_CONTRAST, contrast, legible
from symmviz.views.style.theme import DARK, LIGHT, Theme


def test_contrast_is_that_of_the_guidelines() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21.0)
    assert contrast("#777777", "#777777") == 1.0
    # the lightest grey that passes for small text on white is #767676 at 4.54
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
@pytest.mark.parametrize("count", [2, 8, 10, 20, 100])
def test_every_class_is_written_legibly_and_in_its_hue(theme: Theme, count: int) -> None:
    classes = shown_classes(tuple(range(count)), tuple(map(str, range(count))), None)
    for colour in theme.class_colours(classes):
        for ground in (theme.window, theme.base, theme.raised):
            shown = legible(colour, ground, theme.text)
            assert contrast(shown, ground) >= LEAST_CONTRAST
            if contrast(colour, ground) >= LEAST_CONTRAST:
                assert shown == QColor(colour).name()
    yellow = QColor(legible("#F0E442", LIGHT.window, LIGHT.text))
    assert abs(yellow.hue() - QColor("#F0E442").hue()) < 12
