"""Which scores a dataset is reported with; without torch."""

_FINAL_KS = (1, 2, 4, 8)
# Stanford Online Products has about five images a class and 22,634 classes: its literature
# looks further down the list.
_FINAL_KS_BY_DATASET = {"sop": (1, 10, 100)}


def base_name(dataset: str) -> str:
    """The name of a dataset without where it lies: "sop" for "sop:/data/sop"."""
    return dataset.partition(":")[0]


def final_ks(dataset: str) -> tuple[int, ...]:
    """The K of Recall@K at the end of a training: 1, 2, 4, 8, or 1, 10, 100 for SOP."""
    return _FINAL_KS_BY_DATASET.get(base_name(dataset), _FINAL_KS)
