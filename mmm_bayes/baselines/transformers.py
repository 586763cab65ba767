"""What scikit-learn lacks for media: transformers that learn from the rows of their fit alone.

Columns come as `mmm_bayes.baselines.rows` lays them out; where a transformer needs the unit, it is
the last column.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from mmm_bayes.design import seasons
from mmm_bayes.transforms import carry_over, geometric_weights, hill

Array = NDArray[np.float64]

#: A control with so many values or fewer, more than two and all of them whole, is a set of levels.
LEVELS = 6


class _Transformer(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """What all have: a fit that learns nothing unless it says so."""

    def fit(self, X: Array, y: Any = None) -> Self:
        """Learn from these rows."""
        self.n_features_in_ = X.shape[1]
        return self


class Adstock(_Transformer):
    """Geometric carryover of several channels.

    Parameters
    ----------
    channels : tuple of str
    retention : float or tuple of float
        Of all channels, or of each; in [0, 1).
    """

    def __init__(self, channels: tuple[str, ...], retention: Any = 0.3) -> None:
        self.channels = channels
        self.retention = retention

    def transform(self, X: Array) -> Array:
        """Exposures by lag (row, channel * lag) and unit, to those with carryover and unit."""
        number = len(self.channels)
        lags = X[:, :-1].reshape(len(X), number, -1)
        retention = np.broadcast_to(np.asarray(self.retention, dtype=float), number)
        weights = geometric_weights(retention, lags.shape[-1])
        return np.hstack([carry_over(lags, weights), X[:, -1:]])

    def get_feature_names_out(self, _: Any = None) -> NDArray[Any]:
        """The channels, and the unit."""
        return np.array([*self.channels, "unit"], dtype=object)


class Saturation(_Transformer):
    """Diminishing returns of exposure, in multiples of what the unit's channel has when it is on.

    Parameters
    ----------
    channels : tuple of str
    shape : {"hill", "log1p", "sqrt"}
    half_saturation, slope : float or tuple of float
        Of Hill's curve; the half-saturation point in those multiples.
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
        """Learn each unit's mean exposure when on; that of all units where a unit has none."""
        super().fit(X)
        exposure, unit = X[:, :-1], X[:, -1].astype(int)
        self.typical_ = _mean_when_on(exposure)
        self.units_ = {int(u): _mean_when_on(exposure[unit == u], self.typical_) for u in set(unit)}
        return self

    def transform(self, X: Array) -> Array:
        """Exposures with carryover (row, channel) and the unit, to responses (row, channel)."""
        unit = X[:, -1].astype(int)
        scale = np.stack([self.units_.get(int(u), self.typical_) for u in unit])
        x = X[:, :-1] / scale
        if self.shape == "log1p":
            return np.asarray(np.log1p(x))
        if self.shape == "sqrt":
            return np.asarray(np.sqrt(x))
        number = len(self.channels)
        kappa, slope = (
            np.broadcast_to(np.asarray(each, dtype=float), number)
            for each in (self.half_saturation, self.slope)
        )
        return np.asarray(hill(x, kappa, slope))

    def get_feature_names_out(self, _: Any = None) -> NDArray[Any]:
        """The channels."""
        return np.array(self.channels, dtype=object)


class Trend(_Transformer):
    """Powers of the time since the first week learned from, which is 0; the last is 1.

    Parameters
    ----------
    degree : int
    """

    def __init__(self, degree: int = 1) -> None:
        self.degree = degree

    def fit(self, X: Array, y: Any = None) -> Self:
        """Learn the first and the last day."""
        super().fit(X)
        self.start_, self.length_ = X.min(), max(np.ptp(X), 1.0)
        return self

    def transform(self, X: Array) -> Array:
        """Days (row, 1) to powers (row, degree)."""
        elapsed = (X[:, :1] - self.start_) / self.length_
        return np.asarray(elapsed ** np.arange(1, self.degree + 1))

    def get_feature_names_out(self, _: Any = None) -> NDArray[Any]:
        """The trend and its powers."""
        names = ["trend", "trend_squared"]
        return np.array(names[: self.degree], dtype=object)


