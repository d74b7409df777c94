"""Run Triton's kernels in its interpreter; prints what the tests look at, as JSON.

A process of its own: the interpreter is chosen by the environment when Triton is imported.
"""

import json
import sys
import warnings
from collections.abc import Callable
from typing import Any
from unittest import mock

import torch
from candidate_cases import cases
from loss_cases import BATCHES, batch, expect, picks_of, relative_error, run

from symmcore.errors import warn_once
from symmcore.losses import Symm
from symmcore.losses.backends.numba import availability as compiled
from symmcore.losses.backends.triton import agreement, miner
from symmcore.losses.backends.triton.log_sum import cuda_log_sum
from symmcore.losses.log_sum import LogSumLoss
from symmcore.mining import Candidates, pair_candidates, triplet_candidates

CASES = {name: data for name, data in BATCHES.items() if name != "collapsed"}
CASES["several blocks"] = batch([c % 20 for c in range(85)], dim=37, seed=8)
TIES = torch.randn(12, 5, generator=torch.Generator().manual_seed(3)).repeat_interleave(2, 0)


def use_kernels(used: bool) -> None:
    setattr(compiled, "_has_numba", lambda: False)  # noqa: B010 - it is a cached function
    agreement.serves = lambda embeddings, loss: used and embeddings.dtype == torch.float32
    LogSumLoss.compiled = True


def compared(
    name: str, symm: Symm, embeddings: torch.Tensor, labels: torch.Tensor
) -> dict[str, Any]:
    use_kernels(True)
    found, gradient = run(name, symm, embeddings, labels)
    use_kernels(False)
    eager, by_torch = run(name, symm, embeddings, labels)
    loss, expected, _ = expect(name, symm, embeddings, labels, picks_of(found))
    return {
        "picks": picks_of(found) == picks_of(eager),
        "loss": relative_error(found.loss.detach(), loss),
        "gradient": relative_error(gradient, expected),
        "against eager": relative_error(gradient, by_torch.double()),
    }


def wrong_picks(candidates: Candidates) -> list[tuple[int, ...]]:
    """The cases in which the kernel does not pick the first of the candidates that tie."""
    from symmcore.losses.backends.triton import kernels

    found = cases(candidates)
    count, block = len(found.codes), 32
    exchanged = torch.tensor(candidates.exchanged() if candidates.symmetric else (0,)).byte()
    wrong = []
    for start in range(0, count, block):
        part = found.codes[start : start + block]
        size = len(part)
        at = torch.cat((torch.arange(size), torch.arange(size) + count)) + start
        weights = torch.stack((found.own, found.other), 1).view(4, -1)[:, at].float().contiguous()
        points = found.points[:, at].float().contiguous()
        values = torch.zeros(2 * size, 2 * size)
        codes = torch.zeros(2 * size, 2 * size, dtype=torch.uint8)
        blocks = -(-2 * size // block)
        kernels.pick[blocks, blocks](
            points, weights, 1e-4, values, codes, exchanged, 2 * size, 2,
            triplets=not candidates.symmetric, block=block, depth=16,
        )  # fmt: skip
        picked = codes[:size, size:].diagonal().tolist()
        wrong += [tied for tied, code in zip(part, picked, strict=True) if code != min(tied)]
    return wrong


def agreement_of(candidates: Candidates) -> dict[str, Any]:
    """Whether the kernels pass, and what is said of some that compute a little else."""

    def asked() -> str:
        agreement.agrees.cache_clear()
        warn_once.cache_clear()
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            agrees = agreement.agrees(torch.device("cpu"), candidates)
        assert agrees == (not said)
        return "" if agrees else str(said[0].message)

    found = {"as they are": asked()}
    with torch.autocast("cpu", torch.bfloat16):
        found["under autocast"] = asked()
    with torch.inference_mode():
        found["without gradients"] = asked()
    gradient = miner.gradient
    miner.gradient = lambda *given: gradient(*given) * 1.01
    found["another gradient"] = asked()
    miner.gradient = gradient

    def changed(loss: float, code: int) -> Callable[..., Any]:
        def log_sum(*given: Any) -> tuple[torch.Tensor, torch.Tensor]:
            value, codes = cuda_log_sum(*given)
            codes = codes.clone()
            codes[3, 17] += code
            return value * loss, codes

        return log_sum

    with mock.patch.object(agreement, "cuda_log_sum", changed(1.01, 0)):
        found["another loss"] = asked()
    with mock.patch.object(agreement, "cuda_log_sum", changed(1.0, 1)):
        found["another pick"] = asked()
    return found


def main() -> None:
    results: dict[str, dict[str, Any]] = {}
    for name, candidates in (("npair", pair_candidates), ("angular", triplet_candidates)):
        results[f"{name}, order"] = {"wrong": wrong_picks(candidates("paper"))}
    for name in ("npair", "angular"):
        for symm in (Symm(), Symm(alpha=1.5, beta=0.7)):
            for case, data in CASES.items():
                key = f"{name}, {symm.alpha}, {case}"
                results[key] = compared(name, symm, data.embeddings.float(), data.labels)
        use_kernels(True)
        tied, _ = run(name, Symm(), TIES, torch.arange(12).repeat_interleave(2))
        picks = picks_of(tied)
        assert picks is not None
        kinds = {kind for types in picks.values() for kind in types}
        results[f"{name}, identical images"] = {"originals alone": kinds <= {0, 1}}
        spoiled = CASES["one group a class"].embeddings.float()
        spoiled[0, 0] = torch.nan
        use_kernels(True)
        lost, _ = run(name, Symm(), spoiled, CASES["one group a class"].labels)
        results[f"{name}, NaN"] = {"is NaN": bool(lost.loss.isnan())}
    for name, candidates in (("npair", pair_candidates), ("angular", triplet_candidates)):
        results[f"{name}, agreement"] = agreement_of(candidates("paper"))
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
