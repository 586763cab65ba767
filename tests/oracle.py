"""The models' equations as explicit loops, written from their definitions alone.

Exposures are multiples of their mean when on over the fitted weeks; weeks before the table had
the fitted weeks' mean, or nothing of a channel that starts inside the table. A sample is a
dictionary of a model's free parameters.
"""

import math
from statistics import NormalDist
from typing import Any

import numpy as np
from builds import Built
from scipy import stats

Sample = dict[str, Any]
MEDIATED = ("video", "social")
CAUSES = {
    "no_mediation": (),
    "full_mediation": MEDIATED,
    "partial_mediation": MEDIATED,
    "time_varying": MEDIATED,
}


def active_mean(built: Built, unit: int, channel: int) -> float:
    """Mean exposure over the fitted weeks in which the channel is on."""
    span = built.design.dataset.data["exposure"].values[built.design.weeks, unit, channel]
    on = [x for x in span if x > 0]
    return sum(on) / len(on)


def before_table(built: Built) -> np.ndarray:
    """Exposure of a week before the table, shape (unit, channel)."""
    design = built.design
    exposure = design.dataset.data["exposure"].values[: design.weeks.stop]
    mean = exposure[design.weeks].mean(0)
    for unit, channel in np.ndindex(mean.shape):
        ran = "".join("1" if x > 0 else "0" for x in exposure[:, unit, channel])
        off_at_first = len(ran) - len(ran.lstrip("0"))
        longest_pause = max(map(len, ran.strip("0").split("1")))
        if off_at_first > longest_pause or off_at_first >= design.form.max_lag:
            mean[unit, channel] = 0.0
    return mean


def history(built: Built) -> np.ndarray:
    """Exposures (max_lag - 1 + time, unit, channel) in active means."""
    exposure = built.design.dataset.data["exposure"].values
    weeks, back = built.design.weeks, built.design.form.max_lag - 1
    rows = []
    for row in range(weeks.start - back, weeks.stop):
        before = row < 0
        rows.append(before_table(built) if before else exposure[row])
    path = np.array(rows, dtype=float)
    for unit in range(path.shape[1]):
        for channel in range(path.shape[2]):
            path[:, unit, channel] /= active_mean(built, unit, channel)
    return path


def response(series: np.ndarray, alpha: float, kappa: float, slope: float, lags: int) -> np.ndarray:
    """hill(adstock) of a series that begins with ``lags - 1`` weeks of history."""
    weights = [alpha**lag for lag in range(lags)]
    out = []
    for week in range(lags - 1, len(series)):
        stock = sum(weights[lag] * series[week - lag] for lag in range(lags)) / sum(weights)
        out.append(stock**slope / (kappa**slope + stock**slope) if stock > 0 else 0.0)
    return np.array(out)


def shape_parameters(
    built: Built, sample: Sample, *, mediation: bool
) -> list[tuple[float, float, float]]:
    """Retention, half-saturation and slope of every channel, or of every cause."""
    if mediation and built.name in ("partial_mediation", "time_varying"):
        names = ("mediation_alpha", "mediation_kappa", "mediation_slope")
        return [tuple(sample[name][cause] for name in names) for cause in range(2)]  # type: ignore[misc]
    names = ("adstock_alpha", "saturation_kappa", "saturation_slope")
    channels = list(built.design.dataset.channels)
    chosen = CAUSES[built.name] if mediation else channels
    return [
        tuple(sample[name][channels.index(channel)] for name in names)  # type: ignore[misc]
        for channel in chosen
    ]


