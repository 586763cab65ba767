"""Fits whose posterior is known exactly: a linear regression under a reference prior.

p(beta, sigma) ∝ 1/sigma gives sigma^2 | y ~ (n - p) s^2 / chi^2 and beta | sigma, y normal, so a
whole tree of draws costs a few NumPy calls and no sampler.
"""

import numpy as np
import pandas as pd
import xarray as xr

CHAINS, DRAWS = 4, 250


def regressors(weeks, columns=12, seed=0):
    """Intercept, trend, a season and independent standard normal columns, (time, column)."""
    rng = np.random.default_rng(seed)
    t = np.arange(weeks)
    fixed = [
        np.ones(weeks),
        t / weeks - 0.5,
        np.sin(2 * np.pi * t / 52),
        np.cos(2 * np.pi * t / 52),
    ]
    return np.column_stack([*fixed, rng.standard_normal((weeks, columns - len(fixed)))])


def fit(y, x, rng, *, link="identity", future=None, draws=DRAWS):
    """Exact posterior of y = x beta + noise (of log y under the log link), as a DataTree.

    `future` is (x, y) of weeks not fitted.
    """
    value = np.log(y) if link == "log" else y
    n, p = x.shape
    q, r = np.linalg.qr(x)
    estimate = np.linalg.solve(r, q.T @ value)
    rss = ((value - x @ estimate) ** 2).sum()
    shape = (CHAINS, draws)
    sigma = np.sqrt(rss / rng.chisquare(n - p, shape))
    step = np.linalg.solve(r, rng.standard_normal((p, CHAINS * draws))).T.reshape(*shape, p)
    beta = estimate + sigma[..., None] * step
    mean = beta @ x.T
    replicated = mean + sigma[..., None] * rng.standard_normal(mean.shape)
    if link == "log":
        mean, replicated = np.exp(mean), np.exp(replicated)
    normal = -0.5 * np.log(2 * np.pi) - np.log(sigma)[..., None]
    likelihood = normal - 0.5 * ((value - beta @ x.T) / sigma[..., None]) ** 2
    tree = arrange(y, mean, replicated, link=link)
    tree["posterior"] = xr.DataTree(
        tree["posterior"]
        .to_dataset()
        .assign(beta=(("chain", "draw", "column"), beta), sigma=(("chain", "draw"), sigma))
    )
    weekly = tree["posterior_predictive"].to_dataset().isel(unit=0, drop=True)
    tree["log_likelihood"] = xr.DataTree(
        weekly.copy(data={"outcome": likelihood - (np.log(y) if link == "log" else 0)})
    )
    if future is not None:
        ahead = beta @ future[0].T
        ahead = ahead + sigma[..., None] * rng.standard_normal(ahead.shape)
        ahead = np.exp(ahead) if link == "log" else ahead
        other = arrange(future[1], ahead, ahead, link=link)
        add_holdout(tree, other)
    return tree


def add_holdout(tree, other):
    """Add the weeks of another tree to a tree as the weeks after its own, held out."""
    later = tree["observed_data"]["time"].values[-1] + np.timedelta64(7, "D")
    weeks = pd.date_range(later, periods=other["observed_data"].sizes["time"], freq="7D")
    for group, name in (
        ("predictions", "posterior_predictive"),
        ("predictions_observed", "observed_data"),
    ):
        tree[group] = xr.DataTree(other[name].to_dataset().assign_coords(time=weeks))


def arrange(y, mean, replicated, *, link="identity", variable="outcome", attrs=None):
    """A tree of one variable from arrays: y (time,), mean and replicated (chain, draw, time)."""
    coords = {
        "chain": np.arange(mean.shape[0]),
        "draw": np.arange(mean.shape[1]),
        "time": pd.date_range("2022-01-03", periods=len(y), freq="7D"),
        "unit": ["all"],
    }
    over = ("chain", "draw", "time", "unit")
    series = {name: coords[name] for name in over[2:]}
    tree = xr.DataTree.from_dict(
        {
            "posterior": xr.Dataset({f"{variable}_location": (over, mean[..., None])}, coords),
            "posterior_predictive": xr.Dataset({variable: (over, replicated[..., None])}, coords),
            "observed_data": xr.Dataset({variable: (over[2:], y[:, None])}, series),
        }
    )
    tree.attrs = {
        "model": "no_mediation", "link": link, "likelihood": "normal", "mediator_likelihood": "",
        "mediator": "", "max_lag": 4,
    } | (attrs or {})  # fmt: skip
    return tree
