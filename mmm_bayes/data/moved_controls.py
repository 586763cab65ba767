"""Controls that media move: earlier spends predict them, and later spends do not do so as well.

A cause acts on the weeks after it. Common causes (an unseen demand, the calendar) and actions that
are planned together relate a control to spends of both sides, earlier and later, about equally; a
planner who reacts to the control relates it to later spends. So each channel enters

    control_t = base_t + b x_t + earlier sum_l a^(l-1) x_(t-l) + later sum_l a^(l-1) x_(t+l) + u_t

with l from 1 on and x the square root of its exposure, and it moves the control if `earlier`
differs from zero and, in the same direction, from `later`. The base is the calendar and the other
controls. The disturbance u is autoregressive; the same filter on both sides leaves the relation as
it is (feasible generalised least squares: Prais, Winsten 1954; leads as placebos: Sims 1972,
*Money, income, and causality*).

An effect within the week has no such direction. It is named only where it is so large, and so much
one channel's own, that a common cause is unlikely (`moving_together`).
"""

from __future__ import annotations

import numpy as np

from mmm_bayes.data.covariates import covariate_columns
from mmm_bayes.data.dataset import Dataset
from mmm_bayes.data.shape import Floats

#: Retentions of the carried exposure: half-lives of about half a week, 1.4 and 4 weeks.
RETENTIONS = (0.25, 0.6, 0.85)
#: Probability, over all channels of a control, of a relation by chance, and of an earlier one that
#: exceeds the later one by chance.
RELATED, EARLIER = 0.02, 0.03
#: Share of a control's chance that one channel's same week must explain to be named, and share of
#: distinct values from which a control counts as measured.
SAME_WEEK, DISTINCT = 0.25, 0.5
#: Order of the autoregression of the disturbance, and fewest residual degrees of freedom.
ORDER, FEWEST = 2, 20


def moved_controls(dataset: Dataset) -> dict[str, list[str]]:
    """Channels that move each control, strongest evidence first, without controls that none moves.

    A mediator, or a channel that demand sets, responds to demand, as a control may, so it does not
    count as moving one.
    """
    time = dataset.data["time"].values
    columns = covariate_columns(dataset, time[0], time[-1])
    values = columns.transpose("time", "unit", "column").values
    media = dataset.data["exposure"].transpose("time", "unit", "channel").values
    moved = (*dataset.description.mediators, *dataset.description.demanded)
    movers = [c for c, name in enumerate(dataset.channels) if name not in moved]
    found = {}
    for at, control in enumerate(dataset.description.controls):
        base = np.delete(values, at, axis=-1)
        sample = values[..., at], media[..., movers], base
        named = dict.fromkeys([*moving_channels(*sample), *moving_together(*sample)])
        if named:
            found[control] = [dataset.channels[movers[index]] for index in named]
    return found


def moving_channels(control: Floats, media: Floats, base: Floats) -> list[int]:
    """Channels whose earlier exposure predicts a control better than their later exposure does.

    Parameters
    ----------
    control : array, shape (time, unit)
        In any unit.
    media : array, shape (time, unit, channel)
        Exposure, zero or more.
    base : array, shape (time, unit, column)
        Whatever else may predict the control: the calendar and the other controls.

    Returns
    -------
    list of int
        Channels, those with the strongest evidence first. Each is tested given those before it,
        at a level that is divided by the number of channels and retentions.
    """
    from scipy.special import stdtrit

    outcome = _unit_variance(_within(control[..., None]))
    base = _unit_variance(_within(base))
    exposure = _unit_variance(_within(np.sqrt(media)))
    channels = np.flatnonzero(exposure.any(axis=(0, 1)))
    if not outcome.any() or not len(channels):
        return []
    blocks = np.stack([_sides(exposure, retention) for retention in RETENTIONS], axis=2)
    named: list[int] = []
    while True:
        coefficients = _autoregression(_residuals(outcome, base))
        response, known = (_filtered(array, coefficients) for array in (outcome, base))
        freedom = response.shape[0] - known.shape[1] - control.shape[1] - 3
        if freedom < FEWEST:
            return named
        q = _orthogonal(known)
        response = response - q @ (q.T @ response)
        if _is_rounding(response):
            return named
        least = float(stdtrit(freedom, 1 - RELATED / 2 / len(channels) / len(RETENTIONS)))
        excess_needed = float(stdtrit(freedom, 1 - EARLIER / len(channels)))
        sides, now = _filtered(blocks, coefficients), _filtered(exposure, coefficients)
        sides = sides - (q @ (q.T @ sides.reshape(len(q), -1))).reshape(sides.shape)
        now = now - q @ (q.T @ now)
        related, excess = _evidence(response[:, 0], now, sides, freedom)
        related[excess < excess_needed] = 0
        related[:, named] = 0
        if related.max() < least:
            return named
        retention, channel = np.unravel_index(related.argmax(), related.shape)
        named.append(int(channel))
        base = np.concatenate([base, blocks[:, :, retention, :, channel]], axis=-1)