def shares(built: Built, sample: Sample) -> list[float]:
    """Mean contribution of every channel to the outcome; a cause's is 0 in full mediation."""
    channels = list(built.design.dataset.channels)
    for name in ("log_beta", "log_beta_direct"):
        if name in sample:
            values = iter(sample[name])
            without = CAUSES[built.name] if name == "log_beta_direct" else ()
            return [0.0 if label in without else math.exp(next(values)) for label in channels]
    if "media_share" not in sample and "beta_direct" not in sample:
        return list(sample["beta"])
    if "beta_direct" in sample and "media_share" not in sample:
        direct = iter(sample["beta_direct"])
        return [0.0 if name in CAUSES[built.name] else next(direct) for name in channels]
    absent = CAUSES[built.name] if built.name == "full_mediation" else ()
    spend = built.design.dataset.data["spend"].values[built.design.weeks].sum((0, 1))
    average = [amount for amount in spend if amount > 0]
    spend = [amount if amount > 0 else sum(average) / len(average) for amount in spend]
    returns = iter(sample["media_division"])
    worth = [
        0.0 if name in absent else spend[c] * math.exp(next(returns))
        for c, name in enumerate(channels)
    ]
    return [float(sample["media_share"]) * value / sum(worth) for value in worth]


def elapsed(built: Built) -> list[float]:
    """Time by week: 0 in the first fitted week, 1 in the last."""
    last = built.design.weeks.stop - built.design.weeks.start - 1
    return [week / last for week in range(last + 1)]


def effect_walk(built: Built, sample: Sample) -> np.ndarray:
    """Effectiveness of each channel (time, channel); 1 where it is constant.

    Eight steps of a walk in the fitted weeks, straight lines between its knots, mean 0 over time.
    """
    channels = len(built.design.dataset.channels)
    out = np.ones((len(elapsed(built)), channels))
    if built.name != "time_varying":
        return out
    for channel in range(channels):
        knots = [0.0]
        for step in range(8):
            shared = sample["effectiveness_step"][step]
            own_step = sample["effectiveness_own_step"][channel, step]
            knots.append(knots[-1] + (shared + own_step) / math.sqrt(8))
        mean = sum((knots[k] + knots[k + 1]) / 2 for k in range(8)) / 8
        for week, time in enumerate(elapsed(built)):
            before = min(int(time * 8), 7)
            along = time * 8 - before
            walk = knots[before] * (1 - along) + knots[before + 1] * along
            out[week, channel] = math.exp(walk - mean)
    return out


def media(
    built: Built,
    path: np.ndarray,
    parameters: list[tuple[float, float, float]],
    share: list[float],
    positions: list[int],
    effectiveness: np.ndarray | None = None,
) -> np.ndarray:
    """Sum of share (f / mean(f) - 1), f's mean that of the observed history over all units.

    f is the response, times a channel's effectiveness (time, unit, channel) where there is one.
    """
    lags = built.design.form.max_lag
    fact = history(built)
    units = fact.shape[1]
    out = np.zeros((len(path) - lags + 1, units))
    for (alpha, kappa, slope), amount, channel in zip(parameters, share, positions, strict=True):
        factors = [
            1.0 if effectiveness is None else effectiveness[:, u, channel] for u in range(units)
        ]
        observed = [
            factors[u] * response(fact[:, u, channel], alpha, kappa, slope, lags)
            for u in range(units)
        ]
        mean = np.mean(observed)
        for unit in range(units):
            now = factors[unit] * response(path[:, unit, channel], alpha, kappa, slope, lags)
            out[:, unit] += amount * (now / mean - 1)
    return out


def standardised(built: Built, name: str) -> np.ndarray:
    """Column (time, unit) of a control or season, centred by unit and scaled over all units."""
    data = built.design.dataset.data.isel(time=built.design.weeks)
    units = data.sizes["unit"]
    if name in ("sin", "cos"):
        days = (data["time"].values - np.datetime64("2000-01-01")) / np.timedelta64(1, "D")
        wave = getattr(math, name)
        column = [[wave(2 * math.pi * day / 365.25)] * units for day in days]
    else:
        log = built.design.dataset.description.controls[name].transform == "log"
        raw = data["controls"].sel(control=name).values
        column = [[math.log(x) if log else x for x in week] for week in raw]
    deviations = np.array(column) - np.mean(column, axis=0)
    return deviations / math.sqrt(np.mean(deviations**2))


