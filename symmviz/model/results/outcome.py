"""What a training that has ended came to: a sentence and a small table."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from symmcore.palette import run_places
from symmcore.runs.formats.info import RunStatus
from symmcore.runs.results import (
    PairedDifference,
    RunResult,
    Setting,
    Summary,
    summarise,
)
from symmviz.model.results.best import best_runs, best_settings
from symmviz.model.results.cells import (
    Cell,
    Column,
    cell_text,
    difference_cell,
    run_cell,
    sample_cell,
    score_columns,
)
from symmviz.model.results.naming import setting_titles

_RECALL = "recall_at_1"
_SMALLEST = 0.001  # a difference that no reading shows
_WORSE = 0.02  # a share less than before training from which on it is said to have done harm
_ONE_SEED = "One seed cannot tell whether that is chance: give more under Seeds, such as 0-4."


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """The scores of a run, their means, or the difference between two, as they are written.

    Attributes:
        title: of the run, or of the difference.
        cells: one a column.
        best: places of the cells that are the best of their column.
        is_difference: whether it is one.
        place: of the run's colour, see :func:`symmcore.palette.run_places`; None of a difference.
    """

    title: str
    cells: tuple[str, ...]
    best: frozenset[int] = frozenset()
    is_difference: bool = False
    place: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A training's end.

    Attributes:
        columns: titles of the scores.
        rows: one a run, or the mean of several seeds, then one a difference.
        meaning: what they mean.
        caution: how far that can be trusted; empty where nothing is compared.
    """

    columns: tuple[str, ...]
    rows: tuple[OutcomeRow, ...]
    meaning: str
    caution: str = ""


def outcome(results: tuple[RunResult, ...]) -> Outcome | None:
    """What the runs of one training came to; None where none has its final scores.

    Of several seeds, one that was stopped is left out where others are finished.
    """
    whole, left_out = _without_stopped(tuple(result for result in results if result.is_whole))
    if not whole:
        return None
    titles, summaries = setting_titles(whole), summarise(whole)
    columns = score_columns(whole)
    compared = tuple(one for one in summaries if one.baseline is not None and one.differences)
    return Outcome(
        columns=tuple(column.title.replace("Recall@", "R@") for column in columns),
        rows=(
            *(
                _means(summaries, columns, titles)
                if any(len(one.results) > 1 for one in summaries)
                else _runs(whole, columns, titles)
            ),
            *(_difference(one, columns, titles, is_only=len(compared) == 1) for one in compared),
        ),
        meaning=_meaning(whole, compared, titles),
        caution=" ".join(filter(None, (_caution(compared), left_out))),
    )


def _without_stopped(results: tuple[RunResult, ...]) -> tuple[tuple[RunResult, ...], str]:
    """The results of finished seeds, if there are any, and which other seeds there are."""
    stopped = {one.pair: one.seed for one in results if one.status is RunStatus.STOPPED}
    kept = tuple(one for one in results if one.pair not in stopped)
    if not stopped or not kept:
        return results, ""
    seeds = ", ".join(map(str, stopped.values()))
    count = len({one.pair for one in kept})
    finished = "1 seed is" if count == 1 else f"{count} seeds are"
    which = f"seed {seeds} was" if len(stopped) == 1 else f"seeds {seeds} were"
    return kept, f"{finished} finished; {which} stopped before the end and left out."


def _runs(
    results: tuple[RunResult, ...], columns: list[Column], titles: Mapping[Setting, str]
) -> list[OutcomeRow]:
    best = [best_runs(results, column.key) for column in columns]
    colours = _colours(one.setting for one in results)
    return [
        OutcomeRow(
            titles[one.setting],
            _texts(columns, [run_cell(column, one) for column in columns]),
            _places(best, place),
            place=colours[place],
        )
        for place, one in enumerate(results)
    ]


def _means(
    summaries: tuple[Summary, ...], columns: list[Column], titles: Mapping[Setting, str]
) -> list[OutcomeRow]:
    """A row for each setting: means over its seeds with their standard deviations."""
    best = [best_settings(summaries, column.key) for column in columns]
    colours = _colours(one.setting for one in summaries)
    return [
        OutcomeRow(
            titles[one.setting],
            _texts(columns, [sample_cell(one.samples.get(column.key)) for column in columns]),
            _places(best, place),
            place=colours[place],
        )
        for place, one in enumerate(summaries)
    ]


def _colours(settings: Iterable[Setting]) -> tuple[int, ...]:
    """The places of the colours that rows of these settings have beside one another."""
    return run_places([setting.name for setting in settings])


