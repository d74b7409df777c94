import math
from typing import Any

import pytest
import torch
from torch import Tensor

import symmcore
from symmcore import reflect


def points(count: int = 20, dim: int = 7, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(2, count, dim, generator=generator, dtype=torch.float64))


def by_definition(x: Tensor, axis: Tensor, alpha: float, beta: float) -> Tensor:
    """Eq. 1-2 one vector at a time, with a normalised axis."""
    rows = []
    for one, about in zip(x, axis, strict=True):
        u = about / about.norm()
        r = (one @ u) * u
        bracket = alpha * (r - one) + one
        if alpha != 2.0:
            bracket = bracket * one.norm() / bracket.norm()
        rows.append(beta * bracket)
    return torch.stack(rows)


@pytest.mark.parametrize("alpha", [0.5, 1.0, 1.5, 2.0, 2.5, 4.0])
@pytest.mark.parametrize("beta", [0.5, 1.0, 1.5])
def test_it_is_the_formula(alpha: float, beta: float) -> None:
    x, axis = points()
    expected = by_definition(x, axis, alpha, beta)
    torch.testing.assert_close(reflect(x, axis, alpha, beta), expected, rtol=1e-12, atol=1e-12)


def test_norm_and_product_with_the_axis_are_kept() -> None:
    x, axis = points()
    image = reflect(x, axis)
    torch.testing.assert_close(image.norm(dim=1), x.norm(dim=1), rtol=1e-12, atol=0)
    torch.testing.assert_close((image * axis).sum(1), (x * axis).sum(1), rtol=1e-11, atol=1e-12)


def test_reflecting_twice_gives_the_point_back() -> None:
    x, axis = points()
    torch.testing.assert_close(reflect(reflect(x, axis), axis), x, rtol=1e-12, atol=1e-12)


def test_products_of_a_pair_with_one_image_are_kept_but_not_those_of_both_images() -> None:
    k, second = points()
    k_image, second_image = reflect(k, second), reflect(second, k)
    product = (k * second).sum(1)
    torch.testing.assert_close((k_image * second).sum(1), product, rtol=1e-11, atol=1e-12)
    torch.testing.assert_close((k * second_image).sum(1), product, rtol=1e-11, atol=1e-12)
    cosine = torch.cosine_similarity
    angle = cosine(k, second).acos()
    torch.testing.assert_close(cosine(k_image, second_image), (3 * angle).cos())


@pytest.mark.parametrize("alpha", [1.3, 2.7])
def test_another_alpha_keeps_the_norm_and_beta_scales_it(alpha: float) -> None:
    x, axis = points()
    norms = reflect(x, axis, alpha, 0.7).norm(dim=1)
    torch.testing.assert_close(norms, 0.7 * x.norm(dim=1), rtol=1e-12, atol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_point_reflected_about_itself_is_exactly_itself(dtype: torch.dtype) -> None:
    x = points()[0].to(dtype)
    assert torch.equal(reflect(x, x.clone()), x)


@pytest.mark.parametrize("alpha", [1.0, 1.7, 2.0])
def test_a_zero_axis_gives_beta_x_and_finite_gradients(alpha: float) -> None:
    x = points()[0].requires_grad_()
    axis = torch.zeros_like(x, requires_grad=True)
    image = reflect(x, axis, alpha, 0.7)
    torch.testing.assert_close(image, 0.7 * x)
    image.sum().backward()
    torch.testing.assert_close(x.grad, torch.full_like(x, 0.7))
    torch.testing.assert_close(axis.grad, torch.zeros_like(axis), rtol=0, atol=0)


@pytest.mark.parametrize("alpha", [1.0, 1.7, 2.0])
def test_a_zero_point_stays_zero_with_finite_gradients(alpha: float) -> None:
    axis = points()[1].requires_grad_()
    x = torch.zeros_like(axis, requires_grad=True)
    image = reflect(x, axis, alpha)
    assert torch.equal(image, torch.zeros_like(image))
    image.sum().backward()
    for gradient in (x.grad, axis.grad):
        assert gradient is not None
        assert gradient.isfinite().all()


def test_a_zero_bracket_stays_zero() -> None:
    # With alpha 1 the bracket is the projection, here of a vector at a right angle.
    x = torch.tensor([1.0, 0.0], requires_grad=True)
    axis = torch.tensor([0.0, 2.0], requires_grad=True)
    image = reflect(x, axis, alpha=1.0)
    assert torch.equal(image, torch.zeros(2))
    image.sum().backward()
    for gradient in (x.grad, axis.grad):
        assert gradient is not None
        assert gradient.isfinite().all()


@pytest.mark.parametrize(("alpha", "beta"), [(2.0, 1.0), (1.4, 0.6), (1.0, 1.0)])
def test_gradients_flow_through_both(alpha: float, beta: float) -> None:
    x, axis = (part[:4].clone().requires_grad_() for part in points())
    assert torch.autograd.gradcheck(lambda a, b: reflect(a, b, alpha, beta), (x, axis))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32(dtype: torch.dtype) -> None:
    x, axis = (300.0 * part.to(dtype) for part in points())
    image = reflect(x, axis)
    assert image.dtype == dtype
    # Squares of these overflow float16.
    assert torch.equal(image, reflect(x.float(), axis.float()).to(dtype))
    assert image.isfinite().all()


def test_nan_stays_nan() -> None:
    x, axis = points()
    x[3, 1] = math.nan
    axis[5, 2] = math.nan
    image = reflect(x, axis)
    assert image[3].isnan().all()
    assert image[5].isnan().all()
    assert image[[0, 1, 2, 4, 6]].isfinite().all()


def test_leading_dimensions_broadcast() -> None:
    x, axis = points()
    image = reflect(x[:, None], axis[None])
    assert image.shape == (20, 20, 7)
    torch.testing.assert_close(image[3, 5], reflect(x[3], axis[5]))


@pytest.mark.parametrize("alpha", [0.0, -1.0, math.inf, math.nan])
def test_a_bad_alpha_or_beta_is_named(alpha: float) -> None:
    x, axis = points()
    with pytest.raises(ValueError, match="alpha must be"):
        reflect(x, axis, alpha=alpha)
    with pytest.raises(ValueError, match="beta must be"):
        reflect(x, axis, beta=alpha)


def test_bad_arguments_are_named() -> None:
    x, axis = points()
    wrong: Any = "2"  # of no type that the signature allows
    with pytest.raises(TypeError, match="alpha must be a number, not str"):
        reflect(x, axis, alpha=wrong)
    with pytest.raises(TypeError, match=r"axis must be a floating-point tensor, not torch\.int64"):
        reflect(x, axis.long())
    listed: Any = [1.0]
    with pytest.raises(TypeError, match="x must be a floating-point tensor, not list"):
        reflect(listed, axis)
    with pytest.raises(ValueError, match="same last dimension"):
        reflect(x, axis[:, :3])
    with pytest.raises(ValueError, match="broadcast"):
        reflect(x[:3], axis[:2])
    with pytest.raises(ValueError, match=r"x must have shape \(\.\.\., D\)"):
        reflect(x[0, 0], axis)


def test_the_package_offers_it_and_nothing_unknown() -> None:
    assert symmcore.reflect is reflect
    with pytest.raises(AttributeError, match="nothing_here"):
        _ = symmcore.nothing_here
