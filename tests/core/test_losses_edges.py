"""What the losses do with degenerate, broken and wrong input."""

import math
import re
from collections.abc import Callable
from typing import Any

import oracle
import pytest
import torch
from loss_cases import BATCHES, batch, expect, picks_of, relative_error, run
from torch import Tensor

from symmcore.losses import (
    LOSSES,
    AngularLoss,
    LiftedStructureLoss,
    NPairLoss,
    Symm,
    TripletLoss,
    build_loss,
)
from symmcore.losses.log_sum import LogSumLoss
from symmcore.settings.losses import CATALOG, LossSettings, loss_info
from symmcore.settings.symm import PairSet

NAMES = list(oracle.LOSSES)
EITHER = [None, Symm(), Symm(1.5, 0.7), Symm(pairs="official")]
LABELS = torch.tensor([0, 0, 1, 1, 2, 2, 3, 3])
# where the signature wants another type
ONE: Any = 1
TRUE: Any = True
TEXT: Any = "1"


def copy(target: slice | int, source: slice | int) -> Callable[[Tensor], None]:
    def change(x: Tensor) -> None:
        x[target] = x[source].clone()

    return change


def multiply(target: slice | int, factor: float) -> Callable[[Tensor], None]:
    def change(x: Tensor) -> None:
        x[target] *= factor

    return change


def oppose(x: Tensor) -> None:
    x[1] = -x[0]


def put_at_a_right_angle(x: Tensor) -> None:
    x[:2] = torch.eye(6, dtype=x.dtype)[:2]


SPECIAL: dict[str, Callable[[Tensor], None]] = {
    "identical in a pair": copy(1, 0),
    "all pairs identical": copy(slice(1, None, 2), slice(0, None, 2)),
    "copy across classes": copy(2, 0),
    "same pair in two classes": copy(slice(2, 4), slice(0, 2)),
    "a zero vector": multiply(3, 0.0),
    "a zero pair": multiply(slice(2, 4), 0.0),
    "all zero": multiply(slice(None), 0.0),
    "all equal": copy(slice(None), slice(0, 1)),
    "opposite pair": oppose,
    "pair at a right angle": put_at_a_right_angle,
}


def special(kind: str) -> Tensor:
    x = batch([0] * 8, dim=6, seed=11).embeddings
    SPECIAL[kind](x)
    return x


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("symm", EITHER, ids=str)
@pytest.mark.parametrize("kind", SPECIAL)
@pytest.mark.parametrize("name", NAMES)
def test_degenerate_input_gives_finite_values(
    name: str, kind: str, symm: Symm | None, dtype: torch.dtype
) -> None:
    x = special(kind).to(dtype)
    result, gradient = run(name, symm, x, LABELS)
    assert result.loss.isfinite()
    assert gradient.isfinite().all()
    loss, _, _ = expect(name, symm, x, LABELS, picks_of(result))
    accuracy = 1e-4 if dtype == torch.float32 else 1e-10
    assert result.loss.item() == pytest.approx(loss.item(), rel=accuracy)


