import errno
from datetime import datetime
from pathlib import Path

import pytest
from helpers_start import FORM, form

from symmcore.errors import InputError
from symmcore.runs.writing.naming import run_folder
from symmcore.settings.losses import LossSettings
from symmcore.settings.symm import Symm
from symmcore.training.config import TrainingConfig
from symmcore.training.recording_size import recording_size
from symmcore.training.spec import RunSpec, parse_spec
from symmviz.model.runs.comparison import comparison_note
from symmviz.presenters.start import (
    chosen_spec,
    dataset_config,
    recording_note,
    training_config,
)

NOW = datetime(2031, 2, 3, 4, 5, 6)


def test_every_field_reaches_the_training() -> None:
    assert training_config(FORM, compare=False) == TrainingConfig(
        dataset="digits",
        specs=(RunSpec("angular", Symm(beta=0.5, rank=3), LossSettings(angle_deg=40.0)),),
        steps=123,
        seed=4,
        device="cpu",
        batch_size=64,
        dim=16,
        learning_rate=0.5,
        eval_every=7,
        threads=2,
        network="resnet18",
    )


def test_a_split_reaches_only_what_can_be_split() -> None:
    assert training_config(form(split="image"), compare=False).split == "auto"
    folder = form(dataset="folder:/photos", split="image")
    assert training_config(folder, compare=False).split == "image"


def test_links_are_followed_only_where_there_may_be_any() -> None:
    assert not training_config(form(follow_links=True), compare=False).follow_links
    folder = form(dataset="folder:/photos", follow_links=True)
    assert training_config(folder, compare=False).follow_links
    assert dataset_config(folder).follow_links
    assert not dataset_config(form(dataset="folder:/photos")).follow_links


def test_a_preset_decides_what_the_form_does_not_show() -> None:
    config = training_config(form(preset="official"), compare=True)
    assert (config.weight_decay, config.preset) == (5e-3, "official")
    assert config.transform is not None
    assert config.transform.crop == 227


def test_with_or_without_symm_or_both() -> None:
    def names(*, symm: bool, compare: bool) -> list[str]:
        return [run.name for run in training_config(form(symm=symm), compare=compare).specs]

    plain, synthetic = "angular:angle_deg=40", "angular+symm:beta=0.5,rank=3,angle_deg=40"
    assert names(symm=True, compare=False) == [synthetic]
    assert names(symm=False, compare=False) == [plain]
    assert names(symm=True, compare=True) == [plain, synthetic]
    assert names(symm=False, compare=True) == [plain, synthetic]


@pytest.mark.parametrize(
    "changes",
    [{"batch_size": 7}, {"steps": 0}, {"dataset": "x"}, {"loss": "x"}, {"loss": "lifted"}],
)
def test_what_is_wrong_is_bad_input(changes: dict[str, int] | dict[str, str]) -> None:
    with pytest.raises(InputError):
        training_config(form(**changes), compare=False)


def test_the_folder_says_when_and_what(tmp_path: Path) -> None:
    config = TrainingConfig(specs=(RunSpec(), RunSpec(symm=Symm(rank=2))))
    folder = run_folder(tmp_path, config, NOW)
    assert folder == tmp_path / "20310203-040506-digits-npair-vs-npair+symm_rank=2"
    assert not folder.exists()


def test_the_folder_is_one_that_is_not_there_yet(tmp_path: Path) -> None:
    config = TrainingConfig()
    folders = []
    for _ in range(3):
        folders.append(run_folder(tmp_path, config, NOW))
        folders[-1].mkdir()
    assert [folder.name for folder in folders] == [
        "20310203-040506-digits-npair+symm",
        "20310203-040506-digits-npair+symm-2",
        "20310203-040506-digits-npair+symm-3",
    ]


def test_the_folder_of_many_runs_has_a_name_that_a_disk_takes(tmp_path: Path) -> None:
    specs = tuple(parse_spec(f"triplet-semihard+symm:rank={rank}") for rank in range(2, 17))
    folder = run_folder(tmp_path, TrainingConfig(specs=specs), NOW)
    assert folder.name == "20310203-040506-digits-15-runs"
    folder.mkdir()


