import json
from pathlib import Path
from typing import Any

import pytest

from symmcore.errors import InputError
from symmviz.benchmarks.projection import measure
from symmviz.benchmarks.projection_report import Sizes
from symmviz.cli import main


def test_pca_and_tsne_cold_and_warm(tmp_path: Path) -> None:
    pytest.importorskip("openTSNE")
    sizes = Sizes(
        methods=("pca", "tsne"),
        datasets=(),
        points=(120,),
        generated_frames=2,
        live=(120,),
    )
    report = measure(sizes)
    pca, tsne = report.rows
    assert (pca.method, tsne.method, tsne.source, tsne.points) == ("pca", "tsne", "generated", 120)
    assert tsne.space_recall_at_1 == pca.space_recall_at_1
    assert tsne.cold.quality.neighborhood_preservation > pca.cold.quality.neighborhood_preservation
    assert tsne.warm.drawn_displacement < tsne.cold.drawn_displacement
    for way in (tsne.cold, tsne.warm):
        assert 0.5 < way.quality.trustworthiness <= 1.0
        assert way.seconds > 0.0
    for row in report.live:
        assert 0.0 < row.first <= row.settled
    text = "\n".join(report.lines())
    assert "warm over cold" in text
    assert pca.least_recall == pytest.approx(1.0, abs=0.02), "PCA is exact on every frame"
    assert pca.kept is not None
    assert tsne.kept is None
    assert pca.kept.displacement > 0.0
    assert "the plane of the frame before: moves" in text
    assert "2,000 points at most" in text
    assert all(name in text for name in ("S_NP", "S_NH", "S_Kendall", "T_Stress", "T_Spearman"))
    assert "settled (95%)" in text
    read: Any = json.loads(json.dumps(report.as_json()))
    assert read["rows"][1]["method"] == "tsne"


def test_one_frame_is_too_few() -> None:
    with pytest.raises(InputError, match="2 frames"):
        measure(Sizes(methods=("pca",), generated_frames=1))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--points", "3"], "Argument --points: 3 is less than 50"),
        (["--frames", "1"], "Argument --frames: 1 is less than 2"),
        (["--methods", "som"], "'som'"),
        (["--backlog", "0"], "Argument --backlog: 0 is less than 1"),
        (["--json", "nowhere/x.json"], "nowhere/x.json"),
    ],
)
def test_options_that_are_wrong(
    given: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        status: object = main(["bench", "projection", *given])
    except SystemExit as ended:  # what argparse finds itself
        status = ended.code
    assert status == 2
    assert said in capsys.readouterr().err
