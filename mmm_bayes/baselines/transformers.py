"""Media transformers for scikit-learn pipelines, which learn only from the rows of their fit.

Columns are those of `mmm_bayes.baselines.rows`; where a transformer needs the unit, it is the last
column.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

from mmm_bayes.data.covariates import fourier_columns
from mmm_bayes.data.description import WEEKDAYS
from mmm_bayes.model.transforms.adstock import carry_over, geometric
from mmm_bayes.model.transforms.saturation import hill

Array = NDArray[np.float64]

#: A control with at most this many values, more than two and all of them whole, is categorical.
MAX_LEVELS = 6


class _Transformer(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Base class, whose fit learns nothing but the number of columns."""

    def fit(self, X: Array, y: Any = None) -> Self:
        """Learn the number of columns."""
        self.n_features_in_ = X.shape[1]
        return self


class Adstock(_Transformer):
    """Geometric carryover of several channels.

    Parameters
    ----------
    retention : float or tuple of float
        One for all channels, or one for each; in [0, 1).
    """

    def __init__(self, channels: tuple[str, ...], retention: Any = 0.3) -> None:
        self.channels = channels
        self.retention = retention

    def transform(self, X: Array) -> Array:
        """Exposures with carryover, from exposures by lag (row, channel * lag); the unit stays."""
        number = len(self.channels)
        lags = X[:, :-1].reshape(len(X), number, -1)
        retention = np.broadcast_to(np.asarray(self.retention, dtype=float), number)
        weights = geometric.weights(retention, lags.shape[-1])
        return np.hstack([carry_over(lags, weights), X[:, -1:]])

    def get_feature_names_out(self, _: Any = None) -> NDArray[Any]:
        """Names of the channels, and the unit."""
        return np.array([*self.channels, "unit"], dtype=object)


class Saturation(_Transformer):
    """Saturation of exposure, in multiples of the unit's mean exposure when the channel is on.

    Parameters
    ----------
    shape : {"hill", "log1p", "sqrt"}
    half_saturation, slope : float or tuple of float
        Parameters of the Hill curve; the half-saturation point in those multiples.
    """

    def __init__(
        self,
        channels: tuple[str, ...],
        shape: str = "hill",
        half_saturation: Any = 1.0,
        slope: Any = 1.0,
    ) -> None:
        self.channels = channels
        self.shape = shape
        self.half_saturation = half_saturation
        self.slope = slope

    def fit(self, X: Array, y: Any = None) -> Self:
        """Learn each unit's mean exposure when on, or that of all units where it was never on."""
        super().fit(X)
        exposure, unit = X[:, :-1], X[:, -1].astype(int)
        self.typical_ = _mean_when_on(exposure)
        self.units_ = {int(u): _mean_when_on(exposure[unit == u], self.typical_) for u in set(unit)}
        return self

    def transform(self, X: Array) -> Array:
        """Responses (row, channel), from exposures with carryover (row, channel) and the unit."""
        unit = X[:, -1].astype(int)
        scale = np.stack([self.units_.get(int(u), self.typical_) for u in unit])
        x = X[:, :-1] / scale
        if self.shape == "log1p":
            return np.asarray(np.log1p(x))
        if self.shape == "sqrt":
            return np.asarray(np.sqrt(x))
        number = len(self.channels)
        kappa, slope = (
            np.broadcast_to(np.asarray(parameter, dtype=float), number)
            for parameter in (self.half_saturation, self.slope)
        )
        return np.asarray(hill.curve(x, kappa, slope))

    def get_feature_names_out(self, _: Any = None) -> NDArray[Any]:
        """Names of the channels."""
        return np.array(self.channels, dtype=object)


