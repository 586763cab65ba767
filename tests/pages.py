"""A run folder whose draws obey its model's equations, made without sampling; texts of a page."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import builds
import pytest
import xarray as xr

APP = Path(__file__).parent.parent / "mmm_bayes" / "dashboard" / "app.py"


@dataclass(frozen=True)
class Page:
    """A run folder, with the model and the draws that it was made of."""

    folder: Path
    built: builds.Built


def save(folder: Path, name: str, *, verdict: str = "warn", **kind: object) -> Page:
    """Save a run folder with made-up draws, as a fit saves its own."""
    from mmm_bayes.data.design import data_names
    from mmm_bayes.estimands import (
        adstock_curves,
        channel_effects,
        estimand_table,
        pooling_factors,
        response_curves,
    )
    from mmm_bayes.inference import runs
    from mmm_bayes.model.counterfactual import abduct
    from mmm_bayes.model.family import load_member

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(builds, "DRAWS", 60)
        built = builds.build_on(folder.parent / "table", name, **kind)
        prior = builds.random_draws(built.model, seed=9)
    design = built.design
    labels = {key: design.arrays[key].values for key in ("time", "unit", "channel")}
    labels |= {"cause": list(design.causes)} if "cause" in built.draws.dims else {}
    posterior = built.draws.assign_coords(labels)
    answers = abduct(built.model, design, posterior)
    effects = channel_effects(answers)
    observed = design.arrays[["outcome_observed"]].rename(outcome_observed="outcome")
    draws = xr.DataTree.from_dict(
        {
            "posterior": posterior,
            "prior": prior,
            "observed_data": observed,
            "constant_data": design.arrays[data_names(design)].merge(
                design.dataset.data[["spend", "exposure", "controls"]]
            ),
        }
    )
    draws.attrs = {
        "link": design.form.link,
        "mediator": design.mediator or "",
        "max_lag": design.form.max_lag,
    }
    runs.save(
        folder,
        draws=draws,
        effects=xr.DataTree.from_dict(
            {
                "draws": effects.draws,
                "weekly": effects.weekly,
                "together": effects.combined,
                "response": response_curves(answers),
                "adstock": adstock_curves(answers),
                "pooling": pooling_factors(answers.draws),
            }
        ),
        estimands=estimand_table(effects.draws, effects.combined),
        diagnostics=diagnostics(verdict),
        record={
            "model": name,
            "data_file": "weekly.csv",
            "data_sha256": design.dataset.sha256,
            "form": asdict(design.form),
            "description": design.dataset.description.model_dump(mode="json"),
            "priors": {"media_share": {"dist": "LogNormal", "mu": -2.13, "sigma": 1.08}},
            "seed": 1,
        },
        model=load_member(name).source,
    )
    return Page(folder, built)


def diagnostics(verdict: str) -> dict:
    """Diagnostics with one check of a verdict."""
    messages: dict[str, list[str]] = {
        "pass": [],
        "warn": ["The outcome is unusual."],
        "fail": ["The chains disagree [badly]."],
    }
    return {
        "verdict": verdict,
        "reasons": messages[verdict],
        "checks": [
            {
                "group": "convergence", "name": "rhat", "value": 1.2, "threshold": 1.01,
                "status": verdict, "message": (messages[verdict] or ["The chains agree."])[0],
            }
        ],
    }  # fmt: skip


def page_text(app) -> str:
    """All texts of a page, as one."""
    kinds = [app.title, app.markdown, app.caption, app.error, app.warning, app.success, app.info]
    text = "\n".join(str(element.value) for kind in kinds for element in kind)
    return text.replace("\\", "")  # names are escaped against Markdown


def change_json(folder: Path, name: str, **changes: object) -> None:
    """Change some keys of a JSON file of a run."""
    path = folder / name
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
