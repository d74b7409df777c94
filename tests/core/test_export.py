import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from google.protobuf import text_format
from helpers_runs import CLASSES, COUNT, embeddings, images, labels, make_projection, record_loop
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

from symmcore.errors import InputError
from symmcore.export import KINDS, ExportOptions, whole_output
from symmcore.export.coordinates import chosen_method, projections
from symmcore.export.report import failures
from symmcore.export.selection import read_selection
from symmcore.progress import Progress, ignore_progress
from symmcore.runs import Recorder, Recording

KIND = {kind.name: kind for kind in KINDS}
Export = Callable[..., Path]


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    record_loop(tmp_path / "run")
    return Recording.open(tmp_path / "run")


@pytest.fixture
def with_files(tmp_path: Path) -> Recording:
    """A run whose images are files, in a folder for each class."""
    paths = []
    for at, image in enumerate(images()):
        path = tmp_path / "photos" / f"class {at % CLASSES}" / f"ä{at}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
        paths.append(path)
    names = [f"class {label}" for label in range(CLASSES)]
    folder = tmp_path / "filed"
    with Recorder(folder, labels=labels(), images=paths, class_names=names) as recorder:
        recorder.frame(3, embeddings(3))
    return Recording.open(folder)


@pytest.fixture
def export(tmp_path: Path) -> Export:
    def write(recording: Recording, what: str, name: str, **options: object) -> Path:
        chosen = ExportOptions(**options)  # type: ignore[arg-type]  # each test's own
        KIND[what].write((recording,), tmp_path / name, chosen, ignore_progress)
        return tmp_path / name

    return write


def test_metrics_are_read_back_from_csv_and_parquet(recording: Recording, export: Export) -> None:
    with export(recording, "metrics", "m.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    losses = [(int(r["step"]), float(r["value"])) for r in rows if r["metric"] == "loss"]
    assert losses == [(step, 1 / step) for step in range(1, 5)]
    table = pq.read_table(export(recording, "metrics", "m.parquet")).to_pylist()
    assert [(r["metric"], r["step"], r["value"]) for r in table] == [
        (r["metric"], int(r["step"]), float(r["value"])) for r in rows
    ]
    early = export(recording, "metrics", "early.csv", step=2).read_text().splitlines()
    assert len(early) == 1 + 2 + 1, "a heading, two losses, one Recall@1"


def test_embeddings_have_coordinates_classes_files_and_neighbours(
    with_files: Recording, export: Export
) -> None:
    table = pq.read_table(export(with_files, "embeddings", "e.parquet", neighbours=4))
    points = embeddings(3)
    np.testing.assert_array_equal(np.array(table["embedding"].to_pylist(), np.float32), points)
    assert table["class"].to_pylist() == [f"class {at % CLASSES}" for at in range(COUNT)]
    assert table["file"].to_pylist()[7] == "class 2/ä7.png"
    unit = points.astype(np.float64) / np.linalg.norm(points, axis=1, keepdims=True)
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -2)
    order = np.argsort(-cosines, axis=1)[:, :4]
    found = table["neighbors"].to_pylist()
    np.testing.assert_array_equal([one["ids"] for one in found], order)
    distances = 1 - np.take_along_axis(cosines, order, axis=1)
    np.testing.assert_allclose([one["distances"] for one in found], distances, atol=1e-6)
    places = np.stack([table["x"].to_numpy(), table["y"].to_numpy()], axis=1)
    centred = unit - unit.mean(axis=0)
    singular = np.linalg.svd(centred, compute_uv=False)
    np.testing.assert_allclose(np.linalg.svd(places, compute_uv=False), singular[:2], rtol=1e-4)


def test_embeddings_as_arrays_need_no_pickle(with_files: Recording, export: Export) -> None:
    with np.load(export(with_files, "embeddings", "e.npz"), allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["embeddings"], embeddings(3))
        assert arrays["files"][0] == "class 0/ä0.png"
        assert arrays["neighbor_ids"].shape == (COUNT, 10)