def _evidence(response: Floats, now: Floats, sides: Floats, freedom: int) -> tuple[Floats, Floats]:
    """Two t statistics of each retention and channel, in the direction of the first.

    Earlier exposure, and its excess over later exposure, given the same week's.

    Parameters
    ----------
    response : array, shape (row,)
    now : array, shape (row, channel)
    sides : array, shape (row, retention, side, channel)
    """
    size = (now**2).sum(0)
    size = np.where(size > 0, size, 1.0)
    given = response[:, None] - now * (now * response[:, None]).sum(0) / size
    sides = sides - now[:, None, None] * (now[:, None, None] * sides).sum(0) / size
    early, late = sides[:, :, 0], sides[:, :, 1]
    square, other = (early**2).sum(0), (late**2).sum(0)
    product = (early * late).sum(0)
    determinant = square * other - product**2
    usable = determinant > 1e-8 * square * other
    determinant = np.where(usable, determinant, 1.0)
    with_early, with_late = ((given[:, None] * side).sum(0) for side in (early, late))
    a = (other * with_early - product * with_late) / determinant
    b = (square * with_late - product * with_early) / determinant
    left = (given**2).sum(0) - a * with_early - b * with_late
    variance = np.maximum(left, 1e-12 * (response @ response)) / freedom / determinant
    direction = np.where(usable, np.sign(a), 0.0)
    return (
        direction * a / np.sqrt(variance * np.where(usable, other, 1.0)),
        direction * (a - b) / np.sqrt(variance * np.where(usable, square + other + 2 * product, 1)),
    )


def moving_together(control: Floats, media: Floats, base: Floats) -> list[int]:
    """Channels whose exposure goes with most of a measured control's chance in the same week.

    Nothing in time separates such a relation from a common cause or a common plan. So the control
    must be measured, not set (most of its values are distinct); the relation positive, beyond the
    other channels' exposures, which tell of a common cause; and a large share of what is left.

    Parameters
    ----------
    control, media, base : array
        As `moving_channels` takes them.

    Returns
    -------
    list of int
        Channels in the table's order.
    """
    if len(np.unique(control)) < DISTINCT * control.size:
        return []
    outcome, base = (_unit_variance(_within(a)) for a in (control[..., None], base))
    exposure = _unit_variance(_within(np.sqrt(media)))
    coefficients = _autoregression(_residuals(outcome, base))
    response, known, spends = (_filtered(a, coefficients) for a in (outcome, base, exposure))
    q = _orthogonal(known)
    if len(response) - q.shape[1] - spends.shape[1] - control.shape[1] < FEWEST:
        return []
    left = np.concatenate([response, spends], axis=1)
    left = left - q @ (q.T @ left)
    if _is_rounding(left[:, 0]):
        return []
    left = _unit_variance(left[:, None])[:, 0]
    precision = np.linalg.pinv(left.T @ left, hermitian=True)
    scale = np.sqrt(np.maximum(np.diag(precision), 1e-300))
    partial = -precision[0, 1:] / scale[0] / scale[1:]
    return np.flatnonzero(partial > np.sqrt(SAME_WEEK)).tolist()


def _sides(exposure: Floats, retention: float) -> Floats:
    """Exposure carried from the weeks before this one, and its mirror image in time.

    Shape (time, unit, side, channel); outside the table a channel is at its mean, zero.
    """
    return np.stack([_carried(exposure, retention), _carried(exposure[::-1], retention)[::-1]], 2)


def _carried(exposure: Floats, retention: float) -> Floats:
    carried = np.zeros_like(exposure)
    for week in range(1, len(exposure)):
        carried[week] = exposure[week - 1] + retention * carried[week - 1]
    return carried


def _within(values: Floats) -> Floats:
    """Values less their unit's mean; exactly zero where they differ by rounding alone."""
    centred = values - values.mean(axis=0)
    differs = np.abs(centred).max(axis=0) > 1e-9 * np.abs(values).max(axis=0)
    return np.where(differs, centred, 0.0)


def _is_rounding(residuals: Floats) -> bool:
    """True if the residuals of a control with unit variance are zero but for rounding."""
    return bool(np.abs(residuals).max() < 1e-6)


def _unit_variance(values: Floats) -> Floats:
    sd = values.std(axis=(0, 1))
    return values / np.where(sd > 0, sd, 1.0)


def _residuals(outcome: Floats, base: Floats) -> Floats:
    """Residuals of least squares, shape (time, unit)."""
    q = _orthogonal(base.reshape(outcome.size, base.shape[-1]))
    flat = outcome.reshape(-1)
    return (flat - q @ (q.T @ flat)).reshape(outcome.shape[:2])


def _orthogonal(columns: Floats) -> Floats:
    """Orthonormal basis of the columns' span."""
    left, size, _ = np.linalg.svd(columns, full_matrices=False)
    return left[:, size > 1e-9 * max(size.max(initial=0.0), 1.0)]


def _autoregression(residuals: Floats) -> Floats:
    """Coefficients of the disturbance's autoregression, corrected for the bias of short tables."""
    lagged = np.stack([residuals[ORDER - lag : -lag].ravel() for lag in range(1, ORDER + 1)], -1)
    coefficients = np.linalg.lstsq(lagged, residuals[ORDER:].ravel(), rcond=None)[0]
    persistence = coefficients.sum()
    corrected = min(persistence + (1 + 3 * abs(persistence)) / len(residuals), 1.0)
    coefficients[0] += corrected - persistence
    return np.asarray(coefficients)


def _filtered(values: Floats, coefficients: Floats) -> Floats:
    """Values less what their own past predicts, within units again, with one axis of rows."""
    filtered = values[ORDER:].copy()
    for lag, coefficient in enumerate(coefficients, start=1):
        filtered -= coefficient * values[ORDER - lag : -lag]
    rows = filtered.shape[0] * filtered.shape[1]
    return _within(filtered).reshape(rows, *values.shape[2:])
