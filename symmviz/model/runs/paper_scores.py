"""The paper's results (Tables 1-3), to put beside a run's own."""

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from symmcore.settings.scores import base_name
from symmcore.settings.symm import Symm
from symmcore.training.spec import RunSpec

_FILE = "paper_scores.json"


@dataclass(frozen=True, slots=True)
class PaperScores:
    """One row of a table: scores on a test set, in percent.

    Attributes:
        table: number of the table in the paper.
        dataset: "cub200", "cars196" or "sop".
        loss: name of the loss, as in the catalogue of losses.
        method: "baseline"; "symm"; or "daml" or "hdml", which the paper compares with.
        nmi: normalised mutual information of the clusters.
        f1: F1 of the clusters.
        recall_at: (K, Recall@K), in rising order of K.
    """

    table: int
    dataset: str
    loss: str
    method: str
    nmi: float
    f1: float
    recall_at: tuple[tuple[int, float], ...]


@lru_cache(maxsize=1)
def all_paper_scores() -> tuple[PaperScores, ...]:
    """Every row of the three tables, in the paper's order."""
    text = (resources.files("symmviz_resources") / _FILE).read_text("utf-8")
    return tuple(
        PaperScores(
            table=row["table"],
            dataset=row["dataset"],
            loss=row["loss"],
            method=row["method"],
            nmi=row["nmi"],
            f1=row["f1"],
            recall_at=tuple((int(k), share) for k, share in row["recall_at"].items()),
        )
        for row in json.loads(text)["scores"]
    )


def paper_scores(dataset: str, spec: RunSpec) -> PaperScores | None:
    """The paper's row for a run, or None where it has none.

    Args:
        dataset: as on the command line, such as "cub200:/data/CUB_200_2011".
        spec: the run; with Symm, only at the alpha, beta and rank of the paper's tables.
    """
    if spec.symm is not None and spec.symm not in (Symm(), Symm(pairs="official")):
        return None
    method = "baseline" if spec.symm is None else "symm"
    wanted = (base_name(dataset), spec.loss, method)
    for row in all_paper_scores():
        if (row.dataset, row.loss, row.method) == wanted:
            return row
    return None
