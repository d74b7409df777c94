import functools
import hashlib
import http.client
import http.server
import os
import pickle
import re
import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import safetensors.torch
import torch
import torchvision
from torch import nn

from symmcore.errors import InputError
from symmcore.networks import (
    build_network,
    check_weights_file,
    fetch_weights,
    load_weights,
)
from symmcore.networks import weights as weights_module
from symmcore.networks.embedding import EmbeddingNetwork
from symmcore.processes import CallError
from symmcore.progress import Progress
from symmcore.settings.networks import network_info

DIM = 6
HASHES = {"googlenet": "1378be20", "resnet18": "f37072fd", "resnet50": "0676ba61"}


@cache
def published(name: str) -> dict[str, torch.Tensor]:
    """A state dict as torchvision publishes them, classifiers and all, of random weights."""
    settings = {"init_weights": False} if name == "googlenet" else {}
    torch.manual_seed(7)
    return dict(torchvision.models.get_model(name, weights=None, **settings).state_dict())


def fresh(name: str = "small", dim: int = DIM) -> EmbeddingNetwork:
    torch.manual_seed(3)
    return build_network(name, 3, dim)


def state_of(network: nn.Module) -> dict[str, torch.Tensor]:
    return {key: value.clone() for key, value in network.state_dict().items()}


def write(path: Path, state: Any, form: str = "torch") -> str:
    if form == "safetensors":
        safetensors.torch.save_file(state, path)
    else:
        torch.save(state, path, _use_new_zipfile_serialization=form == "torch")
    return str(path)


def refusal(network: EmbeddingNetwork, weights: str) -> str:
    """What is said, in one sentence; the network is as it was."""
    before = state_of(network)
    with pytest.raises(InputError) as caught:
        load_weights(network, weights)
    message = str(caught.value)
    assert "\n" not in message
    assert re.search(r"[^.]\.$", message)
    after = network.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)
    return message


def fill_of(network: EmbeddingNetwork, state: dict[str, torch.Tensor]) -> None:
    """Assert that the features are those of torchvision's state, and no layer beside them."""
    own = state_of(network)
    untouched = state_of(fresh(network.info.name))
    for key, value in own.items():
        features = key.removeprefix("features.")
        assert torch.equal(value, state[features] if features != key else untouched[key])


@pytest.mark.parametrize("form", ["torch", "legacy", "safetensors"])
@pytest.mark.parametrize("name", ["googlenet", "resnet18"])
def test_a_file_of_torchvisions_weights_fills_the_features(
    name: str, form: str, tmp_path: Path
) -> None:
    network = fresh(name)
    load_weights(network, write(tmp_path / "weights", published(name), form))
    fill_of(network, published(name))


@pytest.mark.parametrize("form", ["torch", "legacy", "safetensors"])
def test_a_file_of_our_own_weights_fills_everything(form: str, tmp_path: Path) -> None:
    torch.manual_seed(9)
    state = state_of(build_network("small", 3, DIM))
    network = fresh()
    load_weights(network, write(tmp_path / "weights.bin", state, form))
    assert all(torch.equal(state[key], value) for key, value in network.state_dict().items())


def test_half_precision_and_missing_counters_are_taken(tmp_path: Path) -> None:
    state = {
        key: value.half()
        for key, value in published("resnet18").items()
        if not key.endswith("num_batches_tracked")
    }
    network = fresh("resnet18")
    load_weights(network, write(tmp_path / "weights", state))
    weight = network.get_parameter("features.conv1.weight")
    assert weight.dtype == torch.float32
    assert torch.equal(weight, state["conv1.weight"].float())


def test_without_weights_nothing_is_read_or_changed() -> None:
    network = fresh()
    load_weights(network, "none")
    assert all(torch.equal(a, b) for a, b in zip(
        fresh().state_dict().values(), network.state_dict().values(), strict=True
    ))  # fmt: skip


