"""The models: for each its regressor, what of it is tuned, and the pipeline that it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from lightgbm import LGBMRegressor
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import ElasticNet, LassoCV, RidgeCV
from sklearn.model_selection import TimeSeriesSplit
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import RobustScaler, StandardScaler

from mmm_bayes.baselines.estimators import OLS, InShares, TwoStage
from mmm_bayes.baselines.rows import DAY, FIRST, HOLIDAYS, PREVIOUS, UNIT, Layout
from mmm_bayes.baselines.transformers import (
    Adstock,
    Changed,
    Levels,
    Named,
    Product,
    Saturation,
    Season,
    Trend,
    Units,
)
from mmm_bayes.dataset.description import SEASON

Choice = dict[str, Any]

TREES = 50


@dataclass(frozen=True)
class Kind:
    """A family of regressors.

    Attributes
    ----------
    says : str
        Its name in words.
    make : callable
        From the choice and a seed to a regressor.
    space : callable
        From an Optuna trial to what of the regressor is tuned.
    usual : dict
        What is tried first.
    linear : bool
    lagged : bool
        Whether last week's outcome is one of its columns.
    """

    says: str
    make: Callable[[Choice, int], Any]
    space: Callable[[Any], Choice]
    usual: Choice
    linear: bool
    lagged: bool = False


def _ridge(_: Choice, __: int) -> Any:
    return RidgeCV(alphas=np.logspace(-2, 4, 25))


def _lasso(_: Choice, seed: int) -> Any:
    # A floor on the penalty keeps coordinate descent from crawling where columns nearly repeat.
    return LassoCV(
        eps=1e-3, cv=TimeSeriesSplit(3), alphas=25, max_iter=20_000, tol=1e-3, random_state=seed
    )


def _elastic_net(choice: Choice, seed: int) -> Any:
    return ElasticNet(
        alpha=choice["penalty"],
        l1_ratio=choice["l1_ratio"],
        max_iter=20_000,
        tol=1e-3,
        random_state=seed,
    )


def _forest(choice: Choice, seed: int) -> Any:
    return RandomForestRegressor(
        TREES,
        max_depth=choice["depth"],
        min_samples_leaf=choice["leaf"],
        max_features=choice["features"],
        n_jobs=1,
        random_state=seed,
    )


def _boosting(choice: Choice, seed: int) -> Any:
    return LGBMRegressor(
        n_estimators=choice["trees"],
        learning_rate=choice["rate"],
        num_leaves=choice["leaves"],
        min_child_samples=choice["leaf"],
        n_jobs=1,
        random_state=seed,
        deterministic=True,
        force_col_wise=True,
        verbose=-1,
    )


KINDS = {
    "ols": Kind("least squares", lambda _, __: OLS(), lambda _: {}, {}, True),
    "ridge": Kind("ridge", _ridge, lambda _: {}, {}, True),
    "lagged_ridge": Kind("ridge with last week's outcome", _ridge, lambda _: {}, {}, True, True),
    "lasso": Kind("lasso", _lasso, lambda _: {}, {}, True),
    "elastic_net": Kind(
        "elastic net",
        _elastic_net,
        lambda trial: {
            "penalty": trial.suggest_float("penalty", 1e-4, 0.3, log=True),
            "l1_ratio": trial.suggest_float("l1_ratio", 0.05, 0.95),
        },
        {"penalty": 0.01, "l1_ratio": 0.5},
        True,
    ),
    "random_forest": Kind(
        "random forest",
        _forest,
        lambda trial: {
            "depth": trial.suggest_int("depth", 3, 10),
            "leaf": trial.suggest_int("leaf", 1, 8),
            "features": trial.suggest_float("features", 0.3, 1.0),
        },
        {"depth": 5, "leaf": 1, "features": 1.0},
        False,
    ),
    "lightgbm": Kind(
        "gradient boosting (LightGBM)",
        _boosting,
        lambda trial: {
            "trees": trial.suggest_int("trees", 40, 200),
            "rate": trial.suggest_float("rate", 0.02, 0.2, log=True),
            "leaves": trial.suggest_int("leaves", 3, 15),
            "leaf": trial.suggest_int("leaf", 3, 20),
        },
        {"trees": 100, "rate": 0.08, "leaves": 7, "leaf": 5},
        False,
    ),
}

TWO_STAGE = "two_stage_"


def names(layout: Layout) -> list[str]:
    """The models that a table can have: those with two stages need a mediator."""
    both = [TWO_STAGE + kind for kind, one in KINDS.items() if layout.mediator and not one.lagged]
    return [*KINDS, *both]


def kind_of(model: str) -> str:
    """The kind of regressor of a model."""
    return model.removeprefix(TWO_STAGE)


def spoken(model: str) -> str:
    """A model's name in words."""
    kind = kind_of(model)
    if kind not in KINDS:
        return f"{model} (Bayesian)"
    return KINDS[kind].says + (" in two stages" if model.startswith(TWO_STAGE) else "")


