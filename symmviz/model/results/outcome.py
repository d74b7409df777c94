"""What a training that has ended came to, in a few lines and a sentence."""

from collections.abc import Mapping
from dataclasses import dataclass

from symmcore.runs.results import (
    PairedDifference,
    RunResult,
    Setting,
    Summary,
    summarise,
)
from symmviz.model.results.cells import (
    cell_text,
    difference_cell,
    run_cell,
    score_columns,
)
from symmviz.model.results.naming import setting_titles

_RECALL = "recall_at_1"
_SMALLEST = 0.001  # a difference that no reading shows
_WORSE = 0.02  # a share less than before training from which on it is said to have done harm
_ONE_SEED = (
    "One seed cannot tell whether that is chance: symmviz train --seeds trains and compares more."
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A training's end.

    Attributes:
        lines: the scores of each run, and the differences.
        meaning: what they mean.
    """

    lines: tuple[str, ...]
    meaning: str


def outcome(results: tuple[RunResult, ...]) -> Outcome | None:
    """What the runs of one training came to; None where none has its final scores."""
    whole = tuple(result for result in results if result.is_whole)
    if not whole:
        return None
    titles, summaries = setting_titles(whole), summarise(whole)
    return Outcome(
        lines=(
            *(f"{titles[one.setting]}: {_scores(one)}" for one in whole),
            *(
                f"{titles[one.setting]} less {titles[one.baseline]}: {_difference(one, whole)}"
                for one in summaries
                if one.baseline is not None and one.differences
            ),
        ),
        meaning=_meaning(whole, summaries, titles),
    )


def _scores(result: RunResult) -> str:
    columns = score_columns((result,))
    return ", ".join(f"{one.title} {cell_text(one, run_cell(one, result))}" for one in columns)


def _difference(summary: Summary, results: tuple[RunResult, ...]) -> str:
    return ", ".join(
        f"{one.title} {cell_text(one, difference_cell(summary.differences.get(one.key)))}"
        for one in score_columns(results)
    )


def _meaning(
    results: tuple[RunResult, ...],
    summaries: tuple[Summary, ...],
    titles: Mapping[Setting, str],
) -> str:
    sentences = [
        f"{titles[result.setting]} ended below what it had before training "
        f"({_percent(result.untrained)}): it has not learned what it is tested on."
        for result in results
        if result.untrained is not None and result.scores[_RECALL] < result.untrained - _WORSE
    ]
    for summary in summaries:
        difference = summary.differences.get(_RECALL)
        if summary.baseline is not None and difference is not None:
            ours, theirs = titles[summary.setting], titles[summary.baseline]
            sentences.append(_comparison(ours, theirs, difference))
    if not sentences:
        sentences.append(_alone(results[0], titles[results[0].setting]))
    return " ".join(sentences)


def _comparison(ours: str, theirs: str, difference: PairedDifference) -> str:
    if abs(difference.mean) < _SMALLEST:
        text = f"{ours} and {theirs} find the right nearest neighbour equally often."
    else:
        more = "more" if difference.mean > 0 else "fewer"
        text = (
            f"Of 100 test images, {ours} finds the right nearest neighbour for "
            f"{100 * abs(difference.mean):.1f} {more} than {theirs}."
        )
    if difference.count == 1:
        return f"{text} {_ONE_SEED}"
    known = "lies clear of" if difference.is_clear else "includes"
    return f"{text} The 95% interval over {difference.count} seeds {known} 0."


def _alone(result: RunResult, title: str) -> str:
    text = (
        f"Of 100 test images, {title} finds an image of the same class as the nearest neighbour "
        f"for {100 * result.scores[_RECALL]:.1f}"
    )
    if result.untrained is None:
        return f"{text}."
    return f"{text}; before training it was {100 * result.untrained:.1f}."


def _percent(share: float | None) -> str:
    return "" if share is None else f"Recall@1 {100 * share:.1f}"