class Trend(_Transformer):
    """Powers of elapsed time, which is 0 in the first week of the fit and 1 in the last."""

    def __init__(self, degree: int = 1) -> None:
        self.degree = degree

    def fit(self, X: Array, y: Any = None) -> Self:
        """Learn the first and the last day."""
        super().fit(X)
        self.start_, self.length_ = X.min(), max(np.ptp(X), 1.0)
        return self

    def transform(self, X: Array) -> Array:
        """Powers (row, degree), from days (row, 1)."""
        elapsed = (X[:, :1] - self.start_) / self.length_
        return np.asarray(elapsed ** np.arange(1, self.degree + 1))

    def get_feature_names_out(self, _: Any = None) -> NDArray[Any]:
        """Names of the trend and its powers."""
        names = ["trend", "trend_squared"]
        return np.array(names[: self.degree], dtype=object)


class Season(_Transformer):
    """Seasonal columns.

    Parameters
    ----------
    kind : {"fourier", "month", "quarter"}
        Sine-cosine pairs, or an indicator of each month or quarter but the first.
    pairs : int
        Fourier pairs a year.
    """

    def __init__(self, kind: str = "fourier", pairs: int = 2) -> None:
        self.kind = kind
        self.pairs = pairs

    def transform(self, X: Array) -> Array:
        """Seasonal columns, from days since 1970 (row, 1)."""
        if self.kind == "fourier":
            return fourier_features(X[:, 0], self.pairs)
        month = X[:, 0].astype("datetime64[D]").astype("datetime64[M]").astype(int) % 12
        part, parts = (month, 12) if self.kind == "month" else (month // 3, 4)
        return np.asarray(part[:, None] == np.arange(1, parts), dtype=float)

    def get_feature_names_out(self, _: Any = None) -> NDArray[Any]:
        """Names of the seasonal columns."""
        if self.kind == "fourier":
            names = [f"season_{w}_{p}" for p in range(1, self.pairs + 1) for w in ("sin", "cos")]
        else:
            names = [f"{self.kind}_{part}" for part in range(2, 13 if self.kind == "month" else 5)]
        return np.array(names, dtype=object)


class Weekdays(_Transformer):
    """Indicators of the days of the week after Monday."""

    def transform(self, X: Array) -> Array:
        """Indicators, shape (row, 6), from days since 1970 (row, 1)."""
        weekday = (X[:, 0].astype(int) + 3) % 7  # 1 January 1970 was a Thursday
        return np.asarray(weekday[:, None] == np.arange(1, 7), dtype=float)

    def get_feature_names_out(self, _: Any = None) -> NDArray[Any]:
        """Names of the indicators."""
        return np.array(WEEKDAYS, dtype=object)


class LevelIndicators(_Transformer):
    """Controls; a categorical one (a few whole values) as an indicator of each level but the first.

    Parameters
    ----------
    max_levels : int
        Most values of a categorical control.
    """

    def __init__(self, names: tuple[str, ...], max_levels: int = MAX_LEVELS) -> None:
        self.names = names
        self.max_levels = max_levels

    def fit(self, X: Array, y: Any = None) -> Self:
        """Learn which controls are categorical, and their levels."""
        super().fit(X)
        self.levels_ = []
        for column in X.T:
            values = np.unique(column)
            few = 2 < len(values) <= self.max_levels
            categorical = few and bool((values == np.round(values)).all())
            self.levels_.append(values[1:] if categorical else None)
        return self

    def transform(self, X: Array) -> Array:
        """Columns, from controls (row, control); a level unknown to the fit has no indicator."""
        parts = [
            column[:, None] if levels is None else (column[:, None] == levels).astype(float)
            for column, levels in zip(X.T, self.levels_, strict=True)
        ]
        return np.hstack(parts)

    def get_feature_names_out(self, _: Any = None) -> NDArray[Any]:
        """Names of the controls and of their levels."""
        names = []
        for name, levels in zip(self.names, self.levels_, strict=True):
            names += [name] if levels is None else [f"{name}_{level:g}" for level in levels]
        return np.array(names, dtype=object)


class CentredProduct(_Transformer):
    """Product of two controls' deviations from their means."""

    def __init__(self, name: str) -> None:
        self.name = name

    def fit(self, X: Array, y: Any = None) -> Self:
        """Learn the means."""
        super().fit(X)
        self.centre_ = X.mean(0)
        return self

    def transform(self, X: Array) -> Array:
        """Product (row, 1) of two controls (row, 2)."""
        return np.asarray((X - self.centre_).prod(axis=1, keepdims=True))

    def get_feature_names_out(self, _: Any = None) -> NDArray[Any]:
        """Name of the product."""
        return np.array([self.name], dtype=object)


class ModulatedResponse(_Transformer):
    """A channel's response times the centred control or season that interacts with it.

    Parameters
    ----------
    retention, half_saturation, slope, shape
        Parameters of the channel, as in `Adstock` and `Saturation`.
    pairs : int
        Fourier pairs of the season; 0 for an interaction with a control.
    """

    def __init__(
        self,
        name: str,
        retention: float = 0.3,
        shape: str = "hill",
        half_saturation: float = 1.0,
        slope: float = 1.0,
        pairs: int = 0,
    ) -> None:
        self.name = name
        self.retention = retention
        self.shape = shape
        self.half_saturation = half_saturation
        self.slope = slope
        self.pairs = pairs

    def fit(self, X: Array, y: Any = None) -> Self:
        """Learn the channel's mean exposure when on, and the mean of the control or season."""
        super().fit(X)
        channels = (self.name,)
        self.adstock_ = Adstock(channels, self.retention)
        self.saturation_ = Saturation(channels, self.shape, self.half_saturation, self.slope)
        self.saturation_.fit(self.adstock_.transform(X[:, 1:]))
        self.centre_ = self._modulator(X).mean(0)
        return self

    def transform(self, X: Array) -> Array:
        """Products, from the control (or the day), the channel's lags and the unit."""
        response = self.saturation_.transform(self.adstock_.transform(X[:, 1:]))
        return np.asarray(response * (self._modulator(X) - self.centre_))

    def _modulator(self, X: Array) -> Array:
        return fourier_features(X[:, 0], self.pairs) if self.pairs else X[:, :1]

    def get_feature_names_out(self, _: Any = None) -> NDArray[Any]:
        """Names of the products."""
        number = max(1, 2 * self.pairs)
        names = [self.name] if number == 1 else [f"{self.name}_{k + 1}" for k in range(number)]
        return np.array(names, dtype=object)


def passthrough(name: str) -> FunctionTransformer:
    """Transformer that names one column and leaves it as it is."""
    return FunctionTransformer(feature_names_out=lambda *_: np.array([name], dtype=object))


def unit_indicators(units: tuple[str, ...]) -> OneHotEncoder:
    """Encoder from a unit's position (row, 1) to an indicator of each unit but the first."""
    names = dict(enumerate(units))
    return OneHotEncoder(
        categories=[np.arange(len(units), dtype=float)],
        drop="first",
        sparse_output=False,
        feature_name_combiner=lambda _, position: f"unit_{names.get(position, position)}",
    )


def fourier_features(day: Array, pairs: int) -> Array:
    """Fourier columns, shape (row, 2 * pairs).

    Parameters
    ----------
    day : array, shape (row,)
        Days since 1970.
    pairs : int
        Fourier pairs a year.
    """
    time = xr.DataArray(day.astype("datetime64[D]").astype("datetime64[ns]"), dims="row")
    return np.stack([part.values for part in fourier_columns(time, pairs).values()], 1)


def _mean_when_on(exposure: Array, otherwise: Array | float = 1.0) -> Array:
    """Mean of the positive exposures of each channel, shape (channel,)."""
    on = exposure > 0
    mean = exposure.sum(0) / np.maximum(on.sum(0), 1)
    return np.where(on.any(0), mean, otherwise)
