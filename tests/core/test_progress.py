"""What is said of work that takes a while."""

import pytest

from symmcore.progress import Progress


@pytest.mark.parametrize(
    ("doing", "sentence"),
    [
        (Progress("Decoding images", 1234, 5678), "Decoding images: 1,234 of 5,678"),
        (Progress("Decoding", 1, 2, note="once: 9 MB"), "Decoding: 1 of 2 (once: 9 MB)"),
        (Progress("Fetching", 3_210_000, 49_700_000, in_bytes=True), "Fetching: 3.2 of 49.7 MB"),
        (
            Progress("Fetching", 123_456_789, 5_000_000_000, in_bytes=True, roughly=True),
            "Fetching: 123 of about 5,000 MB",
        ),
        (Progress("Extracting", 7_000_000, in_bytes=True), "Extracting: 7.0 MB"),
    ],
)
def test_sentences(doing: Progress, sentence: str) -> None:
    assert doing.sentence() == sentence
