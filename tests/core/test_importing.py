import builtins
import errno
import io
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers_runs import COUNT, embeddings, images, labels, record_loop
from PIL import Image

from symmcore.errors import InputError
from symmcore.export import KINDS, ExportOptions
from symmcore.importing import ImportOptions, read_embeddings, write_run
from symmcore.importing import imported as limits
from symmcore.progress import Progress, ignore_progress
from symmcore.runs import Recording
from symmcore.runs.formats import files

POINTS = embeddings(1)
NAMES = [f"class {label}" for label in labels()]


def imported(source: Path, out: Path, **options: object) -> Recording:
    wanted = ImportOptions(**options)  # type: ignore[arg-type]  # each test's own
    write_run(source, read_embeddings(source, wanted), out, wanted, ignore_progress)
    return Recording.open(out)


def same(recording: Recording, points: np.ndarray = POINTS) -> None:
    frame = recording.frame(0)
    np.testing.assert_array_equal(frame.test.points.embeddings, points)
    names = recording.info.class_names
    assert [names[label] for label in frame.test.points.labels] == NAMES


def test_arrays_with_labels_become_a_run(tmp_path: Path) -> None:
    source = tmp_path / "a.npz"
    np.savez(source, embeddings=POINTS, labels=np.array(NAMES))
    recording = imported(source, tmp_path / "run")
    same(recording)
    assert recording.state.frame_steps == (0,)
    assert "a.npz" in str(recording.info.settings)


def test_labels_may_be_in_a_file_of_their_own(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", POINTS.astype(np.float64))
    (tmp_path / "labels.txt").write_text("\n".join(NAMES))
    same(imported(tmp_path / "a.npy", tmp_path / "one", labels=tmp_path / "labels.txt"))
    np.save(tmp_path / "labels.npy", np.array(NAMES))
    same(imported(tmp_path / "a.npy", tmp_path / "two", labels=tmp_path / "labels.npy"))


@pytest.mark.parametrize("fixed", [True, False])
def test_parquet_with_files_becomes_a_run_with_images(tmp_path: Path, fixed: bool) -> None:
    for at, image in enumerate(images()):
        Image.fromarray(image).save(tmp_path / f"{at}.png")
    kind = pa.list_(pa.float32(), POINTS.shape[1]) if fixed else pa.list_(pa.float32())
    columns = {
        "vector": pa.array(POINTS.tolist(), kind),
        "label": NAMES,
        "path": [f"{at}.png" for at in range(COUNT)],
    }
    pq.write_table(pa.table(columns), tmp_path / "a.parquet", row_group_size=7)
    recording = imported(tmp_path / "a.parquet", tmp_path / "run", images=tmp_path)
    same(recording)
    np.testing.assert_array_equal(recording.thumbnail(4), images()[4])
    files = recording.image_files()
    assert files is not None
    assert files.path(4) == tmp_path / "4.png"


def test_what_is_exported_comes_back(tmp_path: Path) -> None:
    record_loop(tmp_path / "run", steps=2)
    recording = Recording.open(tmp_path / "run")
    kinds = {kind.name: kind for kind in KINDS}
    for what, name in (
        ("projector", "folder"), ("embeddings", "e.parquet"), ("embeddings", "e.npz"),
    ):  # fmt: skip
        path = tmp_path / name
        kinds[what].write((recording,), path, ExportOptions(), ignore_progress)
        back = imported(path, tmp_path / f"back-{name}")
        frame, other = back.frame(0).test, recording.frame(2).test
        np.testing.assert_array_equal(frame.points.embeddings, other.points.embeddings)
        assert back.info.class_names == ("0", "1", "2", "3", "4")
        np.testing.assert_array_equal(frame.points.labels, other.points.labels)
    thumbnail = Recording.open(tmp_path / "back-folder").thumbnail(3)
    assert thumbnail.shape == (64, 64, 3), "a tile of the sprite"


def _write_pickle(path: Path) -> None:
    np.save(path, np.array([{"a": 1}, None], dtype=object), allow_pickle=True)


def _write_raw_pickle(path: Path) -> None:
    path.write_bytes(pickle.dumps([1, 2]))


def _write_words(path: Path) -> None:
    np.save(path, np.array([["a", "b"]]))


def _write_line(path: Path) -> None:
    np.save(path, np.arange(5.0))


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (_write_pickle, "holds Python objects, which are not read"),
        (_write_raw_pickle, "which are not read|is no file of NumPy's"),
        (_write_words, "embeddings are numbers"),
        (_write_line, r"an array \(5,\): embeddings are \(N, D\)"),
        (Path.touch, "is no file of NumPy's, or is damaged"),
    ],
)
def test_what_is_no_array_of_numbers_is_said(
    tmp_path: Path, write: Callable[[Path], None], said: str
) -> None:
    path = tmp_path / "a.npy"
    write(path)
    with pytest.raises(InputError, match=said):
        read_embeddings(path, ImportOptions())


