"""``symmviz embed``, from a checkpoint of a training of milliseconds."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import safetensors
import safetensors.numpy
import torch
from helpers_checkpoint import write_checkpoint
from helpers_training import Recorder, add_dataset, pixels, tiny_config
from PIL import Image

from symmcore.networks import load_network
from symmcore.training.control import Control
from symmcore.training.trainer import Trainer
from symmviz.cli import main
from symmviz.cli.arguments import parse_arguments

NAMES = ("2.png", "10.png", "more/1.png")


@pytest.fixture(scope="module", name="run")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sink, threads = Recorder(), torch.get_num_threads()
    with pytest.MonkeyPatch.context() as monkeypatch:
        add_dataset(monkeypatch)
        Trainer(tiny_config(), sink).run(Control())
    torch.set_num_threads(threads)
    folder = tmp_path_factory.mktemp("runs") / "mine"
    for (checkpoint,) in sink.checkpointed:
        write_checkpoint(folder, checkpoint)
    images = folder.parent / "images"
    (images / "more").mkdir(parents=True)
    array = pixels(sink.contexts[0].dataset)[:, :, :, 0]
    for name, image in zip(NAMES, array, strict=False):
        Image.fromarray(image).save(images / name)
    (images / "broken.png").write_bytes(b"none")
    (images / "notes.txt").write_text("no image")
    return folder


def expected(run: Path, names: tuple[str, ...], step: int | None = None) -> np.ndarray:
    network, transform = load_network(run, step)
    folder = run.parent / "images"
    with torch.no_grad():
        made: torch.Tensor = network(torch.stack([transform(folder / name) for name in names]))
    return made.numpy()


@pytest.mark.parametrize("step", [None, 0])
def test_a_folder_gives_a_row_for_each_image_by_name(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], step: int | None
) -> None:
    out = tmp_path / "found.npz"
    images = run.parent / "images"
    given = [] if step is None else ["--step", str(step)]
    assert main(["embed", str(run), str(images), "--out", str(out), *given]) == 0
    with np.load(out, allow_pickle=False) as found:
        assert found["files"].tolist() == [str(images / name) for name in NAMES]
        np.testing.assert_allclose(
            found["embeddings"], expected(run, NAMES, step), rtol=1e-4, atol=1e-5
        )
        assert found["embeddings"].dtype == np.float32
    said = capsys.readouterr()
    assert f"Wrote 3 embeddings of 8 to {out}" in said.out
    assert f"{images / 'broken.png'} is not an image" in said.err
    assert "notes.txt" not in said.err


def test_a_run_of_a_newer_format_is_refused(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    newer, out = tmp_path / "newer", tmp_path / "out.npy"
    shutil.copytree(run, newer)
    (newer / "config.json").write_text('{"format": 99}')
    assert main(["embed", str(newer), str(run.parent / "images"), "--out", str(out)]) == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert said.startswith(f"symmviz: {newer} was recorded in format 99 by a newer version")
    assert not out.exists()


def test_files_come_in_the_order_in_which_they_are_given(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("more/1.png", "2.png")
    files = [str(run.parent / "images" / name) for name in names]
    for ending in ("npy", "safetensors"):
        out = tmp_path / f"found.{ending}"
        assert main(["embed", str(run), *files, "--out", str(out)]) == 0
        if ending == "npy":
            embeddings = np.load(out, allow_pickle=False)
        else:
            embeddings = safetensors.numpy.load_file(out)["embeddings"]
            with safetensors.safe_open(out, "numpy") as found:
                assert json.loads(found.metadata()["files"]) == files
        np.testing.assert_allclose(embeddings, expected(run, names), rtol=1e-4, atol=1e-5)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["RUN", "IMAGES", "--out", "OUT.csv"], "ends with '.csv': name a file with .npy, .npz or"),
        (["RUN", "IMAGES", "--out", "OUT"], "ends with no ending"),
        (["RUN", "IMAGES", "--out", "none/OUT.npy"], "its folder does not exist"),
        (["RUN", "IMAGES", "--out", "OUT.npy", "--step", "3"], "no checkpoint at step 3"),
        (["RUN", "IMAGES", "--out", "OUT.npy", "--device", "tpu"], "Unknown device 'tpu'"),
        (["IMAGES", "IMAGES", "--out", "OUT.npy"], "holds no checkpoint"),
        (["RUN", "RUN", "--out", "OUT.npy"], "holds no images"),
        (["RUN", "gone.png", "--out", "OUT.npy"], "No image could be read"),
    ],
)
def test_bad_input_is_one_sentence(
    run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    paths = {"RUN": str(run), "IMAGES": str(run.parent / "images")}
    assert main(["embed", *(paths.get(one, one) for one in arguments)]) == 2
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert last.startswith("symmviz: ")
    assert said in last
    assert list(tmp_path.iterdir()) == []


def test_a_tilde_is_the_home_folder() -> None:
    given = parse_arguments(["embed", "~/run", "~/photos", "--out=~/embeddings.npy"])
    paths = (given.run_folder, *given.images, given.out)
    assert [path.parent for path in paths] == [Path.home()] * 3
