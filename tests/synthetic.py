"""Synthetic run folders, in the layout of a fit, made with NumPy alone."""

import json

import numpy as np
import pandas as pd
import xarray as xr

CHAINS, DRAWS, WEEKS, LAGS, POINTS = 2, 100, 60, 6, 15
CHANNELS = ["facebook", "tiktok", "google", "tv"]
CAUSES = ["facebook", "tiktok"]
NOISE = 1500.0  # standard deviation of a week's disturbance
STATISTICS = ["mean", "median", "sd", "lower", "upper"]


def statistics(draws):
    """Summaries over (chain, draw), statistic first."""
    over = ("chain", "draw")
    parts = [
        draws.mean(over),
        draws.median(over),
        draws.std(over),
        draws.quantile(0.05, over, skipna=False).drop_vars("quantile"),
        draws.quantile(0.95, over, skipna=False).drop_vars("quantile"),
    ]
    return xr.concat(parts, pd.Index(STATISTICS, name="statistic"))


def read_tree(path):
    """A file's groups in memory; `xarray.load_datatree` leaves out what is named like a group."""
    with xr.open_datatree(path, engine="h5netcdf") as tree:
        for node in tree.subtree:
            for variable in node.variables.values():
                variable.load()
        return tree


class Market:
    """Draws of an invented market whose parts add up, and the folder in which they are saved."""

    def __init__(self, *, mediated, units, link, seed=1, freq="7D"):
        rng = self.rng = np.random.default_rng(seed)
        self.mediated, self.link = mediated, link
        self.coords = {
            "chain": np.arange(CHAINS),
            "draw": np.arange(DRAWS),
            "time": pd.date_range("2023-01-02", periods=WEEKS, freq=freq).values,
            "unit": units,
            "channel": CHANNELS,
        }
        shape = (WEEKS, len(units))
        spend = rng.gamma(2.0, 500.0, (*shape, len(CHANNELS)))
        spend[..., 3] *= rng.random(shape) < 0.5
        self.spend = self.array(spend, "time", "unit", "channel")
        direct = 2 * self.spend * self.draws("channel", mean=[0.5, 0.3, 1.0, 0.7], sd=0.1)
        indirect = xr.zeros_like(direct)
        if mediated:
            # Facebook certainly raises the mediator; the sign of TikTok's effect is uncertain.
            slope = self.draws("channel", mean=[0.3, 0.0, 0.0, 0.0], sd=[0.03, 0.1, 1e-9, 1e-9])
            indirect = self.spend * slope * self.array(np.array([1.0, 1.0, 0.0, 0.0]), "channel")
        self.weekly = xr.Dataset(
            {"direct": direct, "indirect": indirect, "total": direct + indirect}
        ).transpose("chain", "draw", "time", "unit", "channel")
        base = 20_000 + 1000 * np.sin(np.arange(WEEKS) / 8)
        self.baseline = self.array(np.repeat(base[:, None], len(units), 1), "time", "unit")
        self.baseline = self.baseline + self.draws(mean=0.0, sd=300.0)
        self.mean = (self.baseline + direct.sum("channel")).transpose("chain", "draw", ...)
        noise = rng.normal(0, NOISE, self.mean.shape)
        self.replicated = (self.mean + noise).rename("outcome")
        self.observed = self.array(
            self.mean.mean(("chain", "draw")).values + rng.normal(0, NOISE, shape), "time", "unit"
        )

    def array(self, values, *dims):
        return xr.DataArray(values, dims=dims, coords={dim: self.coords[dim] for dim in dims})

    def draws(self, *dims, mean, sd):
        shape = (CHAINS, DRAWS, *(len(self.coords[dim]) for dim in dims))
        return self.array(self.rng.normal(mean, sd, shape), "chain", "draw", *dims)

    def positive(self, *dims, median, sigma=0.3):
        return np.exp(self.draws(*dims, mean=np.log(median), sd=sigma))

    def posterior_tree(self):
        self.coords["cause"], self.coords["control"] = CAUSES, ["price", "promotion"]
        posterior = {
            "adstock_alpha": self.draws("channel", mean=0.5, sd=0.08),
            "saturation_kappa": self.positive("channel", median=1.0),
            "saturation_slope": self.positive("channel", median=1.2),
            "beta": self.positive("channel", median=0.05),
            "control_effect": self.draws("control", mean=[-0.1, 0.02], sd=0.02),
            "sigma": self.positive(median=0.06),
            "outcome_location": self.mean,
        }
        money = self.spend.mean("time").sum("unit")
        money = money / money.sum()
        returns = np.log(posterior["beta"] / money)
        posterior["media_share"] = posterior["beta"].sum("channel")
        posterior["media_division"] = returns - returns.mean("channel")
        prior = {
            name: values.isel(chain=[0]) * 1.5
            for name, values in posterior.items()
            if name != "outcome_location"
        }
        groups = {
            "sample_stats": {"diverging": self.draws(mean=0, sd=1) > 99},
            "posterior_predictive": {"outcome": self.replicated},
            "prior_predictive": {"outcome": self.replicated.isel(chain=[0]) * 1.2},
            "observed_data": {"outcome": self.observed},
            "constant_data": {
                "outcome_scale": self.outcome_scale(),
                "mean_outcome": self.observed.mean("time"),
                "money": money,
                "mediator_scale": self.array(np.full(len(self.coords["unit"]), 1000.0), "unit"),
                "spend": self.spend,
                "exposure": self.spend,
                "controls": self.array(
                    self.rng.random((WEEKS, len(self.coords["unit"]), 2)), "time", "unit", "control"
                ),
            },
            "log_likelihood": {"outcome": self.log_likelihood()},
            "predictions": {"outcome": self.replicated.isel(time=slice(-12, None))},
            "predictions_observed": {"outcome": self.observed.isel(time=slice(-12, None))},
        }
        if self.mediated:
            gamma = self.draws("cause", mean=[0.2, 0.0], sd=[0.02, 0.05])
            posterior["mediator_sigma"] = self.positive(median=0.2)
            posterior |= {"gamma": gamma, "mediation_alpha": self.draws("cause", mean=0.5, sd=0.1)}
            prior |= {"gamma": gamma.isel(chain=[0]) * 3}
            google = self.spend.sel(channel="google", drop=True)
            posterior["mediator_location"] = google + 0 * self.mean
            noisy = google + self.draws("time", "unit", mean=0.0, sd=200.0)
            groups["posterior_predictive"]["mediator"] = noisy.transpose("chain", "draw", ...)
            groups["observed_data"]["mediator"] = google
        groups |= {"posterior": posterior, "prior": prior}
        tree = xr.DataTree.from_dict({k: xr.Dataset(v) for k, v in groups.items()})
        tree.attrs = {
            "model": "partial_mediation" if self.mediated else "no_mediation",
            "link": self.link,
            "likelihood": "normal",
            "mediator_likelihood": "normal" if self.mediated else "",
            "mediator": "google" if self.mediated else "",
            "max_lag": LAGS,
        }
        return tree

    def outcome_scale(self):
        """What is 1 in the model, by unit."""
        if self.link == "log":
            return np.exp(np.log(self.observed).mean("time"))
        return 4 * self.observed.std("time")

    def log_likelihood(self):
        """Log-likelihood of each week, summed over units."""
        z = (self.observed - self.mean) / NOISE
        density = -0.5 * z**2 - np.log(NOISE * np.sqrt(2 * np.pi))
        return density.sum("unit").transpose("chain", "draw", "time")

    def effects_draws(self):
        amounts = self.weekly.sum("time")
        if len(self.coords["unit"]) > 1:
            total = amounts.sum("unit").expand_dims(unit=["all"])
            amounts = xr.concat([amounts, total], "unit")
        spend, outcome = self.spend.sum("time"), self.observed.sum("time")
        if len(self.coords["unit"]) > 1:
            spend = xr.concat([spend, spend.sum("unit").expand_dims(unit=["all"])], "unit")
            outcome = xr.concat([outcome, outcome.sum("unit").expand_dims(unit=["all"])], "unit")
        amounts["contribution_share"] = amounts["total"] / outcome
        amounts["roas"] = amounts["total"] / spend
        amounts["mroas"] = 0.6 * amounts["roas"]
        return amounts.transpose("chain", "draw", "unit", "channel")

    def together(self):
        """Effects of all channels; what causes bring through the mediator is in its own."""
        amounts = self.weekly["direct"].sum(("time", "channel"))
        spend, outcome = self.spend.sum(("time", "channel")), self.observed.sum("time")
        if len(self.coords["unit"]) > 1:
            amounts, spend, outcome = (
                xr.concat([values, values.sum("unit").expand_dims(unit=["all"])], "unit")
                for values in (amounts, spend, outcome)
            )
        joint = {"total": amounts, "contribution_share": amounts / outcome, "roas": amounts / spend}
        return xr.Dataset(joint).transpose("chain", "draw", "unit")

    def prior_effects(self):
        """Effects under the prior, wider than those of the posterior."""
        wide = 2 * self.effects_draws().isel(chain=[0])
        return wide.assign(together=wide["direct"].sum("channel"))

    def identifiability(self):
        """Facebook and TikTok are collinear, and are the only causes of the mediator."""
        size = len(CHANNELS)
        effects = np.stack([np.eye(size)] * 3)
        effects[1, 0, 1] = effects[1, 1, 0] = -0.85
        effects[2, 2:] = effects[2, :, 2:] = np.nan
        if not self.mediated:
            effects[2] = np.nan
        media = np.stack([0.5 * np.eye(size) + 0.5] * (2 if self.mediated else 1))
        media[1:, 2:] = media[1:, :, 2:] = np.nan
        return xr.Dataset(
            {
                "effect_correlation": (("effect", "channel", "other"), effects),
                "media_correlation": (("equation", "channel", "other"), media),
            },
            {
                "effect": ["total", "direct", "indirect"],
                "equation": ["outcome", "mediator"] if self.mediated else ["outcome"],
                "channel": CHANNELS,
                "other": CHANNELS,
            },
        )

    def effects_tree(self):
        weekly = statistics(self.weekly)
        weekly["baseline"] = statistics(self.baseline)
        weekly["summed_baseline"] = statistics(self.baseline.sum("unit"))
        top = self.spend.max(("time", "unit")).values
        spend = xr.DataArray(
            np.linspace(0, 1.5 * top, POINTS).T,
            dims=("channel", "point"),
            coords={"channel": CHANNELS},
        )
        curve = 8000 * spend / (spend + 2000) * self.positive(median=1.0, sigma=0.2)
        response = statistics(xr.Dataset({"total": curve, "direct": 0.8 * curve}))
        response = response.assign_coords(spend=spend)
        response["observed_max"] = self.spend.max(("time", "unit"))
        response["observed_mean"] = self.spend.where(self.spend > 0).mean(("time", "unit"))
        lag = xr.DataArray(np.arange(LAGS), dims="lag", coords={"lag": np.arange(LAGS)})
        raw = self.draws("channel", mean=0.5, sd=0.05) ** lag
        adstock = {"weight": statistics(raw / raw.sum("lag"))}
        if self.mediated:
            cause = (raw / raw.sum("lag")).sel(channel=CAUSES).rename(channel="cause")
            adstock["mediation_weight"] = statistics(cause)
        effect = self.draws("control", mean=[-3.0, 0.4], sd=0.5)
        blank = effect * np.nan
        controls = {
            "effect": effect,
            "elasticity": xr.where(effect["control"] == "price", effect / 2, blank),
            "lift": xr.where(effect["control"] == "promotion", effect * 3, blank),
        }
        return xr.DataTree.from_dict(
            {
                "draws": self.effects_draws(),
                "prior": self.prior_effects(),
                "identifiability": self.identifiability(),
                "weekly": weekly,
                "together": self.together(),
                "response": response,
                "adstock": xr.Dataset(adstock),
                "controls": xr.Dataset(controls),
            }
        )

    def estimands(self):
        draws = self.effects_draws()
        joint = self.together().expand_dims(channel=["all_media"])
        rows = []
        for name, values in (*draws.data_vars.items(), *joint.data_vars.items()):
            table = statistics(values)
            for unit in values["unit"].values:
                for channel in values["channel"].values:
                    summary = table.sel(unit=unit, channel=channel)
                    numbers = {s: float(summary.sel(statistic=s)) for s in STATISTICS}
                    unit_name = unit if len(draws["unit"]) > 1 else "all"
                    rows.append({"unit": unit_name, "channel": channel, "estimand": name} | numbers)
        return pd.DataFrame(rows)

    def save(self, folder, verdict="warn"):
        posterior, effects = self.posterior_tree(), self.effects_tree()
        folder.mkdir(parents=True)
        posterior.to_netcdf(folder / "posterior.nc", engine="h5netcdf")
        effects.to_netcdf(folder / "effects.nc", engine="h5netcdf")
        self.estimands().to_csv(folder / "estimands.csv", index=False)
        (folder / "model.py").write_text(MODEL)
        (folder / "diagnostics.json").write_text(json.dumps(diagnostics(verdict, self.mediated)))
        (folder / "run.json").write_text(json.dumps(run(self.mediated, self.link)))
        return folder