class Runs:
    """Would run code when unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, ("it-ran",)


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing."""


def left_in(folder: Path) -> list[str]:
    """What lies there beside locks, which hold nothing."""
    return [path.name for path in folder.iterdir() if path.suffix != ".lock"]


class TestFetchingImagenetWeights:
    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
        return tmp_path / "checkpoints"

    def test_once_and_with_progress(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        told: list[Progress] = []
        asked: list[tuple[str, ...]] = []

        def fetch(_download: object, arguments: tuple[str, ...], look: Callable[[], None]) -> None:
            asked.append(arguments)
            Path(arguments[1]).write_bytes(b"weights")
            look()

        monkeypatch.setattr(weights_module, "call_in_subprocess", fetch)
        fetch_weights(network_info("resnet18"), told.append)
        monkeypatch.setattr(weights_module, "_is_whole", lambda _: True)
        fetch_weights(network_info("resnet18"), told.append)
        ((url, _),) = asked
        assert url.endswith("resnet18-f37072fd.pth")
        assert left_in(folder) == ["resnet18-f37072fd.pth"]
        assert [doing.sentence() for doing in told] == [
            "Fetching the ImageNet weights of ResNet-18: 0.0 of 46.8 MB"
        ]

    @pytest.mark.parametrize("damaged", [False, True])
    def test_over_http_in_a_process_of_its_own(
        self, damaged: bool, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        content = bytes(range(256)) * 4096
        name = f"resnet18-{hashlib.sha256(content).hexdigest()[:8]}.pth"
        served = tmp_path / "served"
        served.mkdir()
        (served / name).write_bytes(content[1:] if damaged else content)
        handler = functools.partial(QuietHandler, directory=str(served))
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever).start()
            url = f"http://127.0.0.1:{server.server_port}/{name}"
            found = SimpleNamespace(url=url, meta={"_file_size": 1.048576})
            monkeypatch.setattr(weights_module, "_imagenet", lambda _: found)
            try:
                if damaged:
                    with pytest.raises(InputError, match="invalid hash value"):
                        fetch_weights(network_info("resnet18"))
                else:
                    fetch_weights(network_info("resnet18"))
            finally:
                server.shutdown()
        assert left_in(folder) == ([] if damaged else [name])
        assert damaged or (folder / name).read_bytes() == content

    def test_a_damaged_file_is_fetched_anew(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder.mkdir()
        (folder / "resnet18-f37072fd.pth").write_bytes(b"damaged")

        def fetch(_download: object, arguments: tuple[str, ...], look: Callable[[], None]) -> None:
            look()
            Path(arguments[1]).write_bytes(b"new")

        monkeypatch.setattr(weights_module, "call_in_subprocess", fetch)
        told: list[str] = []
        fetch_weights(network_info("resnet18"), lambda doing: told.append(doing.note))
        assert (folder / "resnet18-f37072fd.pth").read_bytes() == b"new"
        assert told == ["those that were kept are damaged"]

    def test_without_a_network_or_half_way(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fetch(_download: object, arguments: tuple[str, ...], _look: object) -> None:
            Path(arguments[1]).write_bytes(b"half")
            raise CallError("no route to host")

        monkeypatch.setattr(weights_module, "call_in_subprocess", fetch)
        with pytest.raises(InputError, match=r"cannot be had from https.*\(no route to host\)"):
            fetch_weights(network_info("googlenet"))
        assert left_in(folder) == []

    @pytest.mark.parametrize("name", HASHES)
    def test_the_hash_in_the_name_is_checked(
        self, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen = []
        monkeypatch.setattr(
            torch.hub, "download_url_to_file", lambda *given, **more: seen.append((given, more))
        )
        weights_module._download(weights_module._imagenet(network_info(name)).url, "goal")
        ((_, more),) = seen
        assert more["hash_prefix"] == HASHES[name]

    @pytest.mark.parametrize("name", HASHES)
    def test_a_network_starts_from_what_was_fetched(
        self, name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fetch(_download: object, arguments: tuple[str, ...], _look: object) -> None:
            torch.save(published(name), arguments[1])

        monkeypatch.setattr(weights_module, "call_in_subprocess", fetch)
        network = fresh(name)
        load_weights(network, "imagenet")
        fill_of(network, published(name))
        assert left_in(folder) == [f"{name}-{HASHES[name]}.pth"]

    def test_a_network_without_what_could_not_be_fetched(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fetch(*_: object) -> None:
            raise CallError("no route to host")

        monkeypatch.setattr(weights_module, "call_in_subprocess", fetch)
        message = refusal(fresh("resnet18"), "imagenet")
        assert "resnet18-f37072fd.pth" in message
        assert "no route to host" in message

    def test_there_are_none_for_the_small_network(self) -> None:
        with pytest.raises(InputError, match="resnet50"):
            fetch_weights(network_info("small"))


def test_there_are_no_imagenet_weights_for_the_small_network() -> None:
    assert "resnet50" in refusal(fresh(), "imagenet")


class TestFilesThatAreNoWeights:
    def test_not_there_or_a_folder(self, tmp_path: Path) -> None:
        assert "is not there" in refusal(fresh(), str(tmp_path / "none.pth"))
        assert "is a folder" in refusal(fresh(), str(tmp_path))
        for name in ("a null \0 character", "x" * 5000):
            assert re.search("is not there|cannot be read", refusal(fresh(), name))

    @pytest.mark.parametrize(
        "content",
        [b"", b"PK\3\4 cut", b"\x80\2", b"hello, world", b"\5" + b"\0" * 7 + b"{no", b"{}" * 9],
        ids=["empty", "zip", "pickle", "text", "safetensors", "json"],
    )
    def test_of_another_kind(self, content: bytes, tmp_path: Path) -> None:
        (tmp_path / "weights").write_bytes(content)
        message = refusal(fresh(), str(tmp_path / "weights"))
        assert message.startswith(f"{tmp_path / 'weights'} cannot be read as weights (")

    @pytest.mark.parametrize("form", ["torch", "legacy", "safetensors"])
    @pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
    def test_cut_short(self, form: str, share: float, tmp_path: Path) -> None:
        path = Path(write(tmp_path / "weights", state_of(fresh()), form))
        content = path.read_bytes()
        path.write_bytes(content[: int(share * len(content))])
        assert "cannot be read as weights (" in refusal(fresh(), str(path))

    @pytest.mark.parametrize("form", ["torch", "legacy", "bare"])
    def test_a_pickle_with_code_runs_none(
        self, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        state = {"features.0.weight": Runs()}
        if form == "bare":
            (tmp_path / "weights").write_bytes(pickle.dumps(state))
        else:
            write(tmp_path / "weights", state, form)
        message = refusal(fresh(), str(tmp_path / "weights"))
        assert "holds more than tensors, which is not read since it may run code" in message
        assert "weights_only" not in message  # torch's advice how to run it
        assert not (tmp_path / "it-ran").exists()

    def test_numbers_that_are_not_finite(self, tmp_path: Path) -> None:
        state = OrderedDict(state_of(fresh()))
        state["embedding.bias"] = torch.full((DIM,), torch.nan)
        message = refusal(fresh(), write(tmp_path / "weights", state))
        assert "'embedding.bias' with numbers that are not finite" in message

    @pytest.mark.parametrize(
        "kind", ["float4_e2m1fn_x2", "float8_e4m3fn", "bool", "complex64"], ids=str
    )
    def test_numbers_of_a_kind_that_no_weights_are(self, kind: str, tmp_path: Path) -> None:
        dtype = getattr(torch, kind)
        bits = torch.zeros(2 * DIM, dtype=torch.complex64).view(torch.uint8)
        state = {"embedding.bias": bits.view(dtype)}
        message = refusal(fresh(), write(tmp_path / "weights", state, "safetensors"))
        assert f"'embedding.bias' as torch.{kind}: floats of 16 to 64 bits" in message

    @pytest.mark.parametrize(
        "dtype", [torch.bfloat16, torch.float16, torch.float64, torch.int8, torch.uint16], ids=str
    )
    def test_numbers_of_every_other_kind_are_looked_at(
        self, dtype: torch.dtype, tmp_path: Path
    ) -> None:
        state = {"a": torch.zeros(3, dtype=dtype)}
        message = refusal(fresh(), write(tmp_path / "weights", state, "safetensors"))
        assert "does not fit the network small" in message

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            ([1, 2], "holds no weights"),
            ({}, "holds no weights"),
            (torch.zeros(3), "holds no weights"),
            ({"epoch": 3, "state_dict": {}}, "'epoch', which is no plain tensor"),
            ({0: torch.zeros(3)}, "'0', which is no plain tensor"),
            pytest.param(
                {"a": torch.eye(3).to_sparse()},
                "'a', which is no plain tensor",
                # torch says that checking sparse tensors takes long
                marks=pytest.mark.filterwarnings("ignore:Validating .* sparse:UserWarning"),
            ),
            ({"a": torch.zeros(3, device="meta")}, "'a', which is no plain tensor"),
        ],
    )
    def test_of_other_content(self, content: object, said: str, tmp_path: Path) -> None:
        assert said in refusal(fresh(), write(tmp_path / "weights", content))

    def test_far_too_large(self, tmp_path: Path) -> None:
        path = tmp_path / "weights"
        with path.open("wb") as stream:
            stream.truncate(weights_module._LARGEST_BYTES + 2**30)  # a hole: takes no space
        assert "is 3.0 GB" in refusal(fresh(), str(path))
        with pytest.raises(InputError, match=r"3\.0 GB"):
            check_weights_file(str(path))

    def test_what_names_no_file_passes_the_check_of_files(self) -> None:
        check_weights_file("none")
        check_weights_file("imagenet")


RESNET = "resnet18"
HEADS = {"fc.0.weight": torch.ones(4, 512), "queue": torch.full((4, 2), torch.nan)}


def prefixed(prefix: str, state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {f"{prefix}{key}": value for key, value in state.items()}


def trunk(seed: int = 7) -> dict[str, torch.Tensor]:
    """ResNet-18's weights without a classifier."""
    generator = torch.Generator().manual_seed(seed)
    return {
        key: value + seed * torch.rand(value.shape, generator=generator)
        if value.is_floating_point() and key.endswith("bn1.bias") else value
        for key, value in published(RESNET).items() if not key.startswith("fc.")
    }  # fmt: skip


class TestWeightsUnderAKeyOrWithAPrefix:
    """Oracle: the tensors that were saved, by their names in torchvision."""

    @pytest.mark.parametrize("key", ["state_dict", "teacher", "any thing"])
    def test_under_a_key_beside_other_things(self, key: str, tmp_path: Path) -> None:
        network = fresh(RESNET)
        optimizer = {"state": {0: {"exp_avg": torch.zeros(3), "step": 4}}, "param_groups": []}
        content = {"epoch": 3, key: published(RESNET), "optimizer": optimizer, "loss": 0.5}
        note = load_weights(network, write(tmp_path / "r.pth", content))
        fill_of(network, published(RESNET))
        assert note == (
            f"Weights from {tmp_path / 'r.pth'}, key '{key}': 120 tensors; left out: fc.weight "
            "(1000 x 512), fc.bias (1000)."
        )

    @pytest.mark.parametrize(
        ("prefix", "form"),
        [("module.", "safetensors"), ("_orig_mod.", "torch"), ("module.encoder_q.", "torch"),
         ("features.", "torch"), ("model.features.", "torch"), ("a.0.", "torch")],
    )  # fmt: skip
    def test_with_the_prefix_of_a_wrapper(self, prefix: str, form: str, tmp_path: Path) -> None:
        network = fresh(RESNET)
        state = {**prefixed(prefix, trunk()), **HEADS}
        note = load_weights(network, write(tmp_path / "r.bin", state, form))
        fill_of(network, trunk())
        assert f", prefix '{prefix}' removed: 120 tensors; left out: " in note
        assert all(f"{key} (" in note for key in HEADS)

    def test_a_key_and_a_prefix(self, tmp_path: Path) -> None:
        network = fresh(RESNET)
        content = {"checkpoint": {"state_dict": prefixed("module.", published(RESNET))}}
        note = load_weights(network, write(tmp_path / "r.pth", content))
        fill_of(network, published(RESNET))
        assert "key 'checkpoint.state_dict', prefix 'module.' removed: 120 tensors; " in note
        assert "left out: module.fc.weight (1000 x 512), module.fc.bias (1000)." in note

    def test_our_own_weights_in_a_wrapper_fill_the_embedding_too(self, tmp_path: Path) -> None:
        torch.manual_seed(9)
        state = state_of(build_network("small", 3, DIM))
        network = fresh()
        content = {"state_dict": prefixed("module.", state)}
        load_weights(network, write(tmp_path / "own.pth", content))
        assert all(torch.equal(state[key], value) for key, value in network.state_dict().items())

    def test_our_own_weights_of_another_size_are_not_taken_by_halves(self, tmp_path: Path) -> None:
        content = {"state_dict": prefixed("module.", state_of(fresh(dim=9)))}
        message = refusal(fresh(), write(tmp_path / "own.pth", content))
        assert "(key 'state_dict' with prefix 'module.') does not fit the network small" in message
        assert "its embedding.weight is 9 x 256 where 6 x 256 is needed" in message

    @pytest.mark.parametrize("keys", [("model", "ema"), ("student", "teacher")])
    def test_two_that_differ_are_refused_and_named(
        self, keys: tuple[str, str], tmp_path: Path
    ) -> None:
        content = dict(zip(keys, (trunk(1), trunk(2)), strict=True))
        message = refusal(fresh(RESNET), write(tmp_path / "r.pth", content))
        assert message.endswith(
            f"holds several weights that fit the network resnet18, under key '{keys[0]}', key "
            f"'{keys[1]}': save the one that is wanted in a file of its own."
        )

    def test_two_prefixes_that_differ_are_refused_and_named(self, tmp_path: Path) -> None:
        state = {**prefixed("online.", trunk(1)), **prefixed("target.", trunk(2))}
        message = refusal(fresh(RESNET), write(tmp_path / "r.pth", {"state_dict": state}))
        assert "key 'state_dict' with prefix 'online.', key 'state_dict' with prefix" in message

    def test_two_that_are_equal_are_one(self, tmp_path: Path) -> None:
        network = fresh(RESNET)
        copied = {key: value.clone() for key, value in trunk().items()}
        state = {**prefixed("backbone.", trunk()), **prefixed("model.0.", copied)}
        load_weights(network, write(tmp_path / "r.pth", state))
        fill_of(network, trunk())

    @pytest.mark.parametrize("order", [1, -1])
    def test_of_mocos_encoders_the_one_for_queries(self, order: int, tmp_path: Path) -> None:
        network = fresh(RESNET)
        halves = (("module.encoder_q.", trunk(1)), ("module.encoder_k.", trunk(2)))
        state: dict[str, torch.Tensor] = {}
        for prefix, tensors in halves[::order]:
            state |= prefixed(prefix, tensors)
        note = load_weights(network, write(tmp_path / "r.pth", {"state_dict": state}))
        fill_of(network, trunk(1))
        assert "prefix 'module.encoder_q.' removed" in note

    def test_of_a_larger_network_of_the_same_kind_nothing_is_taken(self, tmp_path: Path) -> None:
        larger = dict(torchvision.models.resnet34(weights=None).state_dict())
        message = refusal(fresh(RESNET), write(tmp_path / "r.pth", {"model": larger}))
        assert "(key 'model') does not fit the network resnet18: it also has layer1.2." in message

    def test_what_fits_under_no_key_names_the_keys(self, tmp_path: Path) -> None:
        content = {"first": {"a": torch.ones(2)}, "second": {"b": torch.ones(2)}}
        message = refusal(fresh(), write(tmp_path / "r.pth", content))
        assert "; it holds tensors under 'first', 'second'." in message

    def test_names_that_cannot_be_printed_stay_on_one_line(self, tmp_path: Path) -> None:
        content = {"a\nb": {"c\x1b[2J": torch.ones(2)}, "d": {"e": torch.ones(2)}}
        message = refusal(fresh(), write(tmp_path / "r.pth", content))
        assert "'a\\nb'" in message
        assert message.isprintable()
        note = load_weights(
            fresh(RESNET), write(tmp_path / "s.pth", {**trunk(), "f\n": torch.ones(2)})
        )
        assert note.endswith("; left out: f\\n (2).")

    def test_only_what_is_taken_must_be_finite(self, tmp_path: Path) -> None:
        state = prefixed("module.", trunk())
        state["module.conv1.weight"] = torch.full_like(state["module.conv1.weight"], torch.inf)
        message = refusal(fresh(RESNET), write(tmp_path / "r.pth", state))
        assert "holds 'module.conv1.weight' with numbers that are not finite" in message

    def test_a_mapping_that_holds_itself_ends(self, tmp_path: Path) -> None:
        content: dict[str, object] = {"state_dict": trunk()}
        content["again"] = content
        network = fresh(RESNET)
        load_weights(network, write(tmp_path / "r.pth", content))
        fill_of(network, trunk())

    def test_tensors_without_content_are_never_compared(self, tmp_path: Path) -> None:
        empty = {key: value.to("meta") for key, value in trunk().items()}
        network = fresh(RESNET)
        load_weights(network, write(tmp_path / "r.pth", {"model": trunk(), "ema": empty}))
        fill_of(network, trunk())


class TestWeightsThatDoNotFit:
    def test_of_another_network(self, tmp_path: Path) -> None:
        path = write(tmp_path / "weights.pth", published("googlenet"))
        message = refusal(fresh("resnet18"), path)
        assert message.startswith(
            f"{path} does not fit the network resnet18: it lacks conv1.weight"
        )
        assert re.search(r"it lacks .* and \d+ more; it also has conv1\.conv\.weight", message)
        assert "does not fit the network small" in refusal(fresh(), path)

    def test_with_a_weight_missing_or_too_many(self, tmp_path: Path) -> None:
        state = OrderedDict(state_of(fresh()))
        state["features.9.weight"] = state.pop("features.0.bias")
        message = refusal(fresh(), write(tmp_path / "weights", state))
        assert message.endswith(": it lacks features.0.bias; it also has features.9.weight.")

    def test_of_another_embedding_size_or_number_of_channels(self, tmp_path: Path) -> None:
        message = refusal(fresh(dim=9), write(tmp_path / "weights", state_of(fresh())))
        assert "its embedding.weight is 6 x 256 where 9 x 256 is needed" in message
        assert "embedding.bias is 6 where 9 is needed." in message
        grey = state_of(build_network("small", 1, DIM))
        message = refusal(fresh(), write(tmp_path / "grey", grey))
        assert "its features.0.weight is 32 x 1 x 3 x 3 where 32 x 3 x 3 x 3 is needed." in message

    def test_of_whole_numbers(self, tmp_path: Path) -> None:
        state = state_of(fresh())
        state["embedding.bias"] = torch.zeros(DIM, dtype=torch.int64)
        message = refusal(fresh(), write(tmp_path / "weights", state))
        assert "its embedding.bias is 6 torch.int64 where 6 is needed." in message