def test_what_a_parquet_lacks_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(b"PAR1 no")
    with pytest.raises(InputError, match="is no Parquet, or is damaged"):
        read_embeddings(path, ImportOptions())
    pq.write_table(pa.table({"x": [1.0, 2.0], "ragged": [[1.0], [1.0, 2.0]]}), path)
    with pytest.raises(InputError, match="has the columns x, ragged: say with --embedding"):
        read_embeddings(path, ImportOptions())
    with pytest.raises(InputError, match="rows of different lengths"):
        read_embeddings(path, ImportOptions(embedding="ragged"))
    with pytest.raises(InputError, match="'x' is of double: embeddings are lists of numbers"):
        read_embeddings(path, ImportOptions(embedding="x"))


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ('embeddings { tensor_path: "../secret.tsv" }', "leads out of its folder"),
        ('embeddings { tensor_path: "gone.tsv" }', "gone.tsv is no file"),
        ('embeddings { metadata_path: "short.tsv" }', "describes 1 rows, and there are 2"),
        (
            'embeddings { sprite { image_path: "s.png" single_image_dim: 9 single_image_dim: 9 } }',
            "too small for 2 images of 9 x 9",
        ),
    ],
)
def test_a_projector_folder_that_does_not_fit_is_said(
    tmp_path: Path, config: str, said: str
) -> None:
    (tmp_path / "secret.tsv").write_text("1\t2\n")
    folder = tmp_path / "p"
    folder.mkdir()
    (folder / "tensors.tsv").write_text("1\t2\n3\t4\n")
    (folder / "short.tsv").write_text("one\n")
    Image.new("RGB", (9, 9)).save(folder / "s.png")
    (folder / "projector_config.pbtxt").write_text(config)
    with pytest.raises(InputError, match=said):
        read_embeddings(folder, ImportOptions())


def test_a_file_that_leads_out_of_the_folder_of_images_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", embeddings=POINTS, files=np.array(["../x.png"] * COUNT))
    (tmp_path / "images").mkdir()
    with pytest.raises(InputError, match=r"'\.\./x\.png' is no file below"):
        imported(tmp_path / "a.npz", tmp_path / "run", images=tmp_path / "images")
    assert not (tmp_path / "run").exists()


def test_what_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez_compressed(tmp_path / "a.npz", embeddings=np.zeros((1000, 100)))
    monkeypatch.setattr(limits, "MOST_BYTES", 10_000)
    with pytest.raises(InputError, match="too large"):
        read_embeddings(tmp_path / "a.npz", ImportOptions())


