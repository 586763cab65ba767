"""Random descriptions of random tables, and what must hold for whatever they say.

`mmm-bayes check` either prints a profile or refuses in one sentence, and what it accepts can be
fitted. `tests/test_fuzz.py` tries a few; `scripts/fuzz.py` tries thousands.
"""

from __future__ import annotations

import contextlib
import io
import tempfile
import warnings
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import tomli_w
import xarray as xr
from hypothesis import strategies as st

from mmm_bayes.errors import InputError

#: Names with separators, brackets, mark-up and other meanings, and the library's own words.
NAMES = [
    "tv", "search", "social", "a, b", "a, b, c", "b", "x[1]", "x [a|b]; y=1/2", "unit: tv", "NA",
    "nan", "007", "1", "1e3", "True", "None", "$a_$", "<b>&", 'say "hi"', "it's", "ü 漢字", "a\\b",
    "a less b", "all", "total", "all_media", "season", "trend", "season_sin_1", "holidays", "time",
    "unit", "channel", "control", "cause", "lag", "outcome", "mediator", "beta", "response", "date",
    "x" * 80, "%s {0}", "..", "/", "baseline", "placebo", "model", "a b", "{{ c }}",
]  # fmt: skip
UNPRINTABLE = [" ", "new\nline", "tab\there", "nul\0", " tv"]
SHAPES = (
    "gamma", "flights", "rare", "late", "constant", "integers", "huge", "tiny", "spike", "trend",
    "negative", "ones_and_zeros", "copy", "zeros", "missing", "text",
)  # fmt: skip
#: Shapes that a table usually has, so that most tables are not refused for a single cell.
USUAL = ("gamma", "flights", "gamma", "flights", "late", "integers", "trend", "spike", "constant")
NUMBERS = [0.0, 1.0, -1.0, 0.5, 2.0, 1e-12, 1e-300, 1e12, 1e300, 0.3, 5.0]
PARAMETERS = [
    "mu",
    "sigma",
    "alpha",
    "beta",
    "lower",
    "upper",
    "lam",
    "nu",
    "b",
    "c",
    "tau",
    "kappa",
]
PRIORS = [
    "beta", "sigma", "intercept", "adstock_alpha", "saturation_kappa", "saturation_slope", "gamma",
    "covariate_effect", "nu", "mediation_alpha", "mediator_sigma", "beta_spread", "trend_change",
    "effectiveness_step", "modulation_effect", "betta", "outcome", "media_share", "media_division",
]  # fmt: skip
#: Quantities of a channel that a prior may be stated of, and a name that is none.
QUANTITIES = [
    "roas", "contribution_share", "adstock_alpha", "half_life", "saturation_kappa",
    "saturation_slope", "return",
]  # fmt: skip
DISTRIBUTIONS = {
    "HalfNormal": ["sigma"], "Normal": ["mu", "sigma"], "LogNormal": ["mu", "sigma"],
    "Beta": ["alpha", "beta"], "Gamma": ["alpha", "beta"], "Exponential": ["lam"],
    "Uniform": ["lower", "upper"], "StudentT": ["nu", "mu", "sigma"], "HalfCauchy": ["beta"],
    "Flat": [], "Laplace": ["mu", "b"], "TruncatedNormal": ["mu", "sigma", "lower", "upper"],
    "Poisson": ["mu"], "Dirichlet": ["a"], "Model": [], "InverseGamma": ["alpha", "beta"],
    "Triangular": ["lower", "c", "upper"], "Kumaraswamy": ["a", "b"], "Gauss": ["mu"],
}  # fmt: skip


def mostly(usual: Any, rest: Any, share: int = 8) -> st.SearchStrategy[Any]:
    """A usual value in all but one of `share` cases."""
    return st.integers(1, share).flatmap(lambda face: rest if face == 1 else usual)


