"""Classical models: their regressors, tuned hyperparameters and pipelines."""

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

from mmm_bayes.baselines.estimators import OLS, ShareRegression, TwoStageRegression
from mmm_bayes.baselines.rows import DAY, FIRST_CONTROL, HOLIDAYS, PREVIOUS_OUTCOME, UNIT, Layout
from mmm_bayes.baselines.transformers import (
    Adstock,
    CentredProduct,
    LevelIndicators,
    ModulatedResponse,
    Saturation,
    Season,
    Trend,
    Weekdays,
    passthrough,
    unit_indicators,
)
from mmm_bayes.data.description import SEASON

#: Tuned hyperparameters by name, of the features and of the regressor.
Params = dict[str, Any]

TREES = 50


@dataclass(frozen=True)
class Regressor:
    """A kind of regressor, with its search space.

    Attributes
    ----------
    label : str
        Its name in words.
    build : callable
        From the hyperparameters and a seed to a regressor that is not fitted.
    space : callable
        From an Optuna trial to the hyperparameters of the regressor.
    default : dict
        The hyperparameters that are tried first.
    lagged : bool
        Whether last week's outcome is one of its columns.
    """

    label: str
    build: Callable[[Params, int], Any]
    space: Callable[[Any], Params]
    default: Params
    linear: bool
    lagged: bool = False


def _ridge(_: Params, __: int) -> Any:
    return RidgeCV(alphas=np.logspace(-2, 4, 25))


def _lasso(_: Params, seed: int) -> Any:
    # A floor on the penalty, because coordinate descent is slow where columns are nearly collinear.
    return LassoCV(
        eps=1e-3, cv=TimeSeriesSplit(3), alphas=25, max_iter=20_000, tol=1e-3, random_state=seed
    )


def _elastic_net(params: Params, seed: int) -> Any:
    return ElasticNet(
        alpha=params["penalty"],
        l1_ratio=params["l1_ratio"],
        max_iter=20_000,
        tol=1e-3,
        random_state=seed,
    )


def _forest(params: Params, seed: int) -> Any:
    return RandomForestRegressor(
        TREES,
        max_depth=params["depth"],
        min_samples_leaf=params["leaf"],
        max_features=params["features"],
        n_jobs=1,
        random_state=seed,
    )


def _boosting(params: Params, seed: int) -> Any:
    return LGBMRegressor(
        n_estimators=params["trees"],
        learning_rate=params["rate"],
        num_leaves=params["leaves"],
        min_child_samples=params["leaf"],
        n_jobs=1,
        random_state=seed,
        deterministic=True,
        force_col_wise=True,
        verbose=-1,
    )


