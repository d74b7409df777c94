"""What is said at a plot: what its strokes mean, and what it shows."""

from symmviz.model.curve import CurveLook, Diagnostic, Panel, PanelKey
from symmviz.views.widgets.plain_tip import plain_tip

LOG_TIP = "Show the vertical axis on a logarithmic scale; what is not positive is left out."
_LEGENDS = {
    Panel.RECALL: ("test", "train"),
    Panel.SYNTHETIC_RECALL: ("test", "train"),
    Panel.RATIO: ("synthetic", "original"),
    Panel.LOSS: ("of each batch", ""),
    Diagnostic.TRIVIAL: ("of each batch", "trivial value"),
    Diagnostic.NORM: ("batch", "test images"),
    Diagnostic.COSINES: ("within classes", "between"),
    Diagnostic.RANK: ("of the test images", ""),
    Diagnostic.GRADIENT: ("of all weights", ""),
    Diagnostic.ZERO_TERMS: ("of each batch", ""),
}
_SHORTER: dict[PanelKey, tuple[str, ...]] = {
    Panel.RECALL: ("Recall@1, originals", "Recall@1"),
    Panel.SYNTHETIC_RECALL: ("Recall@1, synthetic", "R@1, synthetic"),
    Panel.RATIO: ("Share picked in mining", "Picked in mining"),
}
_TIPS = {
    Panel.RECALL: (
        "Share of images whose nearest neighbour is of their class. Training: among the "
        "watched training images. Test: among all test images. An untrained network finds many "
        "by how the pixels look; of these a few may be lost in the first steps, before the "
        "classes draw together. The axis fits the curves. Dots: what the paper reached on this "
        "dataset with this loss."
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
    Diagnostic.TRIVIAL: (
        "The loss of each batch, and the value it has where all embeddings are zero, or equal for "
        "the losses that normalise: log(1 + negatives) for N-pair and angular, the margin for "
        "semi-hard triplets. A loss that rests there has learned nothing, or collapsed."
    ),
    Diagnostic.NORM: "Mean L2 norm of the embeddings, before they are normalised.",
    Diagnostic.COSINES: (
        "Mean cosine similarity over all pairs of images of one class, and of different classes, "
        "in each batch. If both go to 1, all images point the same way."
    ),
    Diagnostic.RANK: (
        "How many directions the normalised test embeddings use: exp of the entropy of their "
        "singular values (Roy and Vetterli 2007), on at most 1,000 images."
    ),
    Diagnostic.GRADIENT: "L2 norm of the gradient of all weights together, before any clipping.",
    Diagnostic.ZERO_TERMS: (
        "Share of the terms of a triplet or lifted structure loss that are zero: they teach "
        "nothing any more."
    ),
}
_OWN_TIP = "A number that this run's own training loop records."


def titles(panel: PanelKey) -> tuple[str, ...]:
    """What a plot is called, and shorter names of it for where there is less room."""
    whole = panel if isinstance(panel, str) else panel.value
    return whole, *_SHORTER.get(panel, ())


def tip(panel: PanelKey) -> str:
    """What a plot shows, as a tooltip."""
    return plain_tip(_OWN_TIP) if isinstance(panel, str) else _TIPS[panel]


def strokes(panel: PanelKey, look: CurveLook) -> str:
    """What each stroke means, and what was done to the lines."""
    parts = []
    if not isinstance(panel, str):
        solid, dashed = _LEGENDS[panel]
        parts.append(f"━ {solid}   ╌ {dashed}" if dashed else f"━ {solid}")
    if look.smoothing:
        parts.append(f"smoothed {look.smoothing:g}")
    return "   ".join(parts)