@st.composite
def markets(draw: st.DrawFn) -> tuple[dict[str, Any], pd.DataFrame]:
    """A description and its table."""
    weeks = draw(st.integers(20, 70))
    units = draw(mostly(st.just(1), st.integers(2, 3), 4))
    step = draw(mostly(st.just("7D"), st.sampled_from(["1D", "14D", "MS", "QS", "28D"]), 4))
    known = NAMES + (UNPRINTABLE if draw(st.integers(0, 30)) == 0 else [])
    names = draw(st.lists(st.sampled_from(known), min_size=10, max_size=14, unique=True))
    channels, controls = names[: draw(st.integers(1, 4))], names[4 : 4 + draw(st.integers(0, 3))]
    spare = names[7:]
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shapes = mostly(st.sampled_from(USUAL), st.sampled_from(SHAPES), 15)
    columns = {f"{name} spend": draw(shapes) for name in channels}
    exposed = {f"{name} views": draw(shapes) for name in channels if draw(st.integers(0, 3)) == 0}
    columns |= exposed | {f"{name} value": draw(shapes) for name in controls}
    zeros = mostly(st.just("ones_and_zeros"), st.sampled_from(SHAPES), 8)
    told = {f"{name} test": draw(zeros) for name in channels if draw(st.integers(0, 7)) == 0}
    told |= {f"{name} price": draw(shapes) for name in channels if draw(st.integers(0, 7)) == 0}
    columns |= told
    outcome = draw(mostly(st.just("gamma"), st.sampled_from(SHAPES), 6))
    columns["sales, net"] = outcome
    dates = pd.date_range(
        "2022-01-03" if step[-1] == "D" else "2001-01-01", periods=weeks, freq=step
    )
    parts = []
    for unit in range(units):
        part = pd.DataFrame({"date": dates.strftime("%Y-%m-%d"), "place": (spare * 3)[unit]})
        for column, shape in columns.items():
            part[column] = _values(shape, weeks, rng, part)
        parts.append(part)
    table = pd.concat(parts, ignore_index=True)

    description: dict[str, Any] = {
        "file": "table.csv",
        "date": "date",
        "outcome": "sales, net",
        "channels": {name: _channel(draw, name, exposed | told) for name in channels},
    }
    if units > 1:
        description["unit"] = "place"
    if len(channels) > 1 and draw(st.booleans()):
        causes = draw(st.lists(st.sampled_from(channels[1:]), min_size=1, unique=True))
        description["mediators"] = {channels[0]: {"causes": causes}}
    transforms = mostly(st.just("none"), st.sampled_from(["log", "log1p", "growth"]), 4)
    description["controls"] = {
        name: {"column": f"{name} value", "transform": draw(transforms)} for name in controls
    }
    modulators = [*controls, *(["season"] if draw(st.booleans()) else [])]
    if modulators and draw(st.integers(0, 3)) == 0:
        pair = st.tuples(st.sampled_from([*channels, *controls]), st.sampled_from(modulators))
        description["interactions"] = {spare[0]: {"between": list(draw(pair))}}
    description["calendar"] = {
        "fourier": draw(mostly(st.integers(0, 3), st.integers(0, 70), 12)),
        "trend": draw(st.sampled_from(["none", "linear", "quadratic", "changepoints"])),
        **({"holidays": "US"} if draw(st.integers(0, 5)) == 0 else {}),
    }
    description["model"] = draw(_models(table["sales, net"]))
    description["priors"] = draw(mostly(st.just({}), _priors(), 4))
    return description, table


def _channel(draw: st.DrawFn, name: str, more: dict[str, str]) -> dict[str, Any]:
    """A channel, with those of its other columns that the table has."""
    channel: dict[str, Any] = {"spend": f"{name} spend"}
    if f"{name} test" in more:
        channel["designed"] = f"{name} test"
    if f"{name} price" in more:
        channel["shifters"] = [f"{name} price"]
    told = "designed" in channel or "shifters" in channel
    if draw(mostly(st.just(told), st.booleans(), 5)):
        channel["set_by"] = "demand"
    if f"{name} views" in more:
        channel["exposure"] = f"{name} views"
        if draw(st.integers(0, 3)) == 0:
            del channel["spend"]
    if draw(st.integers(0, 7)) == 0:
        quantities = mostly(st.sampled_from(QUANTITIES[:-1]), st.just(QUANTITIES[-1]), 20)
        stated = draw(st.lists(quantities, max_size=2, unique=True))
        channel["priors"] = {quantity: draw(_prior()) for quantity in stated}
        if draw(st.booleans()):
            channel["priors"]["sign"] = draw(st.sampled_from(["positive", "free"]))
    return channel


def _values(shape: str, weeks: int, rng: np.random.Generator, before: pd.DataFrame) -> Any:
    gamma = rng.gamma(2.0, 50.0, weeks)
    match shape:
        case "flights":
            return gamma * (rng.random(weeks) < 0.5)
        case "rare":
            return gamma * (np.arange(weeks) == rng.integers(weeks))
        case "late":
            return gamma * (np.arange(weeks) > 0.9 * weeks)
        case "constant":
            return 3.0
        case "huge":
            return gamma * 10.0 ** rng.integers(9, 306)
        case "tiny":
            return gamma * 10.0 ** -rng.integers(9, 306)
        case "integers":
            return rng.poisson(1.0, weeks)
        case "spike":
            return np.where(np.arange(weeks) == weeks // 2, 1e9, gamma)
        case "trend":
            return np.arange(1.0, weeks + 1)
        case "negative":
            return gamma - 100.0
        case "ones_and_zeros":
            return (rng.random(weeks) < 0.3).astype(int)
        case "copy" if len(before.columns) > 2:
            return before.iloc[:, -1]
        case "zeros":
            return 0
        case "missing":
            return np.where(np.arange(weeks) == 5, np.nan, gamma)
        case "text":
            return "n/a"
    return gamma


@st.composite
def _models(draw: st.DrawFn, outcome: pd.Series) -> dict[str, Any]:
    lowest = pd.to_numeric(outcome, errors="coerce").min()
    choices = {
        "link": mostly(st.just("identity"), st.just("log"), 3),
        "likelihood": mostly(st.just("normal"), st.sampled_from(["student_t", "lognormal"]), 3),
        "max_lag": mostly(st.integers(1, 13), st.sampled_from([1, 60, 1000, 10**9]), 40),
        "sign": st.sampled_from(["positive", "free"]),
        "floor": st.sampled_from(
            [0.0, -1.0, 1e9, *([float(lowest)] * 3 if lowest == lowest else [])]
        ),
        "at_floor": st.sampled_from(["censored", "hurdle"]),
        "saturation": st.sampled_from(["hill", "no_such_curve"]),
        "adstock": st.sampled_from(["geometric", "no_such_lag"]),
    }
    kept = {
        "likelihood": 4,
        "link": 4,
        "floor": 12,
        "at_floor": 40,
        "saturation": 20,
        "adstock": 20,
    }
    return {
        key: draw(values)
        for key, values in choices.items()
        if draw(st.integers(1, kept.get(key, 2))) == 1
    }


@st.composite
def _priors(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from(PRIORS), max_size=2, unique=True))
    return {name: draw(_prior()) for name in names}