@pytest.mark.parametrize("kind", ["copy across classes", "all equal", "a zero pair"])
@pytest.mark.parametrize("symm", [None, Symm()], ids=["baseline", "symm"])
@pytest.mark.parametrize("name", ["triplet", "lifted"])
def test_a_distance_of_zero_has_zero_gradient(name: str, symm: Symm | None, kind: str) -> None:
    x = special(kind)
    result, gradient = run(name, symm, x, LABELS)
    _, expected, judge = expect(name, symm, x, LABELS)
    # Zero vectors are normalised to zero, where the oracle has no gradient either.
    assert picks_of(result) == (judge.picked or None)
    torch.testing.assert_close(gradient, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("symm", [None, Symm()], ids=["baseline", "symm"])
@pytest.mark.parametrize("factor", [1.1, 3.0, 0.7])
def test_points_that_differ_by_rounding_coincide(symm: Symm | None, factor: float) -> None:
    # The one direction left to the gradient is that of a rounding error.
    x = special("copy across classes")
    _, expected = run("lifted", symm, x, LABELS)
    x[2] *= factor
    _, gradient = run("lifted", symm, x, LABELS)
    torch.testing.assert_close(gradient[0], expected[0], rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(factor * gradient[2], expected[2], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_copies_everywhere_have_no_gradient_at_all(dtype: torch.dtype) -> None:
    x = special("all equal").to(dtype)
    for symm in (None, Symm()):
        result, gradient = run("lifted", symm, x, LABELS)
        terms = 12 if symm is None else 3
        expected = (1.0 + math.log(terms)) ** 2 * (0.5 if symm is None else 1.0)
        assert result.loss.item() == pytest.approx(expected, rel=1e-6)
        assert torch.equal(gradient, torch.zeros_like(gradient))


@pytest.mark.parametrize("symm", EITHER, ids=str)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("where", [0, 3, 7])
def test_nan_in_a_group_gives_nan(name: str, symm: Symm | None, where: int) -> None:
    x = batch([0] * 8, seed=2).embeddings
    x[where, 1] = math.nan
    result, _ = run(name, symm, x, LABELS)
    assert result.loss.isnan()
    if result.selection is not None:
        assert result.selection.counts.sum() > 0


@pytest.mark.parametrize("symm", [None, Symm(), Symm(rank=2)], ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_all_nan_raises_nothing(name: str, symm: Symm | None) -> None:
    result, gradient = run(name, symm, torch.full((8, 3), math.nan), LABELS)
    assert result.loss.isnan()
    assert gradient.isnan().any()


@pytest.mark.parametrize("name", NAMES)
def test_what_is_left_over_has_no_influence(name: str) -> None:
    x = batch([0] * 9, seed=2).embeddings
    labels = torch.cat((LABELS, torch.tensor([0])))
    result, gradient = run(name, Symm(), x, labels)
    x[8] = math.nan
    again, _ = run(name, Symm(), x, labels)
    assert torch.equal(result.loss, again.loss)
    assert torch.equal(gradient[8], torch.zeros(5, dtype=torch.float64))


@pytest.mark.parametrize("scale", [1e-12, 1e-6, 1e6])
@pytest.mark.parametrize("symm", [None, Symm()], ids=["baseline", "symm"])
@pytest.mark.parametrize("name", ["triplet", "triplet-semihard", "lifted"])
def test_normalised_losses_do_not_see_the_scale(name: str, symm: Symm | None, scale: float) -> None:
    data = BATCHES["one group a class"]
    loss = build_loss(name, symm)
    expected = loss(data.embeddings.float(), data.labels)
    found = loss(scale * data.embeddings.float(), data.labels)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=0)


@pytest.mark.parametrize("name", ["npair", "angular"])
@pytest.mark.parametrize("symm", [None, Symm()], ids=["baseline", "symm"])
def test_large_products_do_not_overflow(name: str, symm: Symm | None) -> None:
    x = 100.0 * batch([0] * 8, seed=3).embeddings
    result, gradient = run(name, symm, x.float(), LABELS)
    loss, expected, _ = expect(name, symm, x.float(), LABELS, picks_of(result))
    assert loss > 1e4
    assert relative_error(result.loss.detach(), loss) < 1e-4
    assert relative_error(gradient, expected) < 1e-4


@pytest.mark.parametrize("symm", [None, Symm()], ids=["baseline", "symm"])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32(
    name: str, symm: Symm | None, dtype: torch.dtype
) -> None:
    x = batch([0] * 8, dim=32, seed=5).embeddings.to(dtype)
    loss = build_loss(name, symm)
    expected = loss(x.float(), LABELS)
    leaf = x.clone().requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = loss(leaf, LABELS)
        found.backward()
        also = loss(x.float(), LABELS)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.detach(), expected, rtol=1e-6, atol=0)
    torch.testing.assert_close(also, expected, rtol=1e-6, atol=0)
    assert leaf.grad is not None
    assert leaf.grad.dtype == dtype
    wide = x.float().requires_grad_()
    loss(wide, LABELS).backward()
    torch.testing.assert_close(leaf.grad.float(), wide.grad, rtol=1e-2, atol=1e-4)


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "eager"])
@pytest.mark.parametrize("symm", [Symm(), Symm(rank=4, pairs="official")], ids=str)
@pytest.mark.parametrize("name", ["npair", "angular"])
def test_float32_keeps_its_digits_where_norms_differ_a_thousandfold(
    name: str, symm: Symm, compiled: bool
) -> None:
    loss = build_loss(name, symm)
    assert isinstance(loss, LogSumLoss)
    loss.compiled = compiled
    labels = torch.arange(10).repeat_interleave(2)

    def gradient(x: Tensor) -> tuple[Tensor, Tensor]:
        leaf = x.clone().requires_grad_()
        result = loss.detailed(leaf, labels)
        result.loss.backward()
        apart = ~torch.eye(10, dtype=torch.bool)
        assert leaf.grad is not None
        assert result.selection is not None
        return leaf.grad.double(), result.selection.codes.matrix()[apart]

    compared = 0
    for seed in range(30):
        generator = torch.Generator().manual_seed(seed)
        x = torch.randn(20, 4, generator=generator)
        x *= 1000.0 ** (torch.rand(20, 1, generator=generator) - 0.5)
        x *= 4.0 / x.norm(dim=1).max()
        (found, picks), (expected, wide_picks) = gradient(x), gradient(x.double())
        if picks.equal(wide_picks):  # rounding may decide between candidates nearly as hard
            compared += 1
            assert (found - expected).abs().max() < 1e-5 * expected.abs().max()
    assert compared > 10


