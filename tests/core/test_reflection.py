import numpy as np
import pytest
import torch

from symmcore.reflection import partner_cycle, reflect_partners, reflect_points
from symmcore.synthesis import reflect


@pytest.mark.parametrize(("alpha", "beta"), [(2.0, 1.0), (1.5, 0.5), (0.3, 4.0), (1.0, 1.0)])
def test_is_what_training_computes(alpha: float, beta: float) -> None:
    random = np.random.default_rng(0)
    points, axes = random.standard_normal((2, 50, 7)).astype(np.float32)
    axes[0] = 0
    axes[1] = points[1]
    axes[2] = 1e-30
    points[3] = 0
    points[4] = axes[4] * 3
    expected = reflect(torch.from_numpy(points), torch.from_numpy(axes), alpha, beta)
    result = reflect_points(points, axes, alpha, beta)
    assert result.dtype == np.float32
    assert not result.flags.writeable
    np.testing.assert_allclose(result, expected.numpy(), rtol=2e-5, atol=2e-6)


def test_a_hand_sized_example() -> None:
    x = np.array([[1.0, 2.0]], dtype=np.float32)
    axis = np.array([[3.0, 0.0]], dtype=np.float32)
    np.testing.assert_array_equal(reflect_points(x, axis), [[1.0, -2.0]])
    # alpha 1 ends on the axis, with the norm of x
    np.testing.assert_allclose(reflect_points(x, axis, 1.0), [[5**0.5, 0.0]], rtol=1e-6)


def test_what_is_no_number_stays_none() -> None:
    x = np.array([[np.nan, 2.0], [1.0, 2.0]], dtype=np.float32)
    result = reflect_points(x, x[::-1].copy())
    assert np.isnan(result).any(axis=1).all()


def test_parameters_are_checked() -> None:
    x = np.ones((1, 2), dtype=np.float32)
    with pytest.raises(ValueError, match="alpha must be positive"):
        reflect_points(x, x, alpha=-1.0)


def test_a_point_without_a_partner_stays_as_it_is() -> None:
    points = np.array([[1.0, 2.0], [3.0, 0.0], [4.0, 5.0]], dtype=np.float32)
    result = reflect_partners(points, np.array([1, 0, -1]), 2.0, 0.5)
    assert not result.flags.writeable
    np.testing.assert_allclose(result, [[0.5, -1.0], [-0.9, 1.2], [4.0, 5.0]], rtol=1e-6)


def test_partners_are_the_next_of_their_class_in_one_random_order() -> None:
    labels = np.random.default_rng(1).integers(-2, 30, 80)
    order = np.random.default_rng(5).permutation(80).tolist()
    expected = [-1] * 80
    for label in set(labels.tolist()):
        members = [n for n in order if labels[n] == label]
        for n, following in zip(members, members[1:] + members[:1], strict=True):
            if len(members) > 1:
                expected[n] = following
    assert -1 in expected
    assert partner_cycle(labels, 5).tolist() == expected


def test_no_images_have_no_partners() -> None:
    assert partner_cycle(np.empty(0, dtype=np.int64), 0).shape == (0,)
