"""The numbers that the README shows are those of the run that is kept, and of the written truth."""

import json
import re
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parent.parent
EFFECTS = ("total", "direct", "indirect")


def test_what_it_finds_is_what_the_kept_run_found() -> None:
    kept = pd.read_csv(ROOT / "results" / "mediated-partial_mediation" / "estimands.csv")
    kept = kept.set_index(["channel", "estimand"])[["mean", "lower", "upper"]] / 1e6
    written = json.loads((ROOT / "data" / "mediated.truth.json").read_text())["effects"]
    truth = {(one["channel"], one["estimand"]): one["value"] / 1e6 for one in written}
    for channel in ("facebook", "instagram", "tiktok", "google", "tv"):
        row = re.search(rf"^\| {channel} \| (.+) \|$", (ROOT / "README.md").read_text(), re.M)
        assert row
        cells = [cell.strip() for cell in row[1].split("|")]
        for at, effect in enumerate(EFFECTS):
            if truth[channel, effect] == 0.0:
                assert cells[2 * at : 2 * at + 2] == ["", ""]
                continue
            mean, lower, upper = kept.loc[(channel, effect)]
            assert cells[2 * at] == f"{mean:.1f} ({lower:.1f} to {upper:.1f})"
            assert cells[2 * at + 1] == f"{truth[channel, effect]:.1f}"
    mean, lower, upper = kept.loc[("all_media", "total")]
    told, true = f"{mean:.1f} ({lower:.1f} to {upper:.1f})", truth["all_media", "total"]
    assert f"| all media together | {told} | {true:.1f} |" in (ROOT / "README.md").read_text()


def test_what_disturbances_that_remember_change_is_what_was_measured() -> None:
    kept = pd.read_csv(ROOT / "results" / "recovery" / "errors_summary.csv")
    kept = kept.set_index(["scenario", "estimand", "channel", "errors"])["coverage_90"]
    rows = {
        "mediated": "nothing is remembered",
        "remembering": "disturbances with a memory of 0.6",
        "drifting": "a level of revenue that drifts 1.2% a week",
        "drifting_together": "a level that moves revenue and Google together",
    }
    columns = [("total", "all"), ("indirect", "all"), ("total", "all_media")]
    text = (ROOT / "README.md").read_text()
    for scenario, told in rows.items():
        cells = [
            " → ".join(f"{kept.loc[(scenario, *column, errors)]:.0%}" for errors in ("iid", "ar1"))
            for column in columns
        ]
        assert f"| {told} | {' | '.join(cells)} |" in text


def test_what_unseen_demand_changes_is_what_was_measured() -> None:
    kept = pd.read_csv(ROOT / "results" / "recovery" / "demand_summary.csv")
    kept = kept.set_index(["scenario", "estimand", "channel", "demand"])
    rows = {"mediated": "0%", "demanded": "30%", "strongly_demanded": "60%"}
    text = (ROOT / "README.md").read_text()
    for scenario, told in rows.items():
        pair = [
            kept.xs((scenario, demand), level=("scenario", "demand"))
            for demand in ("none", "unseen")
        ]
        cells = [
            " → ".join(f"{one.loc[key, 'coverage_90']:.0%}" for one in pair)
            for key in (("total", "google"), ("indirect", "all"), ("total", "all_media"))
        ]
        cells.insert(
            1,
            " → ".join(f"{1 + one.loc[('total', 'google'), 'relative_error']:.2f}" for one in pair),
        )
        assert f"| {told} | {' | '.join(cells)} |" in text


def test_the_race_is_what_was_measured() -> None:
    fits = pd.read_csv(ROOT / "results" / "benchmarks" / "fits.csv").query("start == 'warm'")
    fits = fits.groupby("contender")["whole_s"].median()
    text = (ROOT / "README.md").read_text()
    for contender, seconds in fits.items():
        assert f"| {seconds:.1f} |" in text, contender
