"""Small tables, models built on them, and made-up draws of their parameters."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytensor
import tomli_w
import xarray as xr
from pytensor.compile.mode import Mode

from mmm_bayes.data import Dataset, load
from mmm_bayes.data.design import Design, data_names, make_design
from mmm_bayes.data.form import form_for

#: Graphs run on NumPy: nothing is compiled.
PLAIN = Mode(linker="py", optimizer="fast_compile")
WEEKS, MAX_LAG = 30, 4
CHAINS, DRAWS = 2, 2
CHANNELS = ("social", "video", "search", "tv")  # search is the mediator


def table(*, units: int = 1, hurdle: bool = False, seed: int = 1) -> pd.DataFrame:
    """Weekly table; with two units, their sizes and flights differ."""
    parts = []
    for unit in range(units):
        rng = np.random.default_rng([seed, unit])
        size = 1.0 + unit
        on = rng.random(WEEKS) < (0.6 if hurdle else 2.0)
        on[3] = not hurdle
        social = rng.gamma(2.0, 80.0 * size, WEEKS) * (rng.random(WEEKS) < 0.7)
        parts.append(
            pd.DataFrame(
                {
                    "week": pd.date_range("2023-01-02", periods=WEEKS, freq="7D").strftime(
                        "%Y-%m-%d"
                    ),
                    "region": f"r{unit}",
                    "social_spend": social.round(2),
                    "social_views": (social * 11).round(),
                    "video_spend": rng.gamma(2.0, 30.0 * size, WEEKS).round(2),
                    "search_spend": (rng.gamma(2.0, 50.0 * size, WEEKS) * on + 0.5 * on).round(2),
                    "tv_spend": (rng.gamma(2.0, 90.0, WEEKS) * (rng.random(WEEKS) < 0.5)).round(2),
                    "price": rng.uniform(5, 6, WEEKS).round(2),
                    "promotion": (rng.random(WEEKS) < 0.3).astype(int),
                    "sales": rng.gamma(50.0, 20.0 * size, WEEKS).round(2),
                    "spots": rng.poisson(40.0 * size, WEEKS) * (rng.random(WEEKS) < 0.6),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def description(*, units: int = 1, **changes: Any) -> dict[str, Any]:
    """The description of `table`, with top-level keys replaced; None leaves a key out."""
    default: dict[str, Any] = {
        "file": "weekly.csv",
        "date": "week",
        "outcome": "sales",
        "unit": "region" if units > 1 else None,
        "channels": {
            "social": {"spend": "social_spend", "exposure": "social_views"},
            "video": {"spend": "video_spend"},
            "search": {"spend": "search_spend"},
            "tv": {"spend": "tv_spend"},
        },
        "mediators": {"search": {"causes": ["video", "social"]}},
        "controls": {
            "price": {"column": "price", "transform": "log"},
            "promotion": {"column": "promotion"},
        },
        "calendar": {"fourier": 1, "trend": "linear"},
        "model": {"max_lag": MAX_LAG},
    }
    absent = [key for key, value in changes.items() if value is None and key not in default]
    assert not absent, f"nothing to leave out: {absent}"
    return {key: value for key, value in (default | changes).items() if value is not None}


def write(folder: Path, frame: pd.DataFrame, toml: Mapping[str, Any]) -> Path:
    """Write a table and its description; returns the description's path."""
    folder.mkdir(parents=True, exist_ok=True)
    frame.to_csv(folder / toml["file"], index=False)
    path = folder / "weekly.toml"
    path.write_text(tomli_w.dumps(toml), encoding="utf-8")
    return path


def dataset(folder: Path, *, units: int = 1, hurdle: bool = False, **changes: Any) -> Dataset:
    """Dataset of the small table."""
    frame = table(units=units, hurdle=hurdle)
    return load(write(folder, frame, description(units=units, **changes)))


#: Changes of the description: tv costs nothing, and all kinds of interaction.
OWNED = {
    "channels": {
        "social": {"spend": "social_spend", "exposure": "social_views"},
        "video": {"spend": "video_spend"},
        "search": {"spend": "search_spend"},
        "tv": {"exposure": "spots", "role": "owned"},
    },
    "interactions": {
        "promotion_at_price": {"between": ["promotion", "price"]},
        "tv_at_promotion": {"between": ["promotion", "tv"]},
        "social_at_price": {"between": ["social", "price"]},
        "social_by_season": {"between": ["season", "social"]},
    },
}


