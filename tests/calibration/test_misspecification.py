"""The rule, and a page whose words follow the numbers of tables made by hand."""

from pathlib import Path

import pandas as pd
import pytest

from mmm_bayes.calibration.alarms import told
from mmm_bayes.calibration.departures import DEPARTURES, REFERENCE
from mmm_bayes.calibration.misspecification import page
from mmm_bayes.calibration.recovery import _wilson
from mmm_bayes.calibration.trust import judge, verdict
from mmm_bayes.simulate import SCENARIOS

ROOT = Path(__file__).parents[2]
SAVED = ROOT / "results" / "misspecification"
KINDS = [REFERENCE, *(each.scenario for each in DEPARTURES)]
CHANNELS = ("facebook", "instagram", "tiktok", "google", "tv")


@pytest.mark.parametrize(
    "covered, cases, says",
    [
        (100, 100, "trusted, wider than need be"),
        (95, 100, "trusted, wider than need be"),
        (94, 100, "trusted"),
        (85, 100, "not trusted"),
        (86, 100, "trusted"),
        (20, 20, "trusted"),
        (16, 20, "trusted"),
        (15, 20, "not trusted"),
    ],
)
def test_rule_on_counts(covered: int, cases: int, says: str) -> None:
    assert verdict(*_wilson(covered, cases)) == says


def test_rule_at_its_edges() -> None:
    assert verdict(0.80, 0.90) == "trusted"
    assert verdict(0.80, 0.8999) == "not trusted"
    assert verdict(0.90, 0.99) == "trusted"
    assert verdict(0.9001, 0.99) == "trusted, wider than need be"


def intervals(held: dict[tuple[str, str, str], int], markets: int = 20) -> pd.DataFrame:
    """20 markets of each kind; the first so many intervals of a channel hold the truth.

    Truth is 10 for a total, 8 for a direct and 2 for an indirect effect, of an outcome of 100; an
    interval that holds it ends at 0.5 and 1.5 times it, another at 1.1 and 2.1 times.
    """
    rows = []
    for kind in KINDS:
        for seed in range(markets):
            for channel in CHANNELS:
                for estimand, truth in (("total", 10.0), ("direct", 8.0), ("indirect", 2.0)):
                    none = estimand == "indirect" and channel in ("google", "tv")
                    low = 0.5 if seed < held.get((kind, channel, estimand), 18) else 1.1
                    rows.append(
                        {
                            "scenario": kind,
                            "seed": seed,
                            "unit": "all",
                            "channel": channel,
                            "estimand": estimand,
                            "median": 0.0 if none else (low + 0.5) * truth,
                            "sd": 0.0 if none else 1.0,
                            "lower": 0.0 if none else low * truth,
                            "upper": 0.0 if none else (low + 1.0) * truth,
                            "truth": 0.0 if none else truth,
                            "outcome": 100.0,
                        }
                    )
    return pd.DataFrame(rows)


def checked(wrong: dict[str, int]) -> pd.DataFrame:
    """Eight markets of each kind; a check of the outcome fails in the first so many."""
    return pd.DataFrame(
        [
            {"scenario": kind, "seed": seed, "group": group, "name": name, "status": status}
            for kind in KINDS
            for seed in range(8)
            for group, name, status in (
                ("convergence", "rhat", "fail"),
                ("data", "profile_1", "warn"),
                ("outcome_ppc", "kurtosis", "fail" if seed < wrong.get(kind, 0) else "pass"),
                ("residuals", "ljung_box", "warn" if seed < wrong.get(kind, 0) - 1 else "pass"),
            )
        ]
    )


def cell(text: str, name: str, estimand: str) -> list[str]:
    """The columns of one line of the table."""
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {name} | {estimand} |")]
    return [part.strip() for part in line.strip("|").split("|")]


def section(text: str, title: str) -> str:
    """What stands under a title, on one line."""
    return " ".join(text.split(f"## {title}\n")[1].split("\n## ")[0].split())


def test_every_departure_is_a_scenario_and_only_departs_from_the_reference() -> None:
    assert all(kind in SCENARIOS for kind in KINDS)
    assert len(set(KINDS)) == 6
    reference = SCENARIOS[REFERENCE]
    for kind in KINDS:
        assert SCENARIOS[kind].weeks == reference.weeks
        assert SCENARIOS[kind].link == reference.link
        assert SCENARIOS[kind].mediated


