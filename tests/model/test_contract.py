"""What a stranger's model file must have: each omission is one sentence before compiling."""

from pathlib import Path

import pytest
from builds import dataset
from places import ROOT

from mmm_bayes.data.design import Design, make_design
from mmm_bayes.errors import InputError
from mmm_bayes.estimands.controls import control_effects
from mmm_bayes.inference.sampling import build_model
from mmm_bayes.model.family import load_member, member_names

DIRECT = (ROOT / "models" / "no_mediation.py").read_text(encoding="utf-8")
MEDIATED = (ROOT / "models" / "partial_mediation.py").read_text(encoding="utf-8")
#: An outcome of one's own, which observes values in place of the data node.
OWN_OUTCOME = """
def own_outcome(design, predictor):
    pm.Deterministic("outcome_location", predictor, dims=("time", "unit"))
    values = design.arrays["outcome_observed"].values
    sigma = terms.prior(design, "sigma")
    pm.Normal("outcome", predictor, sigma, dims=("time", "unit"), observed=values)


"""


@pytest.fixture(scope="module")
def design(tmp_path_factory: pytest.TempPathFactory) -> Design:
    return make_design(dataset(tmp_path_factory.mktemp("contract")))


def edited(folder: Path, text: str, old: str, new: str) -> Path:
    """A model file that is a member's with one edit."""
    assert old in text
    path = folder / "mine.py"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text, old, new, message",
    [
        (DIRECT, "    return model", "    pass", r"returns nothing, not a pymc\.Model"),
        (DIRECT, "return model", "return 3", r"returns an object of type int, not a pymc\.Model"),
        (DIRECT, "return model", "return pm.Model()", r"no data node 'exposure_lags'.*model_for"),
        (DIRECT, '"beta"', '"betta"', r"line 24: .*no prior 'betta' \(did you mean 'beta'\?\)"),
        (
            DIRECT,
            'terms.prior(design, "beta", dims="channel")',
            'terms.prior(design, "beta", name="weight", dims="channel")',
            r"no node 'beta'.*declare it",
        ),
        (
            DIRECT,
            "return model",
            'model.named_vars_to_dims["adstock_alpha"] = ("cause",); return model',
            r"'adstock_alpha' has the dims \('cause',\); declare it with dims=\('channel',\)",
        ),
        (
            DIRECT,
            "    return model",
            '        pm.Normal("sales", observed=[1.0, 2.0])\n    return model',
            "observes 'sales'; only 'outcome' and 'mediator' can be observed",
        ),
        (
            DIRECT,
            "    return model",
            '        pm.Poisson("jumps", 2.0)\n    return model',
            "samples jumps, which is discrete",
        ),
        # A window or a counterfactual swaps the data nodes: values in their place would stay.
        (
            DIRECT,
            'terms.contribution(design, media, beta, "ceiling")',
            '(beta * design.arrays["exposure_lags"].values[..., 0]).sum(-1)',
            "'outcome_location' does not depend on the data node 'exposure_lags'",
        ),
        (
            DIRECT.replace("terms.outcome(", "own_outcome("),
            "def build",
            OWN_OUTCOME + "def build",
            r"'outcome' does not observe the data node 'outcome_observed'",
        ),
        (
            DIRECT.replace("terms.outcome(", "own_outcome("),
            "def build",
            OWN_OUTCOME.replace(", observed=values", "") + "def build",
            r"'outcome' is not observed; pass observed=model\['outcome_observed'\]",
        ),
        (
            DIRECT,
            "with terms.model_for(design) as model:",
            "model = terms.model_for(design)\n    if True:",
            r"line 24: build\(design\) raises TypeError: No model on context stack;",
        ),
        (MEDIATED, "            disturbance,\n", "", r"'outcome' does not depend on 'rho'"),
    ],
)
def test_an_omission_is_one_sentence(
    design: Design, tmp_path: Path, text: str, old: str, new: str, message: str
) -> None:
    path = edited(tmp_path, text, old, new)
    with pytest.raises(InputError, match=message) as refusal:
        load_member(str(path)).build(design)
    assert str(refusal.value).startswith(str(path))


def test_mediation_without_a_mediator_is_refused(tmp_path: Path) -> None:
    plain = make_design(dataset(tmp_path, mediators=None))
    for name in ("partial_mediation", "full_mediation"):
        with pytest.raises(InputError, match=r"names none; add \[mediators\.NAME\]"):
            load_member(name).build(plain)


def test_a_fault_of_a_member_keeps_its_traceback(
    design: Design, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mmm_bayes import terms

    monkeypatch.setattr(terms, "baseline", lambda design: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        load_member("no_mediation").build(design)


@pytest.mark.parametrize("name", [name for name in member_names() if name != "panel"])
def test_every_member_keeps_the_contract(design: Design, name: str) -> None:
    assert "outcome" in load_member(name).build(design).named_vars


def test_a_model_without_covariates_has_no_effects_of_controls(
    design: Design, tmp_path: Path
) -> None:
    from mmm_bayes.inference.sampling import compute_deterministics, prior_draws

    path = edited(
        tmp_path,
        DIRECT,
        "terms.baseline(design)",
        'terms.prior(design, "intercept", dims="unit")',
    )
    built = build_model(load_member(str(path)), design)
    draws = compute_deterministics(built, design, prior_draws(built, 5, 1))
    assert control_effects(design, draws).sizes == {}
