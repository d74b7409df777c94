import math

import numpy as np
import pytest

from symmviz.model.curve import SMOOTHING
from symmviz.model.smoothing import smoothed


@pytest.mark.parametrize("weight", SMOOTHING)
@pytest.mark.parametrize("count", [0, 1, 2, 3, 3000])
def test_the_average_is_that_of_a_loop(weight: float, count: int) -> None:
    random = np.random.default_rng(count)
    values = random.standard_normal(count)
    values[random.random(count) < 0.1] = np.nan
    total = shares = 0.0
    expected = []
    for value in values:
        if math.isnan(value):
            expected.append(math.nan)
            continue
        total, shares = weight * total + value, weight * shares + 1.0
        expected.append(total / shares)
    np.testing.assert_allclose(smoothed(values, weight), expected, rtol=1e-9, atol=1e-9)


def test_the_start_does_not_pull_towards_zero() -> None:
    np.testing.assert_allclose(smoothed(np.full(50, 7.0), 0.99), 7.0)