def test_judge_pools_the_causes_and_leaves_out_effects_that_cannot_be() -> None:
    held = {(REFERENCE, "tiktok", "total"): 0, (REFERENCE, "google", "total"): 15}
    judged = judge(intervals(held)).set_index(["scenario", "estimand", "channel"])
    everyone = judged.loc[(REFERENCE, "total", "all")]
    assert everyone["cases"] == 100
    assert everyone["coverage_90"] == pytest.approx((3 * 18 + 15) / 100)
    assert everyone["verdict"] == "not trusted"
    social = judged.loc[(REFERENCE, "total", "social")]
    assert social["cases"] == 60
    assert social["coverage_90"] == pytest.approx(36 / 60)
    assert judged.loc[(REFERENCE, "total", "google"), "verdict"] == "not trusted"  # 15 of 20
    assert judged.loc[(REFERENCE, "total", "tv"), "verdict"] == "trusted"  # 18 of 20
    assert judged.loc[(REFERENCE, "indirect", "all"), "cases"] == 60
    assert (REFERENCE, "indirect", "google") not in judged.index


def test_told_counts_markets_by_checks_of_the_model_alone() -> None:
    table = told(checked({"heavy_tailed": 8, "confounded": 1})).set_index("scenario")
    assert tuple(table.loc["heavy_tailed", ["markets", "warned", "failed"]]) == (8, 8, 8)
    assert table.loc["heavy_tailed", "often"] == "outcome_ppc.kurtosis (8), residuals.ljung_box (7)"
    assert tuple(table.loc["confounded", ["warned", "failed"]]) == (1, 1)
    assert tuple(table.loc[REFERENCE, ["warned", "failed", "often"]]) == (0, 0, "")


def test_page_says_what_the_tables_say() -> None:
    held = {("confounded", "google", name): 2 for name in ("total", "direct")}
    held |= {("confounded", social, "indirect"): 4 for social in CHANNELS[:3]}
    held |= {("changing_effect", "tv", name): 15 for name in ("total", "direct")}
    held |= {("heavy_tailed", social, "indirect"): 20 for social in CHANNELS[:3]}
    text = page(intervals(held), checked({"heavy_tailed": 8, "changing_effect": 3, REFERENCE: 1}))

    flat = " ".join(text.split())
    assert "fitted to 120 simulated markets, 20 of each kind" in flat
    assert (
        "can be trusted under: longer carryover; heavier tails; an effect that changes "
        "(except: total of tv, direct of tv); another saturation curve. "
        "They cannot under: an omitted confounder (total, direct, indirect)." in flat
    )
    assert cell(text, "none: the model is right", "total")[2:] == [
        "90% of 100 (84.0% to 93.9%)",
        "+0%",
        "10%",
        "trusted",
    ]
    assert cell(text, "an omitted confounder", "total")[-1] == "not trusted (google 10%)"
    assert cell(text, "an omitted confounder", "indirect")[2:4] == [
        "20% of 60 (12.9% to 29.7%)",
        "+60%",
    ]
    assert cell(text, "an effect that changes", "direct")[-1] == "trusted (not tv 75%)"
    assert cell(text, "heavier tails", "indirect")[-1] == "trusted, wider than need be"

    confounded = section(text, "An omitted confounder")
    assert (
        "warned or failed in 0 of 8 markets (1 of 8 where the model is right): mostly" in confounded
    )
    changing = section(text, "An effect that changes")
    assert "in 3 of 8 markets (1 of 8 where the model is right): mostly, nothing" in changing
    assert "mostly" not in section(text, "Heavier tails")
    assert "mostly" not in section(text, "Longer carryover")  # nothing to be told of


def test_page_without_a_failure_lists_none() -> None:
    text = page(intervals({}), checked({}))
    assert "They cannot under: none." in " ".join(text.split())
    assert "not trusted" not in text.split("## Would the report")[1]


def test_saved_page_is_what_the_saved_tables_say() -> None:
    rows, checks = (pd.read_csv(SAVED / f"{name}.csv") for name in ("markets", "checks"))
    saved = (ROOT / "docs" / "misspecification.md").read_text(encoding="utf-8")
    assert page(rows, checks) == saved