@pytest.mark.parametrize("symm", [None, Symm()], ids=["baseline", "symm"])
@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "eager"])
def test_an_angle_too_small_for_float32_leaves_a_finite_loss(
    symm: Symm | None, compiled: bool
) -> None:
    loss = build_loss("angular", symm, LossSettings(angle_deg=1e-40))
    assert isinstance(loss, LogSumLoss)
    loss.compiled = compiled
    x = batch([0] * 8, seed=5).embeddings.float().requires_grad_()
    value = loss(x, LABELS)
    value.backward()
    assert value.isfinite()
    assert x.grad is not None
    assert x.grad.isfinite().all()


@pytest.mark.parametrize("name", NAMES)
def test_a_model_can_be_trained_twice_on_one_graph(name: str) -> None:
    x = batch([0] * 8, seed=5).embeddings.requires_grad_()
    loss = build_loss(name, Symm())(x, LABELS)
    loss.backward(retain_graph=True)
    assert x.grad is not None
    first = x.grad.clone()
    loss.backward()
    torch.testing.assert_close(x.grad, 2.0 * first)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("symm", [None, Symm()], ids=["baseline", "symm"])
def test_without_gradients_it_gives_the_same_value(name: str, symm: Symm | None) -> None:
    x = batch([0] * 8, seed=5).embeddings
    loss = build_loss(name, symm)
    with torch.no_grad():
        value = loss(x, LABELS)
    assert not value.requires_grad
    assert value.shape == ()
    assert torch.equal(value, loss(x.clone().requires_grad_(), LABELS).detach())


@pytest.mark.parametrize("symm", [None, Symm()])
@pytest.mark.parametrize("name", ["npair", "angular"])
def test_a_second_derivative_is_refused_not_left_out(name: str, symm: Symm | None) -> None:
    x = batch([0] * 8, seed=5).embeddings.requires_grad_()
    loss = build_loss(name, symm)(x, LABELS)
    with pytest.raises(RuntimeError, match="create_graph=True is not possible"):
        torch.autograd.grad(loss, x, create_graph=True)


