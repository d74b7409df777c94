"""Which projection is the default, whatever is installed."""

import pytest

from symmcore.projection import methods
from symmcore.projection.base import PCA, TSNE, UMAP


@pytest.mark.parametrize(
    ("missing", "expected"),
    [((), TSNE), (("umap",), TSNE), (("openTSNE",), UMAP), (("openTSNE", "umap"), PCA)],
)
def test_the_default_is_the_first_that_is_installed(
    missing: tuple[str, ...], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find_spec(name: str) -> object:
        return None if name in missing else object()

    monkeypatch.setattr(methods, "find_spec", find_spec)
    assert methods.default_method() == expected
