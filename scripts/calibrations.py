"""Calibration of partial_mediation in every form: on tables made by its own stated equations.

Writes a folder of ``results/calibration`` for each form, as ``mmm-bayes calibrate`` does. A
calibration that was interrupted goes on where it stopped.

    python scripts/calibrations.py [FORM ...] [--simulations 100]
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

from mmm_bayes.report.calibration import render_calibration
from mmm_bayes.studies.calibration.job import calibrate
from mmm_bayes.studies.simulate import Market, save, simulate
from mmm_bayes.studies.simulate.portfolio import simulate_portfolio

MODEL, WEEKS = "partial_mediation", 104
FOLDER = Path(__file__).parents[1] / "results" / "calibration"


@dataclass(frozen=True)
class Variant:
    """A form of the model, and the market whose spends and controls the tables have.

    Attributes
    ----------
    scenario : str, optional
        Scenario of `mmm_bayes.studies.simulate`; a market of 15 channels if None.
    keys : tuple of str
        Lines of ``[model]`` besides those that the scenario's description has.
    """

    scenario: str | None
    keys: tuple[str, ...] = ()

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
    "fifteen_channels": Variant(None),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("forms", nargs="*", choices=[*FORMS, []], help="forms; all by default")
    parser.add_argument("--simulations", type=int, default=100)
    arguments = parser.parse_args()
    for name in arguments.forms or FORMS:
        print(name, flush=True)
        folder = FOLDER / f"{MODEL}-{name}"
        with tempfile.TemporaryDirectory() as place:
            toml = describe(FORMS[name], Path(place))
            calibrate(MODEL, folder, arguments.simulations, data=toml)
        render_calibration(folder)


def describe(variant: Variant, place: Path) -> Path:
    """Description of a form's market, written with its table to a folder."""
    _, toml, _ = save(variant.market(), place / "market.csv")
    text = toml.read_text(encoding="utf-8")
    assert "[model]\n" in text
    lines = "".join(f"{key}\n" for key in variant.keys)
    toml.write_text(text.replace("[model]\n", f"[model]\n{lines}"), encoding="utf-8")
    return toml


if __name__ == "__main__":
    main()