@st.composite
def _prior(draw: st.DrawFn) -> dict[str, Any]:
    if draw(st.integers(0, 2)) == 0:
        pair = draw(st.tuples(st.sampled_from(NUMBERS), st.sampled_from(NUMBERS)))
        return dict(zip(("q05", "q95"), sorted(pair), strict=True))
    dist = draw(st.sampled_from(list(DISTRIBUTIONS)))
    parameters = [
        *DISTRIBUTIONS[dist],
        *draw(mostly(st.just([]), st.just([PARAMETERS[0]]), 20)),
    ]
    return {"dist": dist} | {key: draw(st.sampled_from(NUMBERS)) for key in parameters}


def write(folder: Path, description: dict[str, Any], table: pd.DataFrame) -> Path:
    """Write a table and its description; returns the description's path."""
    table.to_csv(folder / "table.csv", index=False)
    path = folder / "table.toml"
    path.write_text(tomli_w.dumps(description), encoding="utf-8")
    return path


def check(path: Path) -> str:
    """What `mmm-bayes check` does: a refusal in one sentence, or "" if the table is accepted.

    Whatever else it raises, a warning too, is a fault of the library.
    """
    from mmm_bayes.data import load, profile, show
    from mmm_bayes.inference.trial import check_buildable

    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("error")
        try:
            dataset = load(path)
            found = profile(dataset)
            check_buildable(dataset)
        except InputError as refusal:
            message = str(refusal)
            assert path.parent.name in message, message
            assert message.count("; ") or message.count(", "), message
            return message
        show(found)
    return ""


def fit_on_prior_draws(path: Path, model: str, folder: Path) -> Path:
    """Fit a model with draws of its prior in place of the sampler's: nothing is compiled.

    Everything after the draws (effects, checks, tables, the report) is as in any fit, on draws that
    are wilder than those of a posterior.
    """
    from mmm_bayes.inference import fit
    from mmm_bayes.inference.sampling import (
        CompiledModel,
        Settings,
        build_model,
        check_start,
        prior_draws,
    )
    from mmm_bayes.report import render

    def compile_model(member: Any, design: Any) -> CompiledModel:
        built = build_model(member, design)
        check_start(built, design)
        return CompiledModel(built.model, None, 0.0)

    def sample(compiled: CompiledModel, design: Any, settings: Settings, **_: Any) -> xr.DataTree:
        draws = prior_draws(compiled, settings.chains * settings.draws, settings.seed)
        shape = {"chain": settings.chains, "draw": settings.draws}
        stacked = draws.isel(chain=0, drop=True)
        posterior = xr.Dataset(
            {
                name: (
                    ("chain", "draw", *values.dims[1:]),
                    values.values.reshape(*shape.values(), *values.shape[1:]),
                )
                for name, values in stacked.items()
            },
            coords={dim: np.arange(length) for dim, length in shape.items()}
            | {name: values for name, values in draws.coords.items() if name not in shape},
        )
        rng = np.random.default_rng(settings.seed)
        stats = xr.Dataset(
            {
                "diverging": (tuple(shape), np.zeros(tuple(shape.values()), dtype=bool)),
                "energy": (tuple(shape), rng.normal(size=tuple(shape.values()))),
                "depth": (tuple(shape), np.full(tuple(shape.values()), 3)),
                "maxdepth_reached": (tuple(shape), np.zeros(tuple(shape.values()), dtype=bool)),
            }
        )
        tree = xr.DataTree.from_dict({"posterior": posterior, "sample_stats": stats})
        tree.attrs["sampling_seconds"] = 0.0
        return tree

    settings = Settings(draws=100, tune=100, chains=2)
    with (
        mock.patch.object(fit, "compile_model", compile_model),
        mock.patch.object(fit, "sample", sample),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # names in other scripts
        job = fit.prepare(model, path, folder, settings)
        return render(fit.run_fit(job, lambda line: None))


def suggested(description: dict[str, Any]) -> str:
    """Member that fits a description."""
    return "partial_mediation" if description.get("mediators") else "no_mediation"


@contextlib.contextmanager
def folder_of(description: dict[str, Any], table: pd.DataFrame) -> Any:
    """Context with the path of a written description, in a folder that is removed."""
    with tempfile.TemporaryDirectory(prefix="fuzz") as name:
        yield write(Path(name), description, table)
