"""Fixtures for all tests."""

from collections.abc import Iterator

import pytest


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A dataset of seconds by the name "tiny"; torch has as many threads afterwards as before."""
    import torch
    from helpers_training import add_dataset

    add_dataset(monkeypatch)
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)
