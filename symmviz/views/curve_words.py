"""What is said at a plot: what its strokes mean, and what it shows."""

from symmviz.model.curve import CurveLook, Panel, PanelKey
from symmviz.views.plain_tip import plain_tip

LOG_TIP = "Show the vertical axis on a logarithmic scale; what is not positive is left out."
_LEGENDS = {
    Panel.RECALL: ("test", "train"),
    Panel.SYNTHETIC_RECALL: ("test", "train"),
    Panel.RATIO: ("synthetic", "original"),
    Panel.LOSS: ("of each batch", ""),
}
_TIPS = {
    Panel.RECALL: (
        "Share of images whose nearest neighbour is of their class. Training: among the "
        "watched training images. Test: among all test images. The axis fits the curves. Dots: "
        "what the paper reached on this dataset with this loss."
    ),
    Panel.SYNTHETIC_RECALL: (
        "The same among synthetic points alone: each image's mirror image (alpha 2, beta 1 in "
        "every run) about the next image of its class, in a random order that ends where it "
        "began (Fig. 6 of the paper). Every image is an axis once."
    ),
    Panel.RATIO: (
        "Which points are picked as the hardest negative pairs: synthetic or original "
        "(Fig. 7 of the paper). A run without Symm picks nothing and has no line here."
    ),
    Panel.LOSS: (
        "The loss of each batch. Losses of different methods are not on one scale: with Symm "
        "the negatives are harder, so its loss is larger."
    ),
}
_OWN_TIP = "A number that this run's own training loop records."


def tip(panel: PanelKey) -> str:
    """What a plot shows, as a tooltip."""
    return _TIPS[panel] if isinstance(panel, Panel) else plain_tip(_OWN_TIP)


def strokes(panel: PanelKey, look: CurveLook) -> str:
    """What each stroke means, and what was done to the lines."""
    parts = []
    if isinstance(panel, Panel):
        solid, dashed = _LEGENDS[panel]
        parts.append(f"━ {solid}   ╌ {dashed}" if dashed else f"━ {solid}")
    if look.smoothing:
        parts.append(f"smoothed {look.smoothing:g}")
    return "   ".join(parts)
