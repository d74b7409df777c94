"""What runs came to: their scores, and statistics of them over seeds.

Read by ``read_results``, which takes recordings, and compared by ``summarise``::

    summaries = summarise(read_results(open_runs("runs/mine")))
"""

from symmcore.runs.results.result import RunResult, Setting, read_result, read_results
from symmcore.runs.results.statistics import (
    CONFIDENCE,
    PairedDifference,
    Sample,
    paired_difference,
    sample_of,
)
from symmcore.runs.results.summary import Summary, differences_between, summarise

__all__ = [
    "CONFIDENCE",
    "PairedDifference",
    "RunResult",
    "Sample",
    "Setting",
    "Summary",
    "differences_between",
    "paired_difference",
    "read_result",
    "read_results",
    "sample_of",
    "summarise",
]
