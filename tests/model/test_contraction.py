"""Sums of products agree with NumPy, and graphs are rewritten to use them."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.compile.mode import Mode
from pytensor.graph.traversal import ancestors

from mmm_bayes.model.contraction import SumOfProducts, contract_products, sum_of_products

MODE = Mode(linker="py", optimizer="fast_compile")
SHAPES = [
    ((4, 7, 3, 2, 5), (4, 1, 3, 2, 5)),
    ((1, 7, 3, 2, 5), (4, 1, 1, 2, 5)),
    ((4, 1, 1, 5), (1, 1, 3, 5)),
    ((7, 5), (7, 5)),
    ((5,), (5,)),
    ((3, 5), (1, 1)),
    ((2, 1, 5), (2, 1, 5)),
    ((0, 3, 5), (1, 3, 5)),
]


@pytest.mark.parametrize("left, right", SHAPES)
def test_sum_of_products_is_the_sum_of_the_product(left, right):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=left), rng.normal(size=right)
    np.testing.assert_allclose(sum_of_products(a, b), (a * b).sum(-1), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(sum_of_products(b, a), (a * b).sum(-1), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("left", [(1, 7, 3, 5), (1, 7, 1, 5), (1, 1, 1, 5)])
def test_constant_axes_of_a_factor_are_summed_over(left):
    rng = np.random.default_rng(1)
    a = np.broadcast_to(rng.normal(size=left), (4, 7, 3, 5))
    for b in (rng.normal(size=(4, 1, 3, 5)), a):
        np.testing.assert_allclose(sum_of_products(a, b), (a * b).sum(-1), rtol=1e-12)


def test_only_sums_of_products_over_the_last_axis_are_rewritten():
    x, y, z = (pt.tensor(name, shape=(None, 3, 4)) for name in "xyz")
    graphs = [
        pt.exp((x * y).sum(-1)),
        (x * y).sum(1),
        (x + y).sum(-1),
        x.sum(-1) * z.sum(-1),
        ((x * y).sum(-1)[..., None] * z).sum(-1),
    ]
    rewritten = contract_products(list(graphs))
    count = [
        sum(isinstance(v.owner.op, SumOfProducts) for v in ancestors([out]) if v.owner)
        for out in rewritten
    ]
    assert count == [1, 0, 0, 0, 2]
    rng = np.random.default_rng(2)
    arrays = [rng.normal(size=(6, 3, 4)) for _ in "xyz"]
    for before, after in zip(graphs, rewritten, strict=True):
        expected, got = (
            pytensor.function([x, y, z], out, mode=MODE, on_unused_input="ignore")(*arrays)
            for out in (before, after)
        )
        np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_a_sum_of_booleans_is_not_rewritten():
    first, second = (pt.tensor(name, dtype="bool", shape=(None, 4)) for name in ("seen", "also"))
    (count,) = contract_products([(first * second).sum(-1)])
    assert not isinstance(count.owner.op, SumOfProducts)
    values = np.array([[True, True, True, False]])
    assert pytensor.function([first, second], count, mode=MODE)(values, values) == [3]
