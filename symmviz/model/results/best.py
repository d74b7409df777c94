"""Which cells of the table of results are the best of their column."""

from collections.abc import Iterable

from symmcore.runs.results import RunResult, Summary, differences_between


def best_settings(summaries: tuple[Summary, ...], score: str) -> frozenset[int]:
    """Places of the best means: one a dataset, and none where another may be as good.

    A mean is the best if the interval of its paired difference to every other setting of the
    dataset lies above 0.
    """
    found = set()
    for places in _by_dataset(summary.results[0].dataset for summary in summaries):
        known = [place for place in places if score in summaries[place].samples]
        if len(known) < 2:
            continue
        best = max(known, key=lambda place: summaries[place].samples[score].mean)
        others = (summaries[place] for place in known if place != best)
        if all(_is_clearly_less(other, summaries[best], score) for other in others):
            found.add(best)
    return frozenset(found)


def best_runs(results: tuple[RunResult, ...], score: str) -> frozenset[int]:
    """Places of the runs with the highest score: one a dataset, none where two have it."""
    found = set()
    for places in _by_dataset(result.dataset for result in results):
        known = [
            place for place in places if results[place].is_whole and score in results[place].scores
        ]
        highest = max((results[place].scores[score] for place in known), default=None)
        top = [place for place in known if results[place].scores[score] == highest]
        if len(known) > 1 and len(top) == 1:
            found.update(top)
    return frozenset(found)


def _is_clearly_less(other: Summary, best: Summary, score: str) -> bool:
    difference = differences_between(best, other).get(score)
    return difference is not None and difference.is_clear and difference.mean > 0


def _by_dataset(datasets: Iterable[str]) -> list[list[int]]:
    places: dict[str, list[int]] = {}
    for place, dataset in enumerate(datasets):
        places.setdefault(dataset, []).append(place)
    return list(places.values())