@dataclass(frozen=True)
class Built:
    """A model on a design, with draws of its parameters and deterministics."""

    name: str
    design: Design
    model: Any
    free: xr.Dataset
    draws: xr.Dataset

    @property
    def samples(self) -> list[dict[str, np.ndarray]]:
        """Free parameters, one dictionary per draw, in the order of flattened draws."""
        return [
            {str(name): values.values[chain, draw] for name, values in self.free.items()}
            for chain in range(self.free.sizes["chain"])
            for draw in range(self.free.sizes["draw"])
        ]


def build_on(
    folder: Path,
    name: str,
    *,
    link: str = "identity",
    likelihood: str = "normal",
    hurdle: bool = False,
    units: int = 1,
    weeks: tuple[int, int] = (0, WEEKS),
    owned: bool = False,
    floor: float | None = None,
    at_floor: str | None = None,
    trend: str = "linear",
    adstock: str = "geometric",
    saturation: str = "hill",
    errors: str = "iid",
    demand: str = "none",
) -> Built:
    """A member built on the small table, with random draws; nothing is compiled.

    With a floor, the lowest fifth of each unit's weeks stand at it.
    """
    from mmm_bayes.model.family import load_member

    calendar = {"fourier": 1, "trend": trend}
    choices = {"max_lag": MAX_LAG, "adstock": adstock, "saturation": saturation}
    data = dataset(
        folder,
        units=units,
        hurdle=hurdle,
        calendar=calendar,
        model=choices,
        **(OWNED if owned else {}),
    )
    if floor is not None:
        data = with_floor(data, floor)
    form = form_for(
        data,
        link=link,
        likelihood=likelihood,
        floor=floor,
        at_floor=at_floor,  # type: ignore[arg-type]
        errors=errors,
        demand=demand,
    )
    arranged = make_design(data, form, slice(*weeks))
    return with_random_draws(name, arranged, load_member(name).build(arranged))


def with_random_draws(name: str, design: Design, model: Any) -> Built:
    """A model on its design with random draws of its parameters."""
    from mmm_bayes.inference.sampling import CompiledModel, compute_deterministics

    free = random_draws(model)
    draws = compute_deterministics(CompiledModel(model, None, 0.0), design, free)
    return Built(name, design, model, free, draws)


def as_tree(built: Built, posterior: xr.Dataset) -> xr.DataTree:
    """A posterior of a mediated model as the checks of a fit take it."""
    observed = built.design.arrays[["mediator_observed"]].rename(mediator_observed="mediator")
    tree = xr.DataTree.from_dict(
        {
            "posterior": posterior,
            "observed_data": observed,
            "constant_data": built.design.arrays[data_names(built.design)],
        }
    )
    form = built.design.form
    tree.attrs = {
        "link": form.link,
        "mediator": built.design.mediator,
        "mediator_likelihood": form.mediator_likelihood,
    }
    return tree


def flat(values: xr.DataArray) -> np.ndarray:
    """Draws with one axis for chains and draws, shape (sample, ...)."""
    return values.values.reshape(CHAINS * DRAWS, *values.shape[2:])


