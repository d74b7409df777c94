"""Runs: recorded by a ``Recorder``, read by a ``Recording``; imports no torch.

A training loop of one's own records like this::

    from symmcore.runs import Recorder

    with Recorder("runs/mine", labels=labels, images=images) as recorder:
        for step in range(1, 1001):
            ...
            recorder.scalars(step, loss=float(loss))
            if step % 50 == 0:
                recorder.frame(step, embeddings)
"""

from symmcore.runs.reading.recent import RunSummary, recent_runs
from symmcore.runs.reading.recording import Recording, open_runs
from symmcore.runs.writing.recorder import Recorder

__all__ = ["Recorder", "Recording", "RunSummary", "open_runs", "recent_runs"]
