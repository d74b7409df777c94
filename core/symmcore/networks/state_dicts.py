"""Finds a network's weights among the tensors of a file, whatever they were saved under.

Training programs save a state dict under a key beside other things ("state_dict", "model",
"teacher"), and its names with the prefix of what the network was wrapped in ("module.",
"_orig_mod.", "backbone."). Neither is guessed from a list of names: wherever all of the
network's weights are, in their shapes, are its weights; in two places only if they are equal.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from symmcore.errors import InputError

StateDict = Mapping[str, Tensor]

FEATURES = "features."
EMBEDDING = "embedding."

_DEEPEST = 4  # mappings in mappings that are looked into
_NAMES_SHOWN = 2
_LEFT_OUT_SHOWN = 3
# MoCo's second encoder is a running mean of the first, which is the one to be used.
_QUERY, _RUNNING_MEAN = "encoder_q.", "encoder_k."


@dataclass(frozen=True, slots=True, eq=False)
class TensorsUnderKey:
    """The tensors that lie together in a file.

    Attributes:
        key: of the mapping that holds them, such as "state_dict"; "" for the outermost.
        tensors: by name.
    """

    key: str
    tensors: StateDict


def tensors_in(content: object) -> list[TensorsUnderKey]:
    """Every mapping that holds plain tensors, in what was read from a file; the largest first."""
    found = list(_walk("", content, set(), _DEEPEST))
    return sorted(found, key=lambda one: -len(one.tensors))


def _walk(key: str, content: object, seen: set[int], depth: int) -> Iterator[TensorsUnderKey]:
    if not isinstance(content, Mapping) or id(content) in seen or not depth:
        return
    seen.add(id(content))  # one mapping may lie in several, and in itself
    tensors = {
        name: value
        for name, value in content.items()
        if isinstance(name, str) and isinstance(value, Tensor) and is_plain(value)
    }
    if tensors:
        yield TensorsUnderKey(key, tensors)
    for name, value in content.items():
        yield from _walk(f"{key}.{name}".lstrip("."), value, seen, depth - 1)


def is_plain(value: Tensor) -> bool:
    """Whether a tensor is numbers in memory: neither sparse nor quantised nor without content."""
    return value.layout == torch.strided and value.device.type == "cpu" and not value.is_quantized


class Match:
    """Some tensors of a file, taken for a network's.

    Args:
        found: where they lie.
        prefix: how the names of those that are taken begin in the file.
        wanted: the network's tensors that they should fill, by name without that prefix.
    """

    def __init__(self, found: TensorsUnderKey, prefix: str, wanted: StateDict) -> None:
        self.key = found.key
        self.prefix = prefix
        self._wanted = wanted
        self._parts = {name.partition(".")[0] for name in wanted}
        given = {
            name.removeprefix(prefix): value
            for name, value in found.tensors.items()
            if name.startswith(prefix)
        }
        self.taken = {name: value for name, value in given.items() if name in wanted}
        others = [name for name in given if name not in wanted]
        self._unexpected = [name for name in others if self._is_part(name)]
        self._left_out = {
            name: value
            for name, value in found.tensors.items()
            if not name.startswith(prefix) or name.removeprefix(prefix) not in self.taken
        }

    def _is_part(self, name: str) -> bool:
        """Whether a name belongs to the network itself: what does not is a head beside it."""
        part = name.partition(".")[0]
        return part in self._parts or part.isdecimal()

    @cached_property
    def problems(self) -> tuple[str, ...]:
        """Why it does not fit, as ends of a sentence; none if it does."""
        # counters that batch norm needs for no result; files from before 2018 lack them
        needed = {
            name: value
            for name, value in self._wanted.items()
            if name in self.taken or not name.endswith(".num_batches_tracked")
        }
        return _misfits(needed, self.taken, self._unexpected)

    def fill(self) -> None:
        """Copy what was taken into the network."""
        _copy(self.taken, self._wanted)

    def holds_the_same(self, other: "Match") -> bool:
        """Whether another match takes equal tensors."""
        return self.taken.keys() == other.taken.keys() and all(
            _same_bytes(value, other.taken[name]) for name, value in self.taken.items()
        )

    def place(self) -> str:
        """Where in the file it lies, for people."""
        key = f"key {_quoted(self.key)}" if self.key else ""
        prefix = f"prefix {_quoted(self.prefix)}" if self.prefix else ""
        return " with ".join(filter(None, (key, prefix))) or "no key"

    def sentence(self, path: str) -> str:
        """What was taken, for people."""
        key = f", key {_quoted(self.key)}" if self.key else ""
        prefix = f", prefix {_quoted(self.prefix)} removed" if self.prefix else ""
        names = [f"{name} ({_shape(value)})" for name, value in self._left_out.items()]
        beside = f"; left out: {_some(names, _LEFT_OUT_SHOWN)}" if names else ""
        return f"Weights from {path}{key}{prefix}: {len(self.taken):,} tensors{beside}."


def find_match(found: list[TensorsUnderKey], network: StateDict, path: str, name: str) -> Match:
    """The tensors of a file that are a network's.

    Args:
        found: what the file holds, at least one.
        network: the network's own tensors, which the match will fill.
        path: the file.
        name: what the network is called.

    Raises:
        InputError: if none fit, or several do that differ.
    """
    matches = list(chain.from_iterable(_matches(one, network) for one in found))
    fitting = [match for match in matches if not match.problems]
    if not fitting:
        raise InputError(_complaint(found, matches, network, path, name))
    first = fitting[0]
    if all(match.holds_the_same(first) for match in fitting[1:]):
        return first
    queries = [match for match in fitting if _RUNNING_MEAN not in match.prefix]
    if len(queries) == 1 and queries[0].prefix.endswith(_QUERY):
        return queries[0]
    places = _some([match.place() for match in fitting], _LEFT_OUT_SHOWN)
    raise InputError(
        f"{path} holds several weights that fit the network {name}, under {places}: save the one "
        "that is wanted in a file of its own."
    )


def _matches(found: TensorsUnderKey, network: StateDict) -> Iterator[Match]:
    for inside, wanted in _views(network):
        for prefix, count in _prefixes(found.tensors, wanted).items():
            # where this program's embedding lies beside them, features alone are half of it
            whole = prefix.removesuffix(FEATURES) if not inside else None
            if whole not in (None, prefix) and _any_begins(found.tensors, f"{whole}{EMBEDDING}"):
                continue
            if 2 * count >= len(wanted):
                yield Match(found, prefix, wanted)


def _views(network: StateDict) -> tuple[tuple[bool, StateDict], tuple[bool, StateDict]]:
    """The network with the names of this program, and its features with torchvision's."""
    features = {
        name.removeprefix(FEATURES): value
        for name, value in network.items()
        if name.startswith(FEATURES)
    }
    return (True, network), (False, features)


