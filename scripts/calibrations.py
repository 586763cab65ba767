"""Calibration of every member and form: on tables made by their own stated equations.

Writes a folder of ``results/calibration`` for each, as ``mmm-bayes calibrate`` does. A calibration
that was interrupted goes on where it stopped; one that is complete is not made again.

    python scripts/calibrations.py [NAME ...] [--simulations 100]
"""

from __future__ import annotations

import argparse
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mmm_bayes.report.calibration import render_calibration
from mmm_bayes.studies.calibration.job import calibrate
from mmm_bayes.studies.calibration.process import MEMBERS
from mmm_bayes.studies.simulate import Market, save, simulate
from mmm_bayes.studies.simulate.portfolio import simulate_portfolio

MODEL, WEEKS = "partial_mediation", 104
FOLDER = Path(__file__).parents[1] / "results" / "calibration"
#: Simulated tables, and those of members whose fits take longer.
SIMULATIONS, FEWER = 100, {"time_varying": 40, "panel": 20}


@dataclass(frozen=True)
class LiftTest:
    """A lift test of a simulated market.

    Attributes
    ----------
    channel : str
    weeks : slice
    more : float
        Change of the spend, as a share of it.
    error : float
        Standard error of the lift, as a share of the mean week's revenue.
    """

    channel: str
    weeks: slice
    more: float
    error: float


@dataclass(frozen=True)
class Variant:
    """A form of the model, and the market whose spends and controls the tables have.

    Attributes
    ----------
    scenario : str, optional
        Scenario of `mmm_bayes.studies.simulate`; a market of 15 channels if None.
    keys : tuple of str
        Lines of ``[model]`` besides those that the scenario's description has.
    tests : tuple of LiftTest
    """

    scenario: str | None
    keys: tuple[str, ...] = ()
    tests: tuple[LiftTest, ...] = ()

    def market(self) -> Market:
        """The market, always the same one."""
        if self.scenario is None:
            return simulate_portfolio(15, 0.3, mediated=True, weeks=WEEKS, seed=1)
        return simulate(self.scenario, weeks=WEEKS, seed=1)


FORMS = {
    "log": Variant("multiplicative"),
    "log-student_t": Variant("multiplicative", ('likelihood = "student_t"',)),
    "lognormal": Variant("mediated", ('likelihood = "lognormal"',)),
    "ar1": Variant("remembering", ('errors = "ar1"',)),
    "hurdle": Variant("zero_spend"),
    "censored": Variant("floored"),
    "interactions": Variant("owned"),
    "experiments": Variant(
        "mediated",
        tests=(
            LiftTest("facebook", slice(30, 38), -1.0, 0.1),
            LiftTest("google", slice(60, 68), 0.5, 0.1),
            LiftTest("tv", slice(80, 86), 0.5, 0.1),
        ),
    ),
    "fifteen_channels": Variant(None),
}


def main() -> None:
    names = [*MEMBERS, *(f"{MODEL}-{form}" for form in FORMS)]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", choices=[*names, []], help="folders; all by default")
    parser.add_argument("--simulations", type=int, help=f"tables; by default {SIMULATIONS}")
    parser.add_argument(
        "--scheduler", help="as of mmm-bayes calibrate; by default a process a core"
    )
    arguments = parser.parse_args()
    scheduler = arguments.scheduler or str(os.cpu_count() or 1)
    for name in arguments.names or names:
        print(name, flush=True)
        model, _, form = name.partition("-")
        number = arguments.simulations or FEWER.get(name, SIMULATIONS)
        with tempfile.TemporaryDirectory() as place:
            data = describe(FORMS[form], Path(place)) if form else None
            calibrate(model, FOLDER / name, number, data=data, scheduler=scheduler)
        render_calibration(FOLDER / name)


def describe(variant: Variant, place: Path) -> Path:
    """Description of a form's market, written with its tables to a folder."""
    market = variant.market()
    _, toml, _ = save(market, place / "market.csv")
    text = toml.read_text(encoding="utf-8")
    assert "[model]\n" in text
    lines = "".join(f"{key}\n" for key in variant.keys)
    text = text.replace("[model]\n", f"[model]\n{lines}")
    if variant.tests:
        lift_tests(market, variant.tests).to_csv(place / "lift_tests.csv", index=False)
        text += '\n[experiments]\nfile = "lift_tests.csv"\n'
    toml.write_text(text, encoding="utf-8")
    return toml


def lift_tests(market: Market, tests: tuple[LiftTest, ...]) -> pd.DataFrame:
    """Table of lift tests; each lift stands for the one that a simulated table has."""
    table = market.table
    revenue = float(table["revenue"].mean())
    return pd.DataFrame(
        [
            {
                "channel": test.channel,
                "start": table["week"].iloc[test.weeks.start],
                "end": table["week"].iloc[test.weeks.stop - 1],
                "spend_change": test.more * table[f"{test.channel}_spend"].iloc[test.weeks].sum(),
                "lift": test.more * revenue,
                "standard_error": test.error * revenue,
                "source": "independent",
            }
            for test in tests
        ]
    )


if __name__ == "__main__":
    main()