REGRESSORS = {
    "ols": Regressor("least squares", lambda _, __: OLS(), lambda _: {}, {}, True),
    "ridge": Regressor("ridge", _ridge, lambda _: {}, {}, True),
    "lagged_ridge": Regressor(
        "ridge with last week's outcome", _ridge, lambda _: {}, {}, True, True
    ),
    "lasso": Regressor("lasso", _lasso, lambda _: {}, {}, True),
    "elastic_net": Regressor(
        "elastic net",
        _elastic_net,
        lambda trial: {
            "penalty": trial.suggest_float("penalty", 1e-4, 0.3, log=True),
            "l1_ratio": trial.suggest_float("l1_ratio", 0.05, 0.95),
        },
        {"penalty": 0.01, "l1_ratio": 0.5},
        True,
    ),
    "random_forest": Regressor(
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
    "lightgbm": Regressor(
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


def model_names(layout: Layout) -> list[str]:
    """Models that a table can have; two-stage models need a mediator."""
    two_stage = [
        TWO_STAGE + name
        for name, regressor in REGRESSORS.items()
        if layout.mediator and not regressor.lagged
    ]
    return [*REGRESSORS, *two_stage]


def regressor_name(model: str) -> str:
    """Key of a model's regressor in `REGRESSORS`."""
    return model.removeprefix(TWO_STAGE)


def display_name(model: str) -> str:
    """Name of a model in words."""
    name = regressor_name(model)
    if name not in REGRESSORS:
        return f"{model} (Bayesian)"
    return REGRESSORS[name].label + (" in two stages" if model.startswith(TWO_STAGE) else "")


def feature_space(layout: Layout, trial: Any) -> Params:
    """Hyperparameters of the features: carryover, saturation, season and scaling.

    Parameters
    ----------
    trial : optuna.Trial
        Suggests a value of each.
    """
    seasons = ["fourier", "month", "quarter"] if layout.fourier_pairs else ["none"]
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


def default_params(layout: Layout, regressor: str) -> Params:
    """Hyperparameters that a tuning tries first, by the names of the trial's parameters."""
    return {
        **{f"retention_{name}": 0.3 for name in layout.channels},
        **{f"half_saturation_{name}": 1.0 for name in layout.channels},
        "slope": 1.2,
        "shape": "hill",
        "season": "fourier" if layout.fourier_pairs else "none",
        "scaling": "standard",
        **REGRESSORS[regressor].default,
    }


def make_model(model: str, layout: Layout, params: Params, *, link: str, seed: int) -> Any:
    """Model that is not fitted.

    Parameters
    ----------
    model : str
        One of `model_names`.
    params : dict
        Tuned hyperparameters.
    link : {"identity", "log"}
        Link of the outcome; that of a mediator is always the identity.
    """
    regressor = REGRESSORS[regressor_name(model)]

    def pipeline(channels: tuple[str, ...]) -> Pipeline:
        features = feature_transformer(layout, channels, params, lagged=regressor.lagged)
        scaler = RobustScaler() if params["scaling"] == "robust" else StandardScaler()
        return make_pipeline(features, scaler, regressor.build(params, seed))

    if not model.startswith(TWO_STAGE):
        return ShareRegression(pipeline(layout.channels), link, regressor.lagged)
    others = tuple(name for name in layout.channels if name not in layout.causes)
    first, second = (
        ShareRegression(pipeline(layout.causes)),
        ShareRegression(pipeline(others), link),
    )
    return TwoStageRegression(first, second, layout)


def feature_transformer(
    layout: Layout, channels: tuple[str, ...], params: Params, *, lagged: bool = False
) -> ColumnTransformer:
    """Transformer from rows to the columns of a regression.

    Parameters
    ----------
    channels : tuple of str
        Channels of the regression.
    params : dict
        Tuned hyperparameters.
    lagged : bool
        Whether last week's outcome is a column too.
    """
    retention: Any = tuple(params["retention"][name] for name in channels)
    half: Any = tuple(params["half_saturation"][name] for name in channels)
    shape, slope = params["shape"], params["slope"]
    parts: list[tuple[str, Any, list[int]]] = [
        (
            "media",
            make_pipeline(Adstock(channels, retention), Saturation(channels, shape, half, slope)),
            [*layout.lags(channels), UNIT],
        )
    ]
    if lagged:
        parts.append(("last week", passthrough("last week"), [PREVIOUS_OUTCOME]))
    if layout.controls:
        columns = list(range(FIRST_CONTROL, FIRST_CONTROL + len(layout.controls)))
        parts.append(("controls", LevelIndicators(layout.controls), columns))
    if layout.trend_degree:
        parts.append(("trend", Trend(layout.trend_degree), [DAY]))
    if layout.fourier_pairs:
        parts.append(("season", Season(params["season"], layout.fourier_pairs), [DAY]))
    if layout.weekdays:
        parts.append(("weekdays", Weekdays(), [DAY]))
    if layout.holidays:
        parts.append(("holidays", passthrough("holidays"), [HOLIDAYS]))
    if len(layout.units) > 1:
        parts.append(("units", unit_indicators(layout.units), [UNIT]))
    for a, b in layout.products:
        name = f"{a} x {b}"
        parts.append((name, CentredProduct(name), [layout.control(a), layout.control(b)]))
    for channel, by in layout.modulations:
        if channel not in channels:
            continue
        pairs = layout.fourier_pairs if by == SEASON else 0
        name = f"{channel} x {by}"
        response = ModulatedResponse(
            name,
            params["retention"][channel],
            shape,
            params["half_saturation"][channel],
            slope,
            pairs,
        )
        first = DAY if pairs else layout.control(by)
        parts.append((name, response, [first, *layout.lags([channel]), UNIT]))
    return ColumnTransformer(parts, verbose_feature_names_out=False)
