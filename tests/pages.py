"""A run folder whose draws obey its model's equations, made without sampling; what a page says."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import builds
import pytest
import xarray as xr

APP = Path(__file__).parent.parent / "mmm_bayes" / "dashboard" / "app.py"


@dataclass(frozen=True)
class Page:
    """A run folder, and the model and draws that it was made of."""

    folder: Path
    built: builds.Built


def save(folder: Path, name: str, *, verdict: str = "warn", **kind: object) -> Page:
    """Save draws by hand as a fit saves its own."""
    from mmm_bayes import runs
    from mmm_bayes.counterfactual import world
    from mmm_bayes.design import data_names
    from mmm_bayes.estimands import (
        adstock_curves,
        channel_effects,
        pooling_factors,
        response_curves,
        table,
    )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(builds, "DRAWS", 60)
        built = builds.build_on(folder.parent / "table", name, **kind)
        prior = builds.draws_of(built.model, seed=9)
    whole = built.design
    labels = {key: whole.arrays[key].values for key in ("time", "unit", "channel")}
    labels |= {"cause": list(whole.causes)} if "cause" in built.draws.dims else {}
    posterior = built.draws.assign_coords(labels)
    answers = world(built.model, whole, posterior)
    effects = channel_effects(answers)
    observed = whole.arrays[["outcome_observed"]].rename(outcome_observed="outcome")
    draws = xr.DataTree.from_dict(
        {
            "posterior": posterior,
            "prior": prior,
            "observed_data": observed,
            "constant_data": whole.arrays[data_names(whole)].merge(
                whole.dataset.data[["spend", "exposure", "controls"]]
            ),
        }
    )
    draws.attrs = {
        "link": whole.form.link,
        "mediator": whole.mediator or "",
        "max_lag": whole.form.max_lag,
    }
    runs.save(
        folder,
        draws=draws,
        effects=xr.DataTree.from_dict(
            {
                "draws": effects.draws,
                "weekly": effects.weekly,
                "response": response_curves(answers),
                "adstock": adstock_curves(answers),
                "pooling": pooling_factors(answers.draws),
            }
        ),
        estimands=table(effects.draws),
        diagnostics=diagnostics(verdict),
        record={
            "model": name,
            "data_file": "weekly.csv",
            "data_sha256": whole.dataset.sha256,
            "form": asdict(whole.form),
            "description": whole.dataset.description.model_dump(mode="json"),
            "priors": {"beta": {"dist": "HalfNormal", "sigma": 0.15}},
            "seed": 1,
        },
        model='"""Equations."""\n',
    )
    return Page(folder, built)


def diagnostics(verdict: str) -> dict:
    says: dict[str, list[str]] = {
        "pass": [],
        "warn": ["Seldom a year is so dry."],
        "fail": ["The chains disagree [badly]."],
    }
    return {
        "verdict": verdict,
        "reasons": says[verdict],
        "checks": [
            {
                "group": "convergence", "name": "rhat", "value": 1.2, "threshold": 1.01,
                "status": verdict, "says": (says[verdict] or ["The chains agree."])[0],
            }
        ],
    }  # fmt: skip


def said(app) -> str:
    """All that a page says, as one text."""
    parts = [app.title, app.markdown, app.caption, app.error, app.warning, app.success, app.info]
    text = "\n".join(str(one.value) for part in parts for one in part)
    return text.replace("\\", "")  # names are escaped against Markdown


def change(folder: Path, name: str, **changes: object) -> None:
    """Change some keys of a JSON file of a run."""
    path = folder / name
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