def test_a_folder_that_may_not_be_looked_into_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(_: Path) -> bool:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "exists", refuse)
    with pytest.raises(InputError, match="cannot be written"):
        run_folder(tmp_path / "runs", TrainingConfig(), datetime(2026, 1, 2))


@pytest.mark.parametrize(("preset", "size"), [("quick", None), ("paper", 256)])
def test_a_dataset_is_looked_at_as_the_preset_reads_it(
    preset: str, size: int | None, tmp_path: Path
) -> None:
    config = dataset_config(form(dataset=f"folder:{tmp_path}", preset=preset, batch_size=3))
    assert (config.transform and config.transform.resize) == size
    assert not config.download


def test_what_the_window_offers_for_download_is_downloaded_at_a_start_alone() -> None:
    assert training_config(form(dataset="torchvision:DTD"), compare=True).download
    assert not dataset_config(form(dataset="torchvision:DTD")).download


def test_how_much_is_recorded_is_said_before_a_start() -> None:
    chosen = form(steps=300, eval_every=25, dim=64)
    text = recording_note(chosen, (1000, 500))
    size = recording_size(training_config(chosen, compare=True), 1000, 500)
    assert text == size.sentence()
    assert "frames" in text
    assert "checkpoints" in text
    several = recording_note(form(seeds="0-4"), (1000, 500))
    assert several.endswith(" That is for each of 5 seeds.")
    assert recording_note(FORM, None) == ""
    assert recording_note(form(batch_size=7), (1000, 500)) == ""


class TestComparison:
    def test_runs_are_trained_as_they_were_when_they_were_added(self) -> None:
        specs = (
            chosen_spec(form(learning_rate=0.5, dim=16)),
            chosen_spec(form(learning_rate=0.25, dim=16, symm=False)),
            chosen_spec(form(learning_rate=0.5, dim=32)),
        )
        config = training_config(form(compared=specs, learning_rate=0.5, dim=16), compare=False)
        assert [spec.name for spec in config.specs] == [
            "angular+symm:beta=0.5,rank=3,angle_deg=40",
            "angular:angle_deg=40,lr=0.25",
            "angular+symm:beta=0.5,rank=3,angle_deg=40,dim=32",
        ]

    def test_what_all_have_is_the_trainings_whatever_the_form_says_later(self) -> None:
        specs = tuple(chosen_spec(form(symm=symm)) for symm in (True, False))
        later = form(compared=specs, learning_rate=0.125, dim=8)
        config = training_config(later, compare=False)
        assert (config.learning_rate, config.dim) == (0.5, 16)
        assert all(spec.learning_rate is spec.dim is None for spec in config.specs)

    def test_one_run_is_no_comparison(self) -> None:
        one = form(compared=(chosen_spec(form(loss="npair", loss_settings=LossSettings())),))
        assert training_config(one, compare=False).specs[0].loss == "angular"

    def test_a_value_out_of_range_is_no_run(self) -> None:
        with pytest.raises(InputError, match="batch size"):
            chosen_spec(form(batch_size=7))

    @pytest.mark.parametrize(
        ("specs", "differences"),
        [
            (("npair", "npair+symm"), "Symm"),
            (("npair", "triplet:margin=0.3"), "loss"),
            (("triplet", "triplet:margin=0.3"), "margin"),
            (("npair+symm", "npair+symm:rank=2,alpha=3"), "Symm's alpha and Symm's rank"),
            (("npair", "npair:lr=0.1,dim=8"), "learning rate and embedding size"),
            (("npair", "npair+symm", "npair+symm:beta=2"), "Symm and Symm's beta"),
        ],
    )
    def test_what_differs_and_what_is_shared_is_said(
        self, specs: tuple[str, ...], differences: str
    ) -> None:
        note = comparison_note(tuple(map(parse_spec, specs)))
        assert note.startswith(f"They differ in {differences}, and share images, ")
        assert ("but for the last layer" in note) == ("embedding size" in differences)

    def test_one_run_differs_from_nothing(self) -> None:
        assert comparison_note((parse_spec("npair"),)) == comparison_note(()) == ""