def effectiveness(built: Built, sample: Sample) -> np.ndarray | None:
    """Factor on each channel (time, unit, channel): its walk, and the interactions of `OWNED`."""
    if built.name != "time_varying" and "modulation_effect" not in sample:
        return None
    units = built.design.arrays.sizes["unit"]
    walk = np.repeat(effect_walk(built, sample)[:, None], units, axis=1)
    if "modulation_effect" not in sample:
        return walk
    delta = sample["modulation_effect"]  # in the description's order, sine before cosine
    tv = np.exp(delta[0] * standardised(built, "promotion"))
    social = delta[1] * standardised(built, "price")
    social = social + delta[2] * standardised(built, "sin") + delta[3] * standardised(built, "cos")
    unchanged = np.ones(tv.shape)
    return walk * np.stack(
        [np.exp(social), unchanged, unchanged, tv], -1
    )  # social, video, search, tv


def baseline(built: Built, sample: Sample, prefix: str, covariates: np.ndarray) -> np.ndarray:
    out = np.zeros(covariates.shape[:2])
    times = elapsed(built)
    for week in range(out.shape[0]):
        for unit in range(out.shape[1]):
            out[week, unit] = sample[f"{prefix}intercept"][unit]
            for column, effect in enumerate(sample[f"{prefix}covariate_effect"]):
                out[week, unit] += covariates[week, unit, column] * effect
            for bend, change in enumerate(sample.get(f"{prefix}trend_change", [])):
                changepoint = (bend + 1) / 10
                out[week, unit] += change * max(0.0, times[week] - changepoint)
                if changepoint < 1:  # less its mean over the fitted weeks
                    out[week, unit] -= change * (1 - changepoint) ** 2 / 2
    return out


def outcome_mean(built: Built) -> np.ndarray:
    """The mean outcome of each unit."""
    observed = built.design.dataset.data["outcome"].values[built.design.weeks]
    return np.array([sum(y) / len(y) for y in observed.T])


def outcome_scale(built: Built) -> np.ndarray:
    """Four standard deviations of each unit's outcome; under the log link its geometric mean.

    Of the weeks above a floor then, and for a hurdle of what they are above it.
    """
    form = built.design.form
    observed = built.design.dataset.data["outcome"].values[built.design.weeks]
    if form.link != "log":
        return np.array([4 * np.std(y) for y in observed.T])
    floor = -math.inf if form.floor is None else form.floor
    less = form.floor if is_hurdle(built) else 0.0
    return np.array([stats.gmean([v - less for v in y if v > floor]) for y in observed.T])


def is_hurdle(built: Built) -> bool:
    """Whether the outcome has a floor and an equation for being above it."""
    return built.design.form.floor is not None and built.design.form.at_floor == "hurdle"


def location_under(
    built: Built, sample: Sample, path: np.ndarray, covariates: np.ndarray | None = None
) -> np.ndarray:
    """outcome_location (time, unit); for a hurdle, outcome_level."""
    if covariates is None:
        covariates = built.design.arrays["covariates"].values
    predictor = baseline(built, sample, "", covariates) + media(
        built,
        path,
        shape_parameters(built, sample, mediation=False),
        shares(built, sample),
        list(range(path.shape[2])),
        effectiveness(built, sample),
    )
    form = built.design.form
    if form.link == "log":
        return outcome_scale(built) * np.exp(predictor)
    location = outcome_mean(built) + outcome_scale(built) * predictor
    if form.likelihood == "lognormal":
        width = 0.05 * outcome_mean(built)
        location = width * np.logaddexp(0.0, location / width)
    return location


def outcome_on(built: Built, sample: Sample, path: np.ndarray) -> np.ndarray:
    """Probability (time, unit) that a hurdle's outcome is above its floor."""
    covariates = built.design.arrays["covariates"].values
    log_level = np.log(location_under(built, sample, path) / outcome_scale(built))
    logit = baseline(built, sample, "outcome_on_", covariates)
    return 1 / (1 + np.exp(-(logit + sample["outcome_on_slope"] * log_level)))


