"""The rule of coverage, and the page of tables made by hand."""

import pandas as pd
import pytest
from places import ROOT

from mmm_bayes.decisions.plan import PROMISED_OVER_TRUE
from mmm_bayes.studies.calibration.alarms import warning_counts
from mmm_bayes.studies.calibration.departures import DEPARTURES, REFERENCE
from mmm_bayes.studies.calibration.misspecification import SUPPORTED, misspecification_page
from mmm_bayes.studies.calibration.recovery import coverage_verdict, judge_coverage, wilson_interval
from mmm_bayes.studies.simulate import SCENARIOS

SAVED = ROOT / "results" / "misspecification"
KINDS = [REFERENCE, *(departure.scenario for departure in DEPARTURES)]
CHANNELS = ("facebook", "instagram", "tiktok", "google", "tv")


@pytest.mark.parametrize(
    "covered, cases, verdict",
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
def test_rule_on_counts(covered: int, cases: int, verdict: str) -> None:
    assert coverage_verdict(*wilson_interval(covered, cases)) == verdict


def test_rule_at_its_edges() -> None:
    assert coverage_verdict(0.80, 0.90) == "trusted"
    assert coverage_verdict(0.80, 0.8999) == "not trusted"
    assert coverage_verdict(0.90, 0.99) == "trusted"
    assert coverage_verdict(0.9001, 0.99) == "trusted, wider than need be"


def intervals(covered: dict[tuple[str, str, str], int], markets: int = 20) -> pd.DataFrame:
    """20 markets of each scenario; `covered` is the number of a channel's intervals that cover it.

    The truth is 10 for a total, 8 for a direct and 2 for an indirect effect, of an outcome of 100.
    An interval that covers it extends from 0.5 to 1.5 times the truth, another from 1.1 to 2.1.
    """
    rows = []
    for scenario in KINDS:
        for seed in range(markets):
            for channel in CHANNELS:
                for estimand, truth in (("total", 10.0), ("direct", 8.0), ("indirect", 2.0)):
                    none = estimand == "indirect" and channel in ("google", "tv")
                    low = 0.5 if seed < covered.get((scenario, channel, estimand), 18) else 1.1
                    rows.append(
                        {
                            "scenario": scenario,
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


def test_effects_within_what_was_observed_have_a_table_where_the_markets_have_them() -> None:
    rows = intervals({})
    page = misspecification_page(rows, check_table({}), plans({}))
    assert "## Within what was observed" not in page
    within = [
        rows[rows["estimand"] == name.split("_")[0]].assign(estimand=name) for name in SUPPORTED
    ]
    rows = pd.concat([rows, *within])
    lost = (rows["estimand"] == "total_minus20") & (rows["seed"] >= 12)
    rows.loc[lost, ["lower", "upper"]] = [900.0, 1000.0]
    page = misspecification_page(rows, check_table({}), plans({}))
    section = page[page.index("## Within what was observed") : page.index("## Would the report")]
    assert section.count("total of 20% less | 60% of 100") == len(KINDS)
    assert section.count("total, above the lowest tenth | 90% of 100") == len(KINDS)


def check_table(failures: dict[str, int]) -> pd.DataFrame:
    """Eight markets of each scenario; `failures` is the number in which a check fails."""
    return pd.DataFrame(
        [
            {"scenario": scenario, "seed": seed, "group": group, "name": name, "status": status}
            for scenario in KINDS
            for seed in range(8)
            for group, name, status in (
                ("convergence", "rhat", "fail"),
                ("data", "profile_1", "warn"),
                ("outcome_ppc", "kurtosis", "fail" if seed < failures.get(scenario, 0) else "pass"),
                (
                    "residuals",
                    "ljung_box",
                    "warn" if seed < failures.get(scenario, 0) - 1 else "pass",
                ),
            )
        ]
    )


def plans(truths: dict[str, float]) -> pd.DataFrame:
    """Twenty markets of each scenario, whose plans promise 10 (2 to 18) of 1,000.

    A planner's plan brings 5 or what `truths` say, a caused one 4.
    """
    return pd.DataFrame(
        [
            {"scenario": scenario, "seed": seed, "policy": policy, "gain": 10.0, "lower": 2.0,
             "upper": 18.0, "outcome": 1000.0,
             "truth": truths.get(scenario, 5.0) if policy == "planner" else 4.0}
            for scenario in KINDS
            for seed in range(20)
            for policy in ("planner", "caused")
        ]
    )  # fmt: skip


def table_cells(text: str, name: str, estimand: str) -> list[str]:
    """Cells of one row of the table."""
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {name} | {estimand} |")]
    return [part.strip() for part in line.strip("|").split("|")]


def section_text(text: str, title: str) -> str:
    """Text below a heading, on one line."""
    return " ".join(text.split(f"## {title}\n")[1].split("\n## ")[0].split())


def test_every_departure_is_a_scenario_and_only_departs_from_the_reference() -> None:
    assert all(kind in SCENARIOS for kind in KINDS)
    assert len(set(KINDS)) == 6
    reference = SCENARIOS[REFERENCE]
    for kind in KINDS:
        assert SCENARIOS[kind].weeks == reference.weeks
        assert SCENARIOS[kind].link == reference.link
        assert SCENARIOS[kind].mediated


def test_coverage_pools_the_causes_and_leaves_out_effects_that_are_zero_by_construction() -> None:
    covered = {(REFERENCE, "tiktok", "total"): 0, (REFERENCE, "google", "total"): 15}
    coverage = judge_coverage(intervals(covered)).set_index(["scenario", "estimand", "channel"])
    pooled = coverage.loc[(REFERENCE, "total", "all")]
    assert pooled["cases"] == 100
    assert pooled["coverage_90"] == pytest.approx((3 * 18 + 15) / 100)
    assert pooled["verdict"] == "not trusted"
    social = coverage.loc[(REFERENCE, "total", "social")]
    assert social["cases"] == 60
    assert social["coverage_90"] == pytest.approx(36 / 60)
    assert coverage.loc[(REFERENCE, "total", "google"), "verdict"] == "not trusted"  # 15 of 20
    assert coverage.loc[(REFERENCE, "total", "tv"), "verdict"] == "trusted"  # 18 of 20
    assert coverage.loc[(REFERENCE, "indirect", "all"), "cases"] == 60
    assert (REFERENCE, "indirect", "google") not in coverage.index


def test_warning_counts_use_checks_of_the_model_alone() -> None:
    table = warning_counts(check_table({"heavy_tailed": 8, "confounded": 1})).set_index("scenario")
    assert tuple(table.loc["heavy_tailed", ["markets", "warned", "failed"]]) == (8, 8, 8)
    assert table.loc["heavy_tailed", "often"] == "outcome_ppc.kurtosis (8), residuals.ljung_box (7)"
    assert tuple(table.loc["confounded", ["warned", "failed"]]) == (1, 1)
    assert tuple(table.loc[REFERENCE, ["warned", "failed", "often"]]) == (0, 0, "")


def test_the_page_reports_the_numbers_of_the_tables() -> None:
    covered = {("confounded", "google", name): 2 for name in ("total", "direct")}
    covered |= {("confounded", social, "indirect"): 4 for social in CHANNELS[:3]}
    covered |= {("changing_effect", "tv", name): 15 for name in ("total", "direct")}
    covered |= {("heavy_tailed", social, "indirect"): 20 for social in CHANNELS[:3]}
    checks = check_table({"heavy_tailed": 8, "changing_effect": 3, REFERENCE: 1})
    text = misspecification_page(intervals(covered), checks, plans({"confounded": -5.0}))

    text_on_one_line = " ".join(text.split())
    assert "fitted to 120 simulated markets, 20 of each kind, in the form" in text_on_one_line
    assert (
        "can be trusted under: longer carryover; heavier tails; an effect that changes "
        "(except: total of tv, direct of tv); another saturation curve. "
        "They cannot under: an omitted confounder (total, direct, indirect)." in text_on_one_line
    )
    assert table_cells(text, "none (correctly specified)", "total")[2:] == [
        "90% of 100 (84.0% to 93.9%)",
        "+0%",
        "10.0%",
        "trusted",
    ]
    assert table_cells(text, "an omitted confounder", "total")[-1] == "not trusted (google 10%)"
    assert table_cells(text, "an omitted confounder", "indirect")[2:4] == [
        "20% of 60 (12.9% to 29.7%)",
        "+60%",
    ]
    assert table_cells(text, "an effect that changes", "direct")[-1] == "trusted (not tv 75%)"
    assert table_cells(text, "heavier tails", "indirect")[-1] == "trusted, wider than need be"

    assert table_cells(text, "heavier tails", "set")[2:] == [
        "1.0%", "0.5%", "2.00", "20 of 20", "0",
    ]  # fmt: skip
    assert table_cells(text, "an omitted confounder", "set")[3:] == [
        "-0.5%", "-2.00", "0 of 20", "20",
    ]  # fmt: skip
    assert table_cells(text, "an omitted confounder", "caused")[4] == "2.50"
    # Planner: five kinds bring 5 a market and one -5, of 10 promised in each.
    assert "promised gain is 3.00 times the true one where" in text_on_one_line
    assert "2.50 times where it follows" in text_on_one_line

    confounded = section_text(text, "An omitted confounder")
    assert (
        "warned or failed in 0 of 8 markets (1 of 8 with the correctly specified model): in most"
        in confounded
    )
    changing = section_text(text, "An effect that changes")
    assert (
        "in 3 of 8 markets (1 of 8 with the correctly specified model): in most markets, nothing"
        in changing
    )
    assert "in most markets" not in section_text(text, "Heavier tails")
    assert "in most markets" not in section_text(text, "Longer carryover")  # nothing to warn of


def test_page_without_a_failure_lists_none() -> None:
    text = misspecification_page(intervals({}), check_table({}), plans({}))
    assert "They cannot under: none." in " ".join(text.split())
    assert "not trusted" not in text.split("## Would the report")[1]


def test_plans_say_what_the_saved_ones_kept() -> None:
    rows = pd.read_csv(SAVED / "plans.csv")
    assert rows.groupby(["scenario", "seed"]).ngroups == 120
    for policy, said in PROMISED_OVER_TRUE.items():
        of_policy = rows[rows["policy"] == policy]
        assert said == pytest.approx(of_policy["gain"].sum() / of_policy["truth"].sum(), abs=0.05)


def test_the_saved_page_is_made_from_the_saved_tables() -> None:
    tables = (pd.read_csv(SAVED / f"{name}.csv") for name in ("markets", "checks", "plans"))
    saved = (ROOT / "docs" / "misspecification.md").read_text(encoding="utf-8")
    assert misspecification_page(*tables) == saved
