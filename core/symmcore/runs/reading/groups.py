"""Which runs are drawn alike, as they were trained together."""

from collections.abc import Sequence

from symmcore.runs.reading.recording import Recording

Groups = tuple[tuple[Recording, ...], ...]


def grouped(recordings: Sequence[Recording]) -> Groups:
    """Runs that were trained together, which are drawn alike; every other run alone."""
    groups: dict[object, list[Recording]] = {}
    for recording in recordings:
        info = recording.info
        together = recording.key if info.group is None else (info.group, info.fingerprint)
        groups.setdefault(together, []).append(recording)
    return tuple(map(tuple, groups.values()))