def log_densities(built: Built, design: Design, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Log-density of observed variables on a design at the built draws, shape (sample,) each."""
    from mmm_bayes.model.evaluation import graph_function

    free = [variable.name for variable in built.model.free_RVs]
    function = graph_function(built.model, inputs=free, outputs=list(names), log_density=True)
    data = {name: design.arrays[name].values for name in data_names(design)}
    density = function(built.free[free], data)
    return {name: values.reshape(len(values), -1).sum(1) for name, values in density.items()}


def random_draws(model: Any, seed: int = 0) -> xr.Dataset:
    """Random draws of every free parameter, from wider ranges than its prior's."""
    rng = np.random.default_rng(seed)
    makers = {
        "alpha": lambda shape: rng.uniform(0.0, 0.9, shape) * (rng.random(shape) < 0.9),
        "kappa": lambda shape: rng.lognormal(0.0, 0.7, shape),
        "slope": lambda shape: rng.lognormal(0.2, 0.4, shape),
        "theta": lambda shape: rng.uniform(0.0, 2.0, shape),
        "scale": lambda shape: rng.lognormal(0.5, 0.3, shape),
        "shape": lambda shape: rng.lognormal(0.2, 0.3, shape),
        "exponent": lambda shape: rng.uniform(0.2, 0.9, shape),
        "beta": lambda shape: rng.uniform(0.02, 0.3, shape),
        "beta_direct": lambda shape: rng.uniform(0.02, 0.3, shape),
        "log_beta": lambda shape: np.log(rng.uniform(0.02, 0.3, shape)),
        "log_beta_direct": lambda shape: np.log(rng.uniform(0.02, 0.3, shape)),
        "media_share": lambda shape: rng.uniform(0.2, 0.8, shape),
        "media_division": lambda shape: rng.normal(0.0, 0.5, shape),
        "gamma": lambda shape: rng.normal(0.1, 0.5, shape),
        "gamma_on": lambda shape: rng.normal(0.3, 1.0, shape),
        "sigma": lambda shape: rng.uniform(0.05, 0.3, shape),
        "rho": lambda shape: rng.uniform(-0.2, 0.9, shape),
        "delay": lambda shape: rng.uniform(0.05, 0.95, shape),
        "loading": lambda shape: rng.uniform(0.2, 1.5, shape),
        "nu": lambda shape: rng.uniform(3.0, 10.0, shape),
        "phi": lambda shape: rng.uniform(0.3, 0.9, shape),
        "intercept": lambda shape: rng.normal(0.0, 0.1, shape),
        "mediator_intercept": lambda shape: 1.0 + rng.normal(0.0, 0.1, shape),
        "effect": lambda shape: rng.normal(0.0, 0.05, shape),
        "spread": lambda shape: rng.uniform(0.1, 0.4, shape),
        "offset": lambda shape: rng.normal(0.0, 1.0, shape),
        "outcome_on_intercept": lambda shape: rng.normal(1.0, 0.3, shape),
        "outcome_on_slope": lambda shape: rng.normal(0.5, 1.0, shape),
        "outcome_on_covariate_effect": lambda shape: rng.normal(0.0, 0.5, shape),
        "step": lambda shape: rng.normal(0.0, 0.5, shape),
        "change": lambda shape: rng.normal(0.0, 0.3, shape),
    }
    if "gamma_on" in model.named_vars:  # a hurdle's level is a logarithm
        makers["mediator_intercept"] = lambda shape: rng.normal(0.0, 0.1, shape)
        makers["mediator_on_intercept"] = lambda shape: rng.normal(0.5, 0.5, shape)
        makers["mediator_sigma"] = lambda shape: rng.uniform(0.7, 1.2, shape)
    variables = {}
    for variable in model.free_RVs:
        name = variable.name
        dims = model.named_vars_to_dims.get(name, ())
        maker = makers.get(name) or makers[name.rsplit("_", 1)[-1]]
        values = maker((CHAINS, DRAWS, *(len(model.coords[dim]) for dim in dims)))
        variables[name] = (("chain", "draw", *dims), values)
    coords = {"chain": np.arange(CHAINS), "draw": np.arange(DRAWS)}
    return xr.Dataset(variables, coords=coords)


def compile_gradient(model: Any) -> Callable[[Mapping[str, Any]], np.ndarray]:
    """Gradient of a model's log density by all its values, without compiling.

    As PyMC's ``dlogp``, which differentiates by one parameter after another.
    """
    slopes = pytensor.grad(model.logp(), model.value_vars)
    evaluate = model.compile_fn(slopes, point_fn=True, mode=PLAIN)
    return lambda point: np.concatenate([np.ravel(slope) for slope in evaluate(point)])


def with_floor(data: Dataset, floor: float) -> Dataset:
    """Dataset with the lowest fifth of each unit's weeks at a floor below the others."""
    values = data.data["outcome"].values
    low = values <= np.quantile(values, 0.2, axis=0)
    return with_column(data, "outcome", np.where(low, floor, np.maximum(values, floor + 1.0)))


def with_column(data: Dataset, variable: str, values: np.ndarray) -> Dataset:
    """Dataset with the values of one variable replaced."""
    changed = data.data.copy(deep=True)
    changed[variable] = (data.data[variable].dims, values)
    return replace(data, data=changed)