MODEL = '"""Equations.\n\n    outcome_t ~ Normal(m_t, sigma) & <more>\n\nQuestion: how much?\n"""\n'


def diagnostics(verdict, mediated):
    checks = [
        {"group": "convergence", "name": "max R-hat", "value": 1.003, "threshold": 1.01,
         "status": "pass", "message": "All chains agree."},
        {"group": "outcome_ppc", "name": "maximum", "value": 0.001, "threshold": 0.05,
         "status": "fail" if verdict == "fail" else "pass",
         "message": "The largest weeks are not reached."},
        {"group": "data", "name": "profile_1", "value": None, "threshold": None,
         "status": "warn", "message": "Two channels move together."},
    ]  # fmt: skip
    evidence = [
        {"channel": "facebook", "message": ["The total is an extrapolation.", "It excludes 0."]},
        {"channel": "tiktok",
         "message": ["It contains 0: this table gives no evidence of mediation.",
                  "The prior influences the effect of tiktok more than the data do."],
         "leaning": ["The prior influences the effect of tiktok more than the data do."]},
    ]  # fmt: skip
    moves = [
        {"channel": name, "estimand": estimand, "prior": 0.2, "likelihood": 0.13,
         "prior_driven": estimand == "indirect"}
        for name in CHANNELS
        for estimand in ("total", "direct", "indirect", "roas")
        if estimand != "indirect" or (mediated and name in CAUSES)
    ]  # fmt: skip
    moves.append(
        {"channel": "all_media", "estimand": "total", "prior": 0.21 if mediated else 0.04,
         "likelihood": 0.17, "prior_driven": mediated}
    )  # fmt: skip
    ends = {"median": 2e4, "lower": 1.5e4, "upper": 2.5e4, "observed": 2.2e4}
    share = {"median": 0.5, "lower": 0.31, "upper": 0.87, "p_nearly_all": 0.02}
    equations = {"outcome": 1.23, "mediator": None} if mediated else {"outcome": 1.23}
    shrinkage = {"total": 0.8, "adstock_alpha": 0.1, "beta": 0.8, "saturation_slope": -0.4}
    pair = {
        "channels": ["facebook", "tiktok"],
        "effect": "direct",
        "effect_correlation": -0.85,
        "media_correlation": 0.5,
        "message": "The data can't tell facebook from tiktok.",
    }
    return {
        "verdict": verdict,
        "reasons": [
            "Two channels move together.",
            *([] if verdict == "warn" else ["The largest weeks are not reached."]),
        ],
        "checks": checks,
        "scores": {"in_sample": {"r2": 0.9}, "holdout": {"r2": 0.6}},
        "evidence": evidence if mediated else [],
        "prior_sensitivity": moves,
        "prior_predictive": {"draws": 500, "level": ends, "together": share, "channels": []},
        "identifiability": {
            "pairs": [pair] if mediated else [],
            "correlations": [],
            "channels": [
                {"channel": name, "shrinkage": shrinkage, "variance_inflation": equations}
                for name in CHANNELS
            ],
            "together": {"shrinkage": {"total": 0.93}},
        },
    }