def media_space(layout: Layout, trial: Any) -> Choice:
    """What of the features is tuned with every kind: carryover, saturation, season, scaling.

    Parameters
    ----------
    layout : Layout
    trial : optuna.Trial
    """
    seasons = ["fourier", "month", "quarter"] if layout.pairs else ["none"]
    return {
        "retention": {
            name: trial.suggest_float(f"retention_{name}", 0.0, 0.85) for name in layout.channels
        },
        "half_saturation": {
            name: trial.suggest_float(f"half_saturation_{name}", 0.3, 3.0, log=True)
            for name in layout.channels
        },
        "slope": trial.suggest_float("slope", 0.7, 2.0),
        "shape": trial.suggest_categorical("shape", ["hill", "log1p", "sqrt"]),
        "season": trial.suggest_categorical("season", seasons),
        "scaling": trial.suggest_categorical("scaling", ["standard", "robust"]),
    }


def usual(layout: Layout, kind: str) -> Choice:
    """What the tuning tries first, by the names of the trial's parameters."""
    return {
        **{f"retention_{name}": 0.3 for name in layout.channels},
        **{f"half_saturation_{name}": 1.0 for name in layout.channels},
        "slope": 1.2,
        "shape": "hill",
        "season": "fourier" if layout.pairs else "none",
        "scaling": "standard",
        **KINDS[kind].usual,
    }


def make(model: str, layout: Layout, choice: Choice, *, link: str, seed: int) -> Any:
    """A model, not fitted.

    Parameters
    ----------
    model : str
        One of `names`.
    layout : Layout
    choice : dict
        What a tuning chose.
    link : {"identity", "log"}
        Of the outcome; a mediator's share is never a logarithm.
    seed : int
    """
    kind = KINDS[kind_of(model)]

    def regression(channels: tuple[str, ...]) -> Pipeline:
        scaler = RobustScaler() if choice["scaling"] == "robust" else StandardScaler()
        return make_pipeline(
            features(layout, channels, choice, lagged=kind.lagged), scaler, kind.make(choice, seed)
        )

    if not model.startswith(TWO_STAGE):
        return InShares(regression(layout.channels), link, kind.lagged)
    others = tuple(name for name in layout.channels if name not in layout.causes)
    return TwoStage(InShares(regression(layout.causes)), InShares(regression(others), link), layout)


def features(
    layout: Layout, channels: tuple[str, ...], choice: Choice, *, lagged: bool = False
) -> ColumnTransformer:
    """From rows to the columns of a regression.

    Parameters
    ----------
    layout : Layout
    channels : tuple of str
        Those that the regression knows.
    choice : dict
    lagged : bool
        Whether last week's outcome is a column too.
    """
    carried: Any = tuple(choice["retention"][name] for name in channels)
    half: Any = tuple(choice["half_saturation"][name] for name in channels)
    shape, slope = choice["shape"], choice["slope"]
    parts: list[tuple[str, Any, list[int]]] = [
        (
            "media",
            make_pipeline(Adstock(channels, carried), Saturation(channels, shape, half, slope)),
            [*layout.lags(channels), UNIT],
        )
    ]
    if lagged:
        parts.append(("last week", Named(("last week",)), [PREVIOUS]))
    if layout.controls:
        at = list(range(FIRST, FIRST + len(layout.controls)))
        parts.append(("controls", Levels(layout.controls), at))
    if layout.degree:
        parts.append(("trend", Trend(layout.degree), [DAY]))
    if layout.pairs:
        parts.append(("season", Season(choice["season"], layout.pairs), [DAY]))
    if layout.holidays:
        parts.append(("holidays", Named(("holidays",)), [HOLIDAYS]))
    if len(layout.units) > 1:
        parts.append(("units", Units(layout.units), [UNIT]))
    for a, b in layout.products:
        name = f"{a} x {b}"
        parts.append((name, Product(name), [layout.control(a), layout.control(b)]))
    for channel, by in layout.modulations:
        if channel not in channels:
            continue
        pairs = layout.pairs if by == SEASON else 0
        name = f"{channel} x {by}"
        changed = Changed(
            name,
            choice["retention"][channel],
            shape,
            choice["half_saturation"][channel],
            slope,
            pairs,
        )
        first = DAY if pairs else layout.control(by)
        parts.append((name, changed, [first, *layout.lags([channel]), UNIT]))
    return ColumnTransformer(parts, verbose_feature_names_out=False)