def _places(best: list[frozenset[int]], place: int) -> frozenset[int]:
    """The columns in which a row is the best."""
    return frozenset(at for at, places in enumerate(best) if place in places)


def _difference(
    summary: Summary, columns: list[Column], titles: Mapping[Setting, str], *, is_only: bool
) -> OutcomeRow:
    assert summary.baseline is not None, "it is compared with one"
    ours, theirs = titles[summary.setting], titles[summary.baseline]
    cells = [difference_cell(summary.differences.get(column.key)) for column in columns]
    title = "Difference" if is_only else f"{ours} less {theirs}"
    return OutcomeRow(title, _texts(columns, cells), is_difference=True)


def _texts(columns: list[Column], cells: list[Cell]) -> tuple[str, ...]:
    return tuple(cell_text(column, cell) for column, cell in zip(columns, cells, strict=True))


def _meaning(
    results: tuple[RunResult, ...], compared: tuple[Summary, ...], titles: Mapping[Setting, str]
) -> str:
    """A sentence: of harm that training has done, of a difference, or of the best run."""
    worse = [
        result
        for result in results
        if result.untrained is not None and result.scores[_RECALL] < result.untrained - _WORSE
    ]
    if worse:
        return _harm(worse, titles, has_seeds=len(results) > len(titles))
    if len(compared) == 1 and compared[0].baseline is not None:
        difference = compared[0].differences.get(_RECALL)
        if difference is not None:
            names = titles[compared[0].setting], titles[compared[0].baseline]
            return _comparison(*names, difference)
    if len(results) > len(titles):
        return _best_mean(summarise(results), titles)
    best = max(results, key=lambda result: result.scores[_RECALL])
    return _alone(best, titles[best.setting], is_best=len(titles) > 1)


def _best_mean(summaries: tuple[Summary, ...], titles: Mapping[Setting, str]) -> str:
    best = max(summaries, key=lambda one: one.samples[_RECALL].mean)
    found = f"for {100 * best.samples[_RECALL].mean:.1f}, the mean of {_seeds(best)}"
    most = " most often," if len(summaries) > 1 else ""
    title = titles[best.setting]
    return f"Of 100 test images, {title} finds the right nearest neighbour{most} {found}."


def _seeds(summary: Summary) -> str:
    count = len({result.pair for result in summary.results})
    return "1 seed" if count == 1 else f"{count} seeds"


def _harm(worse: list[RunResult], titles: Mapping[Setting, str], *, has_seeds: bool) -> str:
    named = (
        f"{titles[result.setting]} with seed {result.seed}"
        if has_seeds and result.seed is not None
        else titles[result.setting]
        for result in worse
    )
    names = " and ".join(dict.fromkeys(named))
    before = ", ".join(
        dict.fromkeys(f"{100 * one.untrained:.1f}" for one in worse if one.untrained is not None)
    )
    have = "they have" if len(worse) > 1 else "it has"
    return (
        f"{names} ended below the untrained network's Recall@1 ({before}): {have} not learned "
        "what is tested."
    )


def _comparison(ours: str, theirs: str, difference: PairedDifference) -> str:
    if abs(difference.mean) < _SMALLEST:
        return f"{ours} and {theirs} find the right nearest neighbour equally often."
    more = "more" if difference.mean > 0 else "fewer"
    return (
        f"Of 100 test images, {ours} finds the right nearest neighbour for "
        f"{100 * abs(difference.mean):.1f} {more} than {theirs}."
    )


def _caution(compared: tuple[Summary, ...]) -> str:
    known = [one.differences[_RECALL] for one in compared if _RECALL in one.differences]
    if not known:
        return ""
    if any(difference.count == 1 for difference in known):
        return _ONE_SEED
    if len(known) > 1:
        return f"Differences are given with their 95% intervals over {known[0].count} seeds."
    clear = "lies clear of" if known[0].is_clear else "includes"
    return f"The 95% interval over {known[0].count} seeds {clear} 0."


def _alone(result: RunResult, title: str, *, is_best: bool) -> str:
    found = f"for {100 * result.scores[_RECALL]:.1f}"
    if is_best:
        return f"Of 100 test images, {title} finds the right nearest neighbour most often, {found}."
    text = f"Of 100 test images, {title} finds the right nearest neighbour {found}"
    if result.untrained is None:
        return f"{text}."
    return f"{text}; before training it was {100 * result.untrained:.1f}."