def disturbance(built: Built, sample: Sample) -> Any:
    """Distribution of a disturbance in standard deviations."""
    if built.design.form.likelihood == "student_t":
        return stats.t(float(sample["nu"]))
    return stats.norm()


def latent_outcomes(built: Built, sample: Sample, ranks: np.ndarray, sides: np.ndarray) -> Any:
    """Latent outcome of each week, and its side of the hurdle, from uniforms in (0, 1).

    ``ranks`` (time, unit) place a week at the floor among what it could have been, ``sides`` place
    a week of a hurdle on its side of the probability of being above the floor.
    """
    form, floor = built.design.form, built.design.form.floor
    observed = built.design.dataset.data["outcome"].values[built.design.weeks]
    location = location_under(built, sample, history(built))
    sigma, standard = float(sample["sigma"]), disturbance(built, sample)
    logged = form.link == "log" or form.likelihood == "lognormal"
    latent, side = observed.copy(), np.zeros(observed.shape)
    on = outcome_on(built, sample, history(built)) if is_hurdle(built) else None
    for week, unit in np.ndindex(*observed.shape):
        centre, rank = location[week, unit], ranks[week, unit]
        scale = sigma if logged else sigma * outcome_scale(built)[unit]
        middle = math.log(centre) if logged else centre
        if on is not None:
            p, u = on[week, unit], sides[week, unit]
            above = observed[week, unit] > floor
            side[week, unit] = u * p if above else p + u * (1 - p)
            latent[week, unit] -= floor
            share = 1.0
        else:
            edge = math.log(floor) if logged else floor
            share = standard.cdf((edge - middle) / scale)
        if observed[week, unit] <= floor:
            value = middle + scale * standard.ppf(rank * share)
            latent[week, unit] = math.exp(value) if logged else value
    return latent, side


def floored_outcome(built: Built, sample: Sample, path: np.ndarray, unseen: Any) -> np.ndarray:
    """Outcome (time, unit) under another path, given the result of `latent_outcomes`."""
    floor = built.design.form.floor
    latent, side = unseen
    location = location_under(built, sample, history(built))
    other_location = location_under(built, sample, path)
    on = outcome_on(built, sample, path) if is_hurdle(built) else None
    out = np.zeros(latent.shape)
    for cell in np.ndindex(*latent.shape):
        outcome = (
            latent[cell] * other_location[cell] / location[cell]
            if is_multiplicative(built)
            else latent[cell] + other_location[cell] - location[cell]
        )
        if on is None:
            out[cell] = max(floor, outcome)
        else:
            out[cell] = floor + outcome if side[cell] < on[cell] else floor
    return out


