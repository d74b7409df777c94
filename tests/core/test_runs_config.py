import dataclasses
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from helpers_training import add_dataset, tiny_config, tiny_dataset
from helpers_training_recorder import (
    FINISHED,
    begun,
    context_of,
    no_constant,
)

from symmcore.data.unused import Unused
from symmcore.runs.formats.config_file import read_info
from symmcore.runs.writing.training_recorder import TrainingRecorder

pytestmark = pytest.mark.usefixtures("tiny")


class TestConfig:
    def read(self, folder: Path) -> dict[str, Any]:
        text = (folder / "config.json").read_text("utf-8")
        found: dict[str, Any] = json.loads(text, parse_constant=no_constant)
        return found

    def test_what_a_run_has_of_its_own_is_not_the_trainings(self, tmp_path: Path) -> None:
        begun(tmp_path, "npair:lr=0.5,dim=4", "npair", dim=8, learning_rate=0.25).status(FINISHED)
        for folder, dim, rate in (("npair_lr=0.5,dim=4", 4, 0.5), ("npair", 8, 0.25)):
            saved = self.read(tmp_path / folder)
            assert (saved["dim"], saved["learning_rate"]) == (dim, rate)
            info = read_info(tmp_path / folder)
            for config in (info.config, info.resolved):
                assert config is not None
                assert (config.dim, config.learning_rate) == (8, 0.25)
                assert config.dim_of(config.specs[0]) == dim

    def test_says_everything_about_the_run(self, tmp_path: Path) -> None:
        text = "npair+symm:alpha=1.5,beta=0.5,rank=2,pairs=official,l2_reg=0.01,lr=0.02"
        begun(tmp_path, text, seed=7, steps=9, watch_limit=50, device="auto", threads=None).status(
            FINISHED
        )
        chosen = {
            "dataset": "tiny",
            "split": "auto",
            "download": False,
            "follow_links": False,
            "grad_clip": None,
            "cache_bytes": 32_000_000_000,
            "steps": 9,
            "seed": 7,
            "device": "auto",
            "preset": "quick",
            "network": "conv3",
            "weights": "none",
            "dim": 8,
            "batch_size": 12,
            "learning_rate": 0.003,
            "schedule": {"halve_every": None, "final_after": None, "final_rate": None},
            "weight_decay": 0.0,
            "transform": None,
            "bf16": False,
            "eval_every": 2,
            "frames": 0,
            "watch_limit": 50,
            "watch": "classes",
            "checkpoint_every": None,
            "recording_bytes": 4_000_000_000,
            "threads": None,
            "specs": [text],
        }
        saved = self.read(tmp_path)
        assert re.fullmatch("[0-9a-f]{32}", saved.pop("id"))
        assert saved == {
            "name": text,
            "format": 2,
            "dataset": "tiny",
            "split": "auto",
            "download": False,
            "follow_links": False,
            "cache_bytes": 32_000_000_000,
            "steps": 9,
            "seed": 7,
            "device": "cpu",
            "preset": "quick",
            "network": "conv3",
            "weights": "none",
            "dim": 8,
            "batch_size": 12,
            "learning_rate": 0.02,
            "schedule": {"halve_every": None, "final_after": None, "final_rate": None},
            "grad_clip": None,
            "weight_decay": 0.0,
            "transform": None,
            "bf16": False,
            "eval_every": 2,
            "frames": 0,
            "watch_limit": 50,
            "watch": "classes",
            "checkpoint_every": None,
            "recording_bytes": 4_000_000_000,
            "threads": 3,
            "loss": "npair",
            "symm": {"alpha": 1.5, "beta": 0.5, "rank": 2, "pairs": "official"},
            "loss_settings": {"margin": None, "angle_deg": None, "l2_reg": 0.01},
            "versions": {"python": "3.11.7", "torch": "2.15.0"},
            "weights_note": "",
            "parameters": None,
            "dataset_fingerprint": tiny_dataset(7).fingerprint(),
            "dataset_split": "by image",
            "dataset_notes": [],
            "dataset_unused": [],
            "dataset_value_ranges": {"integers": None, "reals": None},
            "dataset_train_images": 48,
            "dataset_test_images": 24,
            "skipped_images": {},
            "parent": None,
            "chosen": chosen,
        }

    def test_says_what_of_the_dataset_is_not_used(self, tmp_path: Path) -> None:
        unused = (
            Unused("no_decoder", 7, ("b/1.heic", "b/2.heic"), "Left out: 7."),
            Unused("system_metadata", 2, ("Thumbs.db (2)",), "Left out: 2."),
        )
        config = tiny_config()
        context = context_of(config)
        dataset = dataclasses.replace(context.dataset, unused=unused)
        directories = TrainingRecorder(tmp_path, config)
        directories.begin(dataclasses.replace(context, dataset=dataset))
        directories.status(FINISHED)
        assert self.read(tmp_path)["dataset_unused"] == [
            {"reason": "no_decoder", "count": 7, "names": ["b/1.heic", "b/2.heic"]},
            {"reason": "system_metadata", "count": 2, "names": ["Thumbs.db (2)"]},
        ]

    def test_of_a_baseline(self, tmp_path: Path) -> None:
        begun(tmp_path, "triplet", learning_rate=0.5).status(FINISHED)
        saved = self.read(tmp_path)
        assert saved["symm"] is None
        assert (saved["loss"], saved["learning_rate"]) == ("triplet", 0.5)

    def test_is_for_people_too(self, tmp_path: Path) -> None:
        begun(tmp_path).status(FINISHED)
        text = (tmp_path / "config.json").read_text("utf-8")
        assert text.startswith('{\n  "name": "npair",\n')
        assert text.endswith("}\n")

    def test_a_name_that_is_no_text_is_kept(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        name = os.fsdecode(b"tiny \xff")
        add_dataset(monkeypatch, name)
        begun(tmp_path, dataset=name).status(FINISHED)
        assert self.read(tmp_path)["dataset"] == name

    def test_has_every_setting_of_a_training(self, tmp_path: Path) -> None:
        begun(tmp_path).status(FINISHED)
        settings = {field.name for field in dataclasses.fields(tiny_config())} - {"specs"}
        assert settings <= set(self.read(tmp_path))
