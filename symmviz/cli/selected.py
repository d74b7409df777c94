"""Which images of the runs on the command line are to be selected."""

from collections.abc import Sequence
from pathlib import Path

from symmcore.errors import InputError
from symmcore.export.selection import read_selection
from symmcore.runs.reading.recording import open_runs
from symmviz.model.retrieval.query import Query, Split
from symmviz.model.workspace import Selection, images_key


def selection_from(path: Path, runs: Sequence[Path]) -> Selection:
    """The images that a file lists, of the first run; the first of them is the query.

    Args:
        path: of the file: a list as ``symmviz export --what selection`` writes it.
        runs: folders of runs or comparisons.

    Raises:
        InputError: if there is no run, or the file names no images of it.
    """
    if not runs:
        raise InputError(f"{path} lists images of a run: name its folder too.")
    recording = open_runs(runs[0])[0]
    recording.read_whole()
    samples = read_selection(path, recording)
    steps = recording.state.frame_steps
    trained = recording.frame(steps[-1]).train.points.samples.tolist() if steps else []
    split = Split.TRAIN if samples[0] in set(trained) else Split.TEST
    return Selection(images_key(recording), Query(samples[0], split), frozenset(samples))