@pytest.mark.parametrize("setting", ["symm", "l2_reg", "angle_deg"])
def test_settings_that_are_built_in_cannot_be_assigned(setting: str) -> None:
    loss = AngularLoss(symm=Symm())
    with pytest.raises(AttributeError):
        setattr(loss, setting, None)
    assert loss.symm == Symm()
    assert loss.angle_deg == 45.0


# --- wrong arguments


X = torch.zeros(4, 3)
Y = torch.tensor([0, 0, 1, 1])


@pytest.mark.parametrize(
    ("embeddings", "labels", "error", "message"),
    [
        (
            X[0],
            Y,
            ValueError,
            "embeddings must have shape (N, D) with N and D at least 1, not (3,)",
        ),
        (X[:, :0], Y, ValueError, "embeddings must have shape (N, D)"),
        (X.long(), Y, TypeError, "embeddings must be floating point, not torch.int64"),
        (X.to(torch.float8_e5m2), Y, TypeError, "embeddings must have at least 16 bits, not"),
        (X.to_sparse(), Y, TypeError, "embeddings must be a dense tensor, not one of layout"),
        ([[1.0]], Y, TypeError, "embeddings must be a tensor, not list"),
        (X, Y[:3], ValueError, "labels must have shape (4,), one for each embedding, not (3,)"),
        (X, Y[:, None], ValueError, "labels must have shape (4,)"),
        (X, Y.float(), TypeError, "labels must be integers, not torch.float32"),
        (X, Y > 0, TypeError, "labels must be integers, not torch.bool"),
        (X, [0, 0, 1, 1], TypeError, "labels must be a tensor, not list"),
        (X, torch.arange(4), ValueError, "4 images of 4 classes and no two of one class"),
        (X, torch.tensor([6, 6, 6, 6]), ValueError, "only class 6 has two images"),
    ],
)
@pytest.mark.parametrize("name", NAMES)
def test_a_bad_batch_is_explained(
    name: str, embeddings: Tensor, labels: Tensor, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=re.escape(message)):
        build_loss(name, Symm())(embeddings, labels)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"rank": 0}, ValueError, "rank must be between 1 and 24, not 0"),
        ({"rank": 25}, ValueError, "rank must be between 1 and 24, not 25"),
        ({"rank": 1.0}, TypeError, "rank must be an integer, not float"),
        ({"rank": True}, TypeError, "rank must be an integer, not bool"),
        ({"alpha": 0}, ValueError, "alpha must be positive, not 0"),
        ({"alpha": math.nan}, ValueError, "alpha must be finite, not nan"),
        ({"alpha": 10**400}, ValueError, "alpha must be finite, not 1000"),
        ({"alpha": 1e-7}, ValueError, "alpha must be between 1e-06 and 1e+06, not 1e-07"),
        ({"beta": 1e200}, ValueError, "beta must be between 1e-06 and 1e+06, not 1e+200"),
        ({"beta": "1"}, TypeError, "beta must be a number, not str"),
        ({"beta": 0.0}, ValueError, "beta must be positive, not 0.0"),
        ({"pairs": "all"}, ValueError, "pairs must be 'paper' or 'official', not 'all'"),
    ],
)
def test_bad_settings_of_the_synthesis_are_explained(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=re.escape(message)):
        Symm(**arguments)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("alpha", [1e-6, 1e6])
@pytest.mark.parametrize("beta", [1e-6, 1e6])
@pytest.mark.parametrize("name", NAMES)
def test_the_bounds_of_the_synthesis_can_be_computed_with(
    name: str, alpha: float, beta: float, dtype: torch.dtype
) -> None:
    x = batch([0] * 8, seed=2).embeddings.to(dtype)
    result, gradient = run(name, Symm(alpha=alpha, beta=beta), x, LABELS)
    assert result.loss.isfinite()
    assert gradient.isfinite().all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("pairs", ["paper", "official"])