def run(mediated, link):
    description = {
        "file": "weekly.csv",
        "date": "week",
        "outcome": "revenue",
        "channels": {name: {"spend": f"{name}_spend", "role": "social"} for name in CHANNELS},
        "controls": {
            "price": {"column": "price", "transform": "log"},
            "promotion": {"column": "promotion", "transform": "none"},
        },
    }
    if mediated:
        description["mediators"] = {"google": {"causes": CAUSES}}
    share = {"mu": -1.9, "sigma": 1.2} if link == "log" else {"mu": -2.13, "sigma": 1.08}
    return {
        "model": "partial_mediation" if mediated else "no_mediation",
        "command": "mmm-bayes fit MODEL weekly.toml",
        "seed": 1,
        "versions": {"pymc": "6.4.0", "nutpie": "0.16.11"},
        "python": "3.13.1",
        "data_sha256": "ab" * 32,
        "data_file": "weekly.csv",
        "git_commit": "0123456789abcdef",
        "started": "2025-01-01T12:00:00+00:00",
        "wall_seconds": 61.2,
        "sampling_seconds": 5.5,
        "compile_seconds": 20.1,
        "draws": DRAWS,
        "tune": 500,
        "chains": CHAINS,
        "form": {"link": link, "likelihood": "normal",
                 "mediator_likelihood": "normal" if mediated else "", "max_lag": LAGS},
        "description": description,
        "priors": {"media_share": {"dist": "LogNormal", "params": share}},
        "stated_priors": [
            {"quantity": "media_share", "channel": "", "stated": "q05 = 0.05, q95 = 0.3",
             "lower": 0.05, "upper": 0.3, "default_lower": 0.021, "default_upper": 0.72},
            {"quantity": "roas", "channel": "tv", "stated": "Gamma(alpha = 2, beta = 1)",
             "lower": 0.36, "upper": 4.74, "default_lower": None, "default_upper": None},
        ] if mediated else [],
        "profile_warnings": ["Two channels move together."],
    }  # fmt: skip


def changing(folder):
    """Add effects that change over time to a saved run; returns the names of its channels."""
    effects = read_tree(folder / "effects.nc")
    weekly = effects["weekly"].to_dataset()
    names = [str(name) for name in weekly["channel"].values]
    level = xr.ones_like(weekly["total"].isel(unit=0, drop=True))
    ends = [
        (0.5, 0.3, 0.7),  # fell
        (1.5, 1.1, 2.1),  # rose
        (0.9, 0.7, 1.2),  # not known
        (1.0, 0.9, 1.1),
    ]
    change = [[row[key] for row in ends] for key in (0, 0, 0, 1, 2)]
    over_time = xr.Dataset(
        {
            "effectiveness": level,
            "change": (("statistic", "channel"), change),
            "roas": (("statistic", "period", "channel"), level.values[:, :2]),
        },
        coords={"begins": ("period", level["time"].values[[0, 13]])}
        | {"ends": ("period", level["time"].values[[12, 25]])},
    )
    effects["over_time"] = xr.DataTree(over_time)
    (folder / "effects.nc").unlink()
    effects.to_netcdf(folder / "effects.nc", engine="h5netcdf")
    return names
