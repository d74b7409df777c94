"""How each class does in a frame, by name."""

from symmcore.runs import Recording
from symmviz.model.names import told_apart
from symmviz.model.retrieval.query_scores import ClassRow, QueryScores, class_scores


def class_rows(recording: Recording, scores: QueryScores) -> tuple[ClassRow, ...]:
    """The classes of a run's frame with their names, the worst first.

    Of ten thousand classes this takes a third of a second: not on the GUI thread.
    """
    found = class_scores(scores)
    labels = [score.label for score in found]
    labels += [score.confused for score in found if score.confused is not None]
    names = [recording.info.class_name(one) for one in labels]
    short = dict(zip(labels, told_apart(names), strict=True))
    return tuple(
        ClassRow(
            score,
            short[score.label],
            "" if score.confused is None else short[score.confused],
            name.casefold(),
        )
        for score, name in zip(found, names, strict=False)
    )
