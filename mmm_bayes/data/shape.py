"""Statistics of the shape of a distribution and of the dependence between columns, on arrays.

References
----------
.. [1] Silverman, B. W. (1986). Density Estimation for Statistics and Data Analysis, section 3.4.2.
.. [2] Bartlett, M. S. (1935). Some aspects of the time-correlation problem in regard to tests of
       significance. Journal of the Royal Statistical Society 98(3).
.. [3] Fisher, R. A. (1921). On the 'probable error' of a coefficient of correlation deduced from
       a small sample. Metron 1.
.. [4] Marquardt, D. W. (1970). Generalized inverses, ridge regression, biased linear estimation,
       and nonlinear estimation. Technometrics 12(3).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Correlation(NamedTuple):
    """A correlation and its 90% confidence interval.

    Attributes
    ----------
    r : float
        The correlation, in [-1, 1].
    lower, upper : float
        Ends of the interval.
    """

    r: float
    lower: float
    upper: float


def count_modes(values: Floats) -> int:
    """Number of modes of a sample.

    A mode is a peak of the Gaussian kernel density estimate whose prominence is at least 0.15 of
    the highest peak. The bandwidth is Silverman's, 0.9 min(sd, IQR / 1.34) n^(-1/5) [1]_, which is
    about right for one normal mode and too smooth for several, so the count errs towards one. In
    simulated samples of size 104 it finds more than one mode in under 1% from a normal, a t3 or a
    log exponential, in 16% from a uniform, and in 95% from two equal normals 4 sd apart.

    Parameters
    ----------
    values : array, shape (n,)
        The sample, not constant.
    """
    quarter, three_quarters = np.quantile(values, [0.25, 0.75])
    spread = values.std(ddof=1)
    robust = (three_quarters - quarter) / 1.34
    width = 0.9 * (min(spread, robust) or spread) * len(values) ** -0.2
    # A finer grid shows no more peaks; the cap bounds the memory that an extreme outlier can take.
    points = min(4096, int((np.ptp(values) + 6 * width) / (0.1 * width)) + 1)
    grid = np.linspace(values.min() - 3 * width, values.max() + 3 * width, points)
    density = np.exp(-0.5 * ((grid[:, None] - values) / width) ** 2).sum(axis=1)
    return _prominent_peaks(density / density.max(), prominence=0.15)


def _prominent_peaks(heights: Floats, *, prominence: float) -> int:
    """Number of peaks that rise at least `prominence` above the valleys around them.

    In one pass: a peak counts once the curve has fallen that far below it, and the next peak can
    begin once the curve has risen that far above the valley.
    """
    count, climbing, low, high = 0, True, heights[0], heights[0]
    for height in heights:
        low, high = min(low, height), max(high, height)
        if climbing and height <= high - prominence:
            count, climbing, low = count + 1, False, height
        elif not climbing and height >= low + prominence:
            climbing, high = True, height
    return count


def skewness(values: Floats) -> float:
    """Third standardised moment of a sample.

    Parameters
    ----------
    values : array, shape (n,)
    """
    centred = values - values.mean()
    return float((centred**3).mean() / (centred**2).mean() ** 1.5)


def correlations(columns: Floats) -> Floats:
    """Correlations within units.

    Parameters
    ----------
    columns : array, shape (time, unit, column)
        Each unit's own mean is subtracted first: a model with an intercept per unit learns nothing
        from differences between units.

    Returns
    -------
    array, shape (column, column)
        NaN in the row and column of a column that never varies.
    """
    centred = _within(columns)
    norms = np.sqrt((centred**2).sum(axis=0))
    norms = np.where(
        norms > 1e-9 * np.sqrt(len(centred)) * np.abs(columns).max(axis=(0, 1)), norms, np.nan
    )
    standard = centred / norms
    return np.clip(standard.T @ standard, -1.0, 1.0)


def variance_inflation(columns: Floats) -> Floats:
    """Variance inflation factors, 1 / (1 - R²) of each column regressed on the others [4]_.

    Parameters
    ----------
    columns : array, shape (time, unit, column)

    Returns
    -------
    array, shape (column,)
        Infinite for a linear combination of the others, NaN for a column that never varies.
    """
    matrix = correlations(columns)
    varies = ~np.isnan(np.diag(matrix))
    standard = _within(columns)[:, varies]
    standard = standard / np.sqrt((standard**2).sum(axis=0))
    factors = np.full(len(matrix), np.nan)
    for position, column in enumerate(np.flatnonzero(varies)):
        others = np.delete(standard, position, axis=1)
        residual = (
            standard[:, position] - others @ np.linalg.lstsq(others, standard[:, position])[0]
        )
        unexplained = float(residual @ residual)
        factors[column] = 1 / unexplained if unexplained > 1e-12 else np.inf
    return factors


def correlation_with_interval(x: Floats, y: Floats) -> Correlation:
    """Correlation within units and its 90% confidence interval by Fisher's z [3]_.

    Consecutive weeks are not independent, so n is replaced by n (1 - a b) / (1 + a b), but never
    increased, where a and b are the lag-1 autocorrelations of the two series [2]_.

    Parameters
    ----------
    x, y : array, shape (time, unit)
        Not constant.
    """
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    r = float(np.clip((x * y).sum() / np.sqrt((x**2).sum() * (y**2).sum()), -1, 1))
    a, b = ((s[1:] * s[:-1]).sum() / (s**2).sum() for s in (x, y))
    size = max(4.0, x.size * min(1.0, (1 - a * b) / (1 + a * b)))
    half = 1.6448536269514722 / np.sqrt(size - 3)
    z = np.arctanh(np.clip(r, -1 + 1e-12, 1 - 1e-12))
    return Correlation(r, float(np.tanh(z - half)), float(np.tanh(z + half)))


def _within(columns: Floats) -> Floats:
    """Columns less each unit's mean, with time and unit folded into one axis."""
    centred = columns - columns.mean(axis=0)
    return centred.reshape(-1, columns.shape[-1])