def test_the_rank_is_at_most_the_number_of_candidates(name: str, pairs: PairSet) -> None:
    most = {"paper": (16, 24), "official": (6, 12)}[pairs][name == "angular"]
    assert loss_info(name).max_rank(pairs) == most
    build_loss(name, Symm(rank=most, pairs=pairs))
    if most < 24:
        with pytest.raises(ValueError, match=f"rank must be at most {most}"):
            build_loss(name, Symm(rank=most + 1, pairs=pairs))


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: NPairLoss(l2_reg=-1.0), ValueError, "l2_reg must not be negative, not -1.0"),
        (lambda: NPairLoss(symm=TRUE), TypeError, "symm must be a Symm or None, not bool"),
        (lambda: AngularLoss(angle_deg=90), ValueError, "angle_deg must be between 0 and 90"),
        (lambda: AngularLoss(angle_deg=0.0), ValueError, "angle_deg must be between 0 and 90"),
        (lambda: AngularLoss(l2_reg=math.inf), ValueError, "l2_reg must be finite, not inf"),
        (lambda: TripletLoss(margin=-0.1), ValueError, "margin must not be negative, not -0.1"),
        (lambda: TripletLoss(semihard=ONE), TypeError, "semihard must be a bool, not int"),
        (lambda: LiftedStructureLoss(TEXT), TypeError, "margin must be a number, not str"),
        (lambda: build_loss("contrastive"), ValueError, "no loss is called 'contrastive'"),
        (
            lambda: build_loss("npair", settings=LossSettings(margin=0.1)),
            ValueError,
            "the N-pair loss has no setting margin; it takes l2_reg",
        ),
    ],
)
def test_bad_settings_of_a_loss_are_explained(
    build: Callable[[], object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=re.escape(message)):
        build()


# --- by name


def test_the_registry_builds_each_loss_of_the_catalogue() -> None:
    assert list(LOSSES) == [info.name for info in CATALOG]
    assert [info.name for info in CATALOG] == NAMES
    settings = LossSettings(margin=0.4, angle_deg=40.0, l2_reg=0.1)
    for info in CATALOG:
        assert info.description.endswith(".")
        taken = LossSettings(**{name: getattr(settings, name) for name in info.defaults.given()})
        loss = build_loss(info.name, Symm(rank=2), taken)
        assert loss.symm == Symm(rank=2)
        for name in info.defaults.given():
            assert getattr(loss, name) == getattr(settings, name)
        assert build_loss(info.name).symm is None


def test_the_catalogue_names_the_losses_own_defaults() -> None:
    for info in CATALOG:
        loss = build_loss(info.name)
        for name, default in info.defaults.given().items():
            assert getattr(loss, name) == default


@pytest.mark.parametrize(
    ("name", "settings", "arguments"),
    [
        ("npair", LossSettings(l2_reg=0.3), {"l2_reg": 0.3}),
        ("angular", LossSettings(angle_deg=35.0, l2_reg=0.0), {"angle_deg": 35.0, "l2_reg": 0.0}),
        ("triplet", LossSettings(margin=0.7), {"margin": 0.7}),
        ("lifted", LossSettings(margin=0.3), {"margin": 0.3}),
    ],
)
@pytest.mark.parametrize("symm", [None, Symm()], ids=["baseline", "symm"])
def test_settings_have_their_effect(
    name: str, settings: LossSettings, arguments: dict[str, float], symm: Symm | None
) -> None:
    data = BATCHES["repeated classes and leftovers"]
    found = build_loss(name, symm, settings)(data.embeddings, data.labels)
    judge = oracle.Oracle(data.embeddings, data.labels.tolist(), symm)
    expected = getattr(oracle, name)(judge, **arguments)
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=0)


def test_the_catalogue_and_the_settings_need_no_torch() -> None:
    import subprocess
    import sys

    code = (
        "import sys, symmcore.settings.losses; from symmcore.settings.symm import Symm; Symm(); "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