def test_nothing_is_left_of_what_was_interrupted_and_no_run_is_replaced(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", POINTS)
    found = read_embeddings(tmp_path / "a.npy", ImportOptions())

    def interrupt(progress: Progress) -> None:
        if progress.what == "Writing thumbnails":
            raise KeyboardInterrupt

    out = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        write_run(tmp_path / "a.npy", found, out, ImportOptions(), interrupt)
    assert [path.name for path in tmp_path.iterdir()] == ["a.npy"]
    record_loop(out)
    before = sorted(os.walk(out))
    with pytest.raises(InputError, match="exists: name a folder that is not there yet"):
        write_run(tmp_path / "a.npy", found, out, ImportOptions(), ignore_progress)
    assert sorted(os.walk(out)) == before


@pytest.mark.parametrize("failing", ["frames", "thumbnails", "status.json"])
def test_a_run_that_cannot_be_written_whole_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    np.savez(tmp_path / "a.npz", embeddings=POINTS, files=np.array(["0.png"] * COUNT))
    Image.fromarray(images()[0]).save(tmp_path / "0.png")
    rename, times = files.rename, []

    def full(source: Path, target: Path) -> None:
        if failing in target.parts:
            times.append(target)
            if failing != "status.json" or len(times) > 1:  # the first is of the begin
                raise OSError(errno.ENOSPC, "No space left on device")
        rename(source, target)

    monkeypatch.setattr(files, "rename", full)
    with pytest.raises(InputError, match=r"run cannot be written whole: make room on its disk"):
        imported(tmp_path / "a.npz", tmp_path / "run", images=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.png", "a.npz"]


def test_images_that_cannot_be_read_are_told_and_the_run_says_so(
    tmp_path: Path,
) -> None:
    names = ["whole.png"] * COUNT
    names[3] = names[5] = "damaged.png"
    np.savez(tmp_path / "a.npz", embeddings=POINTS, files=np.array(names))
    Image.fromarray(images()[0]).save(tmp_path / "whole.png")
    (tmp_path / "damaged.png").write_bytes(b"no image")
    source, out = tmp_path / "a.npz", tmp_path / "run"
    wanted = ImportOptions(images=tmp_path)
    told = write_run(source, read_embeddings(source, wanted), out, wanted, ignore_progress)
    assert told[0] == f"2 of {COUNT} images cannot be read."
    assert Recording.open(out).info.warnings == told


def _scalar_labels(folder: Path) -> ImportOptions:
    np.savez(folder / "a.npz", embeddings=POINTS, labels=np.array(3))
    return ImportOptions()


def _scalar_files(folder: Path) -> ImportOptions:
    np.savez(folder / "a.npz", embeddings=POINTS, files=np.array("one.png"))
    return ImportOptions()


def _archive_as_labels(folder: Path) -> ImportOptions:
    np.savez(folder / "a.npz", embeddings=POINTS)
    (folder / "a.npz").rename(folder / "labels.npy")
    np.savez(folder / "a.npz", embeddings=POINTS)
    return ImportOptions(labels=folder / "labels.npy")


def _long_name_of_labels(folder: Path) -> ImportOptions:
    np.savez(folder / "a.npz", embeddings=POINTS)
    return ImportOptions(labels=folder / ("x" * 300))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (_scalar_labels, r"'labels' is an array \(\): it must be \(N,\)"),
        (_scalar_files, r"'files' is an array \(\): it must be \(N,\)"),
        (_archive_as_labels, "labels.npy holds several arrays, as a .npz does"),
        (_long_name_of_labels, "cannot be read"),
    ],
)
def test_labels_that_are_no_row_are_said(
    tmp_path: Path, make: Callable[[Path], ImportOptions], said: str
) -> None:
    options = make(tmp_path)
    with pytest.raises(InputError, match=said):
        read_embeddings(tmp_path / "a.npz", options)


def test_columns_that_cannot_be_read_are_said(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    vectors, wrong = pa.array(POINTS.tolist()), [b"\xff\xfe"] * COUNT
    both = pa.Table.from_arrays([vectors, vectors], names=["embedding", "embedding"])
    pq.write_table(both, path)
    with pytest.raises(InputError, match="has several columns 'embedding'"):
        read_embeddings(path, ImportOptions())
    text = pa.array(wrong, pa.binary()).view(pa.string())
    pq.write_table(pa.table({"embedding": vectors, "label": text}), path)
    with pytest.raises(InputError, match="'label' cannot be read"):
        read_embeddings(path, ImportOptions())


@pytest.mark.parametrize("name", ["labels.txt", "metadata.tsv"])
def test_a_file_that_may_not_be_read_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "tensors.tsv").write_text("1\t2\n")
    for other in ("metadata.tsv", "labels.txt"):
        (tmp_path / other).write_text("a\n")
    opened = io.open

    def refuse(path: Any, *others: Any, **more: Any) -> Any:
        if str(path).endswith(name):  # whose permissions do not bind the superuser
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return opened(path, *others, **more)

    monkeypatch.setattr(io, "open", refuse)
    monkeypatch.setattr(builtins, "open", refuse)
    with pytest.raises(InputError, match=rf"{name} cannot be read \(Permission denied\)"):
        read_embeddings(tmp_path, ImportOptions(labels=tmp_path / "labels.txt"))


def test_names_that_are_too_long_are_said(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", embeddings=POINTS, files=np.array(["x" * 300] * COUNT))
    with pytest.raises(InputError, match="which is no file"):
        imported(tmp_path / "a.npz", tmp_path / "run", images=tmp_path)
    with pytest.raises(InputError, match="cannot be written"):
        imported(tmp_path / "a.npz", tmp_path / ("x" * 300))
    with pytest.raises(InputError, match="cannot be read"):
        read_embeddings(tmp_path / ("x" * 300), ImportOptions())
    with pytest.raises(InputError, match="cannot be read"):
        imported(tmp_path / "a.npz", tmp_path / "run", images=tmp_path / ("x" * 300))