def test_a_map_on_the_screen_serves_where_it_is_not_recorded(recording: Recording) -> None:
    step = recording.state.frame_steps[-1]
    shown = make_projection(step, method="tsne")
    of_another_run = ExportOptions(preferred="tsne", drawn=(("another", shown),))
    assert chosen_method((recording,), of_another_run, (step,)) == "pca"
    options = ExportOptions(preferred="tsne", drawn=((recording.key, shown),))
    assert chosen_method((recording,), options, (step,)) == "tsne"
    ((drawn,),) = projections((recording,), ((step,),), "tsne", options, ignore_progress)
    assert drawn is shown
    earlier = recording.state.frame_steps[0]
    assert chosen_method((recording,), options, (earlier, step)) == "pca"
    recorded = make_projection(step, method="tsne")
    recording.store_projection(recorded)
    ((drawn,),) = projections((recording,), ((step,),), "tsne", options, ignore_progress)
    assert drawn is not shown


def test_the_projector_folder_is_what_tensorboard_reads(
    recording: Recording, export: Export
) -> None:
    folder = export(recording, "projector", "projector", step=3)
    config = text_format.Parse(
        (folder / "projector_config.pbtxt").read_text(), ProjectorConfig()
    ).embeddings[0]
    tensors = np.loadtxt(folder / config.tensor_path, delimiter="\t", dtype=np.float32)
    np.testing.assert_array_equal(tensors, embeddings(2))
    with (folder / config.metadata_path).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert [row["class"] for row in rows] == [str(label) for label in labels()]
    width, height = config.sprite.single_image_dim
    with Image.open(folder / config.sprite.image_path) as sprite:
        across = sprite.width // width
        box = (8 % across * width, 8 // across * height)
        cut = sprite.crop((*box, box[0] + width, box[1] + height)).resize(
            (12, 12), Image.Resampling.BOX
        )
        difference = np.asarray(cut).astype(int) - recording.thumbnail(8)
    assert abs(difference).mean() < 12, "the thumbnail of image 8, magnified"


def test_tensorboard_reads_every_scalar(recording: Recording, export: Export) -> None:
    events = EventAccumulator(str(export(recording, "tensorboard", "tb") / "run"))
    events.Reload()
    assert sorted(events.Tags()["scalars"]) == ["loss", "test_recall_at_1"]
    losses = [(one.step, one.value) for one in events.Scalars("loss")]
    assert losses == [(step, pytest.approx(1 / step)) for step in range(1, 5)]


def test_retrieval_lists_each_query_with_its_neighbours(
    with_files: Recording, export: Export
) -> None:
    with export(with_files, "retrieval", "r.csv", neighbours=3).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3 * COUNT
    for row in rows:
        assert (row["query_class"] == row["neighbor_class"]) == (row["correct"] == "True")
    by_query = [float(row["similarity"]) for row in rows[:3]]
    assert by_query == sorted(by_query, reverse=True)
    one = pq.read_table(export(with_files, "retrieval", "r.parquet", classes=("class 1",)))
    assert set(one["query_class"].to_pylist()) == {"class 1"}
    with pytest.raises(InputError, match="no image of a class 'none'"):
        export(with_files, "retrieval", "none.csv", classes=("none",))


@pytest.mark.parametrize("name", ["s.txt", "s.csv"])
def test_a_selection_comes_back(with_files: Recording, export: Export, name: str) -> None:
    wanted = frozenset({3, 11, 29})
    path = export(with_files, "selection", name, samples=wanted)
    assert frozenset(read_selection(path, with_files)) == wanted


def test_a_selection_of_a_run_without_files_is_of_numbers(
    recording: Recording, export: Export
) -> None:
    path = export(recording, "selection", "s.txt", samples=frozenset({2, 5}))
    assert path.read_text() == "2\n5\n"
    assert read_selection(path, recording) == (2, 5)


def test_wrong_ones_are_those_with_a_nearest_image_of_another_class(
    recording: Recording, export: Export
) -> None:
    listed = set(
        map(int, export(recording, "selection", "w.txt", wrong_only=True).read_text().split())
    )
    unit = embeddings(4) / np.linalg.norm(embeddings(4), axis=1, keepdims=True)
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -2)
    wrong = labels()[cosines.argmax(axis=1)] != labels()
    assert listed == set(np.flatnonzero(wrong).tolist())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("class 0/ä0.png\nclass 9/no.png\n", "line 2: 'class 9/no.png' is no image"),
        ("", "lists no images"),
        ("\0", "is no text"),
        ("4000", "line 1: '4000' is no image"),
    ],
)
def test_what_lists_no_images_of_the_run_is_said(
    with_files: Recording, tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "list.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        read_selection(path, with_files)


def test_a_list_may_name_images_by_whole_paths_and_by_their_last_part(
    with_files: Recording, tmp_path: Path
) -> None:
    path = tmp_path / "list.txt"
    whole = tmp_path / "photos" / "class 4" / "ä4.png"
    path.write_text(f"{whole}\nä9.png\nclass 2/ä2.png\n{whole}\n", encoding="utf-8")
    assert read_selection(path, with_files) == (4, 9, 2)


def test_no_frame_up_to_a_step_is_said(recording: Recording, export: Export) -> None:
    with pytest.raises(InputError, match="no frame up to step 1: its first is of step 2"):
        export(recording, "embeddings", "e.parquet", step=1)


def test_what_is_there_stays_unless_it_is_to_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("mine")
    refused = pytest.raises(InputError, match="exists: name another file, or add --overwrite")
    with refused, whole_output(path, overwrite=False):
        raise AssertionError
    with whole_output(path, overwrite=True) as made:
        made.write_text("new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupt_leaves_nothing_half_written(recording: Recording, tmp_path: Path) -> None:
    def interrupt(progress: Progress) -> None:
        raise KeyboardInterrupt

    there = sorted(tmp_path.iterdir())
    for name in ("projector", "tensorboard", "embeddings", "html"):
        kind = KIND[name]
        path = tmp_path / f"out{kind.endings[0] if kind.endings else ''}"
        with (
            pytest.raises(KeyboardInterrupt),
            whole_output(path, overwrite=False, contents=kind.contents) as made,
        ):
            kind.write((recording,), made, ExportOptions(), interrupt)
        assert sorted(tmp_path.iterdir()) == there


def test_a_folder_of_something_else_is_never_replaced(recording: Recording, tmp_path: Path) -> None:
    kind = KIND["projector"]
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "thesis.tex").write_text("years of work")
    with (
        pytest.raises(InputError, match="holds something else"),
        whole_output(folder, overwrite=True, contents=kind.contents),
    ):
        raise AssertionError
    other = tmp_path / "made"
    for _ in range(2):
        with whole_output(other, overwrite=True, contents=kind.contents) as made:
            kind.write((recording,), made, ExportOptions(), ignore_progress)
    assert (other / "tensors.tsv").exists()


@pytest.mark.parametrize(
    ("what", "theirs"),
    [
        ("projector", "thesis.tex"),
        ("projector", "thesis/chapter.tex"),
        ("projector", "old/projector_config.pbtxt"),
        ("projector", "empty/"),
        ("tensorboard", "run/events.out.tfevents.1700000000.host"),
        ("tensorboard", "events.out.tfevents.0.symmviz"),
        ("tensorboard", "deeper/run/events.out.tfevents.0.symmviz"),
    ],
)
def test_an_export_with_anything_else_in_it_is_never_replaced(
    recording: Recording, tmp_path: Path, what: str, theirs: str
) -> None:
    kind, folder = KIND[what], tmp_path / "made"
    for _ in range(2):
        with whole_output(folder, overwrite=True, contents=kind.contents) as made:
            kind.write((recording,), made, ExportOptions(), ignore_progress)
    other = folder / theirs
    if theirs.endswith("/"):
        other.mkdir()
    else:
        other.parent.mkdir(parents=True, exist_ok=True)
        other.write_text("mine")
    with (
        pytest.raises(InputError, match="holds something else"),
        whole_output(folder, overwrite=True, contents=kind.contents),
    ):
        raise AssertionError
    assert other.exists()


def test_an_export_that_lies_deeper_gives_no_folder_away(
    recording: Recording, tmp_path: Path
) -> None:
    kind = KIND["projector"]
    (tmp_path / "p" / "old").mkdir(parents=True)
    kind.write((recording,), tmp_path / "p" / "old" / "emb", ExportOptions(), ignore_progress)
    with (
        pytest.raises(InputError, match="holds something else"),
        whole_output(tmp_path / "p", overwrite=True, contents=kind.contents),
    ):
        raise AssertionError


def test_what_comes_while_an_export_is_made_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"

    def write() -> None:
        with whole_output(path, overwrite=False) as made:
            made.write_text("new")
            path.write_text("mine")

    with pytest.raises(InputError, match="exists: name another file"):
        write()
    assert path.read_text() == "mine"


def test_a_name_that_is_too_long_is_said(tmp_path: Path) -> None:
    for path in (tmp_path / ("x" * 300), tmp_path / ("x" * 300) / "a.csv"):
        with (
            pytest.raises(InputError, match="cannot be written"),
            whole_output(path, overwrite=False),
        ):
            raise AssertionError


def test_a_wrong_ending_is_said() -> None:
    with pytest.raises(InputError, match=r"ends with '\.xls': metrics is written as \.csv or"):
        KIND["metrics"].check_ending(Path("a.xls"))


def test_values_that_are_no_numbers_are_empty_cells(tmp_path: Path) -> None:
    with Recorder(tmp_path / "run") as recorder:
        recorder.scalars(1, loss=1.0)
        recorder.scalars(2, loss=float("nan"))
    out = tmp_path / "m.csv"
    run = Recording.open(tmp_path / "run")
    KIND["metrics"].write((run,), out, ExportOptions(), ignore_progress)
    assert [row["value"] for row in csv.DictReader(out.read_text().splitlines())] == ["1.0", ""]
    assert "NaN" not in json.dumps(out.read_text())


def test_an_ending_in_capitals_says_the_same_format(with_files: Recording, export: Export) -> None:
    for what in ("embeddings", "metrics", "retrieval"):
        assert pq.read_table(export(with_files, what, f"{what}.PARQUET")).num_rows
    with np.load(export(with_files, "embeddings", "e.NPZ"), allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["embeddings"], embeddings(3))
    with export(with_files, "selection", "s.CSV").open(newline="", encoding="utf-8") as file:
        assert next(csv.DictReader(file))["file"] == "class 0/ä0.png"


def test_an_image_that_is_alone_in_its_class_is_no_query(tmp_path: Path, export: Export) -> None:
    points = np.array([[1, 0], [2, 0], [1, 0.5], [0, 1]], np.float32)
    with Recorder(tmp_path / "run", labels=[0, 0, 1, 2]) as recorder:
        recorder.frame(1, points)
    run = Recording.open(tmp_path / "run")
    with pytest.raises(InputError, match="none of its test images fits"):
        export(run, "selection", "s.txt", wrong_only=True)
    retrieved = export(run, "retrieval", "r.csv", wrong_only=True).read_text()
    assert len(retrieved.splitlines()) == 1, "a heading alone"
    assert failures(run, 1, ExportOptions(), ignore_progress)["count"] == 0


def test_a_cell_that_is_too_long_for_a_list_is_said(with_files: Recording, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("file\nä0.png\n" + "x" * 140_000 + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"list\.csv, line 2, cannot be read as CSV \(field"):
        read_selection(path, with_files)