def _prefixes(names: Iterable[str], wanted: StateDict) -> Counter[str]:
    """What names begin with that go on as a wanted one, and how many do."""
    counts: Counter[str] = Counter()
    for name in names:
        parts = name.split(".")
        for at in range(len(parts)):
            if ".".join(parts[at:]) in wanted:
                counts["".join(f"{part}." for part in parts[:at])] += 1
    return counts


def _any_begins(names: Iterable[str], prefix: str) -> bool:
    return any(name.startswith(prefix) for name in names)


def _complaint(
    found: list[TensorsUnderKey],
    matches: list[Match],
    network: StateDict,
    path: str,
    name: str,
) -> str:
    """Why nothing fits, told of what comes nearest."""
    (_, whole), (_, features) = _views(network)
    first = found[0]
    own = any(_any_begins(first.tensors, start) for start in (FEATURES, EMBEDDING))
    guess = Match(first, "", whole if own else features)
    nearest = max((*matches, guess), key=lambda match: len(match.taken))
    place = f" ({nearest.place()})" if nearest.key or nearest.prefix else ""
    keys = [_quoted(one.key) for one in found if one.key]
    held = f"; it holds tensors under {_some(keys, _LEFT_OUT_SHOWN)}" if len(found) > 1 else ""
    problems = "; ".join(nearest.problems)
    return f"{path}{place} does not fit the network {name}: {problems}{held}."


def fill_network(network: nn.Module, arrays: Mapping[str, npt.NDArray[np.generic]]) -> None:
    """Give a network the weights that it had when they were copied.

    Args:
        network: its weights and buffers are changed in place.
        arrays: by their names in the state dict.

    Raises:
        InputError: saying which of them do not fit.
    """
    wanted = network.state_dict()
    given = {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}
    problems = _misfits(wanted, given, [name for name in given if name not in wanted])
    if problems:
        raise InputError(f"The weights do not fit the network: {'; '.join(problems)}.")
    _copy(given, wanted)


def _misfits(wanted: StateDict, given: StateDict, unexpected: list[str]) -> tuple[str, ...]:
    """Why tensors do not fit, as ends of a sentence; none if they do."""
    missing = [name for name in wanted if name not in given]
    misshaped = [
        f"{name} is {_shape(given[name])} where {_shape(value)} is needed"
        for name, value in wanted.items()
        if name in given and _shape(given[name]) != _shape(value)
    ]
    said = (("it lacks", missing), ("it also has", unexpected), ("its", misshaped))
    return tuple(f"{what} {_some(names, _NAMES_SHOWN)}" for what, names in said if names)


def _copy(given: StateDict, wanted: StateDict) -> None:
    with torch.no_grad():
        for name, value in given.items():
            wanted[name].copy_(value)


def _same_bytes(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors are the same bit by bit; some of the types cannot be compared else."""
    first, second = (tensor.contiguous().view(-1).view(torch.uint8) for tensor in (one, other))
    return one.dtype == other.dtype and torch.equal(first, second)


def _shape(tensor: Tensor) -> str:
    kind = "" if tensor.is_floating_point() or not tensor.dim() else f" {tensor.dtype}"
    return (" x ".join(map(str, tensor.shape)) or "one number") + kind


def _quoted(name: str) -> str:
    return f"'{_on_one_line(name)[:80]}'"


def _on_one_line(name: str) -> str:
    """A name with what cannot be printed escaped: a file may hold anything."""
    return name if name.isprintable() else ascii(name)[1:-1]


def _some(names: list[str], most: int) -> str:
    shown = ", ".join(_on_one_line(name)[:100] for name in names[:most])
    more = len(names) - most
    return shown if more <= 0 else f"{shown} and {more:,} more"