class Season(_Transformer):
    """The time of the year.

    Parameters
    ----------
    kind : {"fourier", "month", "quarter"}
        Sine-cosine pairs, or an indicator of each month or quarter but the first.
    pairs : int
        Of sine and cosine; 1 is the sine and cosine of the week of the year.
    """

    def __init__(self, kind: str = "fourier", pairs: int = 2) -> None:
        self.kind = kind
        self.pairs = pairs

    def transform(self, X: Array) -> Array:
        """Days since 1970 (row, 1) to columns."""
        if self.kind == "fourier":
            return fourier(X[:, 0], self.pairs)
        month = X[:, 0].astype("datetime64[D]").astype("datetime64[M]").astype(int) % 12
        part, parts = (month, 12) if self.kind == "month" else (month // 3, 4)
        return np.asarray(part[:, None] == np.arange(1, parts), dtype=float)

    def get_feature_names_out(self, _: Any = None) -> NDArray[Any]:
        """The columns."""
        if self.kind == "fourier":
            names = [f"season_{w}_{p}" for p in range(1, self.pairs + 1) for w in ("sin", "cos")]
        else:
            names = [f"{self.kind}_{part}" for part in range(2, 13 if self.kind == "month" else 5)]
        return np.array(names, dtype=object)


class Levels(_Transformer):
    """Controls; one with a few whole values (kinds of promotions) as an indicator of each but one.

    Parameters
    ----------
    names : tuple of str
    most : int
        Values that a control of levels may have.
    """

    def __init__(self, names: tuple[str, ...], most: int = LEVELS) -> None:
        self.names = names
        self.most = most

    def fit(self, X: Array, y: Any = None) -> Self:
        """Learn which controls have levels, and which levels."""
        super().fit(X)
        self.levels_ = []
        for column in X.T:
            found = np.unique(column)
            few = 2 < len(found) <= self.most and bool((found == np.round(found)).all())
            self.levels_.append(found[1:] if few else None)
        return self

    def transform(self, X: Array) -> Array:
        """Controls (row, control) to columns; a level never seen has no indicator."""
        parts = [
            column[:, None] if levels is None else (column[:, None] == levels).astype(float)
            for column, levels in zip(X.T, self.levels_, strict=True)
        ]
        return np.hstack(parts)

    def get_feature_names_out(self, _: Any = None) -> NDArray[Any]:
        """The controls, and their levels."""
        names = []
        for name, levels in zip(self.names, self.levels_, strict=True):
            names += [name] if levels is None else [f"{name}_{level:g}" for level in levels]
        return np.array(names, dtype=object)


class Product(_Transformer):
    """The product of two controls' deviations from their means.

    Parameters
    ----------
    name : str
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def fit(self, X: Array, y: Any = None) -> Self:
        """Learn the means."""
        super().fit(X)
        self.centre_ = X.mean(0)
        return self

    def transform(self, X: Array) -> Array:
        """Two controls (row, 2) to their product (row, 1)."""
        return np.asarray((X - self.centre_).prod(axis=1, keepdims=True))

    def get_feature_names_out(self, _: Any = None) -> NDArray[Any]:
        """The product."""
        return np.array([self.name], dtype=object)


class Changed(_Transformer):
    """A channel's response times what changes it, centred.

    Parameters
    ----------
    name : str
    retention, half_saturation, slope, shape
        Of the channel, as in `Adstock` and `Saturation`.
    pairs : int
        Fourier pairs of the season that changes it; 0 where a control does.
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
        """Learn the channel's typical exposure, and the mean of what changes it."""
        super().fit(X)
        one = (self.name,)
        self.carried_ = Adstock(one, self.retention)
        self.response_ = Saturation(one, self.shape, self.half_saturation, self.slope)
        self.response_.fit(self.carried_.transform(X[:, 1:]))
        self.centre_ = self._by(X).mean(0)
        return self

    def transform(self, X: Array) -> Array:
        """The control (or the day), the channel's lags and the unit, to products."""
        response = self.response_.transform(self.carried_.transform(X[:, 1:]))
        return np.asarray(response * (self._by(X) - self.centre_))

    def _by(self, X: Array) -> Array:
        return fourier(X[:, 0], self.pairs) if self.pairs else X[:, :1]

    def get_feature_names_out(self, _: Any = None) -> NDArray[Any]:
        """The products."""
        number = max(1, 2 * self.pairs)
        names = [self.name] if number == 1 else [f"{self.name}_{k + 1}" for k in range(number)]
        return np.array(names, dtype=object)


class Named(_Transformer):
    """Columns as they are.

    Parameters
    ----------
    names : tuple of str
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names

    def transform(self, X: Array) -> Array:
        """The same."""
        return X

    def get_feature_names_out(self, _: Any = None) -> NDArray[Any]:
        """The names given."""
        return np.array(self.names, dtype=object)


class Units(Named):
    """An indicator of each unit but the first; the names are those of the units."""

    def transform(self, X: Array) -> Array:
        """The unit's position (row, 1) to indicators."""
        return np.asarray(X[:, :1] == np.arange(1, len(self.names)), dtype=float)

    def get_feature_names_out(self, _: Any = None) -> NDArray[Any]:
        """The units."""
        return np.array([f"unit_{name}" for name in self.names[1:]], dtype=object)


def fourier(day: Array, pairs: int) -> Array:
    """Sine-cosine pairs of days since 1970, shape (row, 2 * pairs).

    Parameters
    ----------
    day : array, shape (row,)
        Days since 1970.
    pairs : int
        Sine-cosine pairs a year.
    """
    time = xr.DataArray(day.astype("datetime64[D]").astype("datetime64[ns]"), dims="row")
    return np.stack([part.values for part in seasons(time, pairs).values()], 1)


def _mean_when_on(exposure: Array, otherwise: Array | float = 1.0) -> Array:
    on = exposure > 0
    mean = exposure.sum(0) / np.maximum(on.sum(0), 1)
    return np.where(on.any(0), mean, otherwise)