def mediator_nodes(
    built: Built, sample: Sample, path: np.ndarray, covariates: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """mediator_location and, for a hurdle, mediator_on and mediator_level, all (time, unit)."""
    design = built.design
    if covariates is None:
        covariates = design.arrays["covariates"].values
    channels = list(design.dataset.channels)
    causes = [channels.index(cause) for cause in CAUSES[built.name]]
    parameters = shape_parameters(built, sample, mediation=True)
    predictor = baseline(built, sample, "mediator_", covariates) + media(
        built, path, parameters, list(sample["gamma"]), causes
    )
    spent = design.dataset.data["exposure"].values[design.weeks, :, channels.index("search")]
    if design.form.mediator_likelihood == "normal":
        return {"mediator_location": spent.mean(0) * predictor}
    scale = np.array([stats.gmean(column[column > 0]) for column in spent.T])
    logit = baseline(built, sample, "mediator_on_", covariates) + media(
        built, path, parameters, list(sample["gamma_on"]), causes
    )
    on, level = 1 / (1 + np.exp(-logit)), scale * np.exp(predictor)
    mean = on * level * math.exp(sample["mediator_sigma"] ** 2 / 2)
    return {"mediator_location": mean, "mediator_on": on, "mediator_level": level}


def mediator_under(built: Built, sample: Sample, path: np.ndarray, ties: np.ndarray) -> np.ndarray:
    """The mediator's history, in active means, when its causes follow a path.

    ``ties`` (time, unit) are the uniforms that place an off week within its point mass.
    """
    design = built.design
    mediator = design.dataset.channels.index("search")
    back = design.form.max_lag - 1
    observed = design.dataset.data["exposure"].values[design.weeks, :, mediator]
    fact, other = (mediator_nodes(built, sample, p) for p in (history(built), path))
    changed = np.zeros(observed.shape)
    for week in range(observed.shape[0]):
        for unit in range(observed.shape[1]):
            y = observed[week, unit]
            if "mediator_on" not in fact:
                drop = (
                    fact["mediator_location"][week, unit] - other["mediator_location"][week, unit]
                )
                changed[week, unit] = max(0.0, y - drop)
                continue
            sigma = sample["mediator_sigma"]
            on, on_other = (nodes["mediator_on"][week, unit] for nodes in (fact, other))
            median, median_other = (nodes["mediator_level"][week, unit] for nodes in (fact, other))
            if y > 0:
                rank = (1 - on) + on * NormalDist(math.log(median), sigma).cdf(math.log(y))
            else:
                rank = ties[week, unit] * (1 - on)
            if rank > 1 - on_other:
                given_on = (rank - (1 - on_other)) / on_other
                log = NormalDist(math.log(median_other), sigma).inv_cdf(given_on)
                changed[week, unit] = math.exp(log)
    for unit in range(observed.shape[1]):
        changed[:, unit] /= active_mean(built, unit, mediator)
    fact_path = history(built)[:, :, mediator]
    before = fact_path[:back] + (changed - fact_path[back:]).mean(0)
    return np.concatenate([np.maximum(before, 0.0), changed])


def is_multiplicative(built: Built) -> bool:
    """Whether the outcome's disturbance is multiplicative."""
    return built.design.form.link == "log" or built.design.form.likelihood == "lognormal"


def change(built: Built, fact: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Outcome at one location less outcome at another, each week with its own disturbance."""
    if not is_multiplicative(built):
        return first - second
    observed = built.design.dataset.data["outcome"].values[built.design.weeks]
    return observed * (np.exp(np.log(first) - np.log(fact)) - np.exp(np.log(second) - np.log(fact)))


def effects(
    built: Built, sample: Sample, channel: str, ties: np.ndarray, unseen: Any = None
) -> dict[str, np.ndarray]:
    """Weekly total, direct and indirect effect of a channel, and gain from one per cent more."""

    def as_it_was(exposure: np.ndarray) -> np.ndarray:
        return exposure

    found = contrast(built, sample, channel, ties, np.zeros_like, as_it_was, unseen)
    more = contrast(built, sample, channel, ties, as_it_was, lambda x: 1.01 * x, unseen)
    return found | {"more": more["total"]}


def contrast(
    built: Built, sample: Sample, channel: str, ties: np.ndarray, low: Any, high: Any,
    unseen: Any = None,
) -> dict[str, np.ndarray]:  # fmt: skip
    """Weekly effects of a channel's exposure at `high` against `low`, functions of what it was."""
    index = built.design.dataset.channels.index(channel)
    middle = built.design.dataset.channels.index("search")

    def path(own: Any, through: Any) -> np.ndarray:
        """Exposure with the channel's own, and the mediator as another of the channel makes it."""
        changed, caused = history(built), history(built)
        changed[..., index] = own(changed[..., index])
        if channel in CAUSES[built.name]:
            caused[..., index] = through(caused[..., index])
            changed[..., middle] = mediator_under(built, sample, caused, ties)
        return changed

    top, held, bottom = path(high, high), path(high, low), path(low, low)
    if unseen is not None:
        top, held, bottom = (floored_outcome(built, sample, p, unseen) for p in (top, held, bottom))
        return {"total": top - bottom, "direct": held - bottom, "indirect": top - held}
    fact = location_under(built, sample, history(built))
    top, held, bottom = (location_under(built, sample, p) for p in (top, held, bottom))
    return {
        "total": change(built, fact, top, bottom),
        "direct": change(built, fact, held, bottom),
        "indirect": change(built, fact, top, held),
    }
