"""Profile of a dataset as text on a terminal or elsewhere."""

from itertools import combinations

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from mmm_bayes.data.profiles import Profile
from mmm_bayes.text import number

_STRONGEST = 5


def show(profile: Profile, console: Console | None = None) -> None:
    """Print a profile, within the width of the console.

    Parameters
    ----------
    console : rich.console.Console, optional
        Standard output if left out.
    """
    # Names come from the user's files: text, never markup. Notebooks get plain text, too.
    console = console or Console(markup=False, highlight=False, force_jupyter=False)
    units = f"{len(profile.units)} units, " if len(profile.units) > 1 else ""
    console.print(
        f"{profile.table}: {units}{profile.dates} dates, {profile.first:%Y-%m-%d} to "
        f"{profile.last:%Y-%m-%d}, every {profile.step.noun}, sha256 {profile.sha256[:12]}"
    )
    console.print(_outcome(profile))
    for table in (_channels(profile), _controls(profile), _pairs(profile), _experiments(profile)):
        if table.row_count:
            console.print(table)
    console.print(
        f"about {profile.parameters} parameters, {profile.weeks_per_parameter:.1f} rows of the "
        "table for each"
    )
    for title, sentences in (("warnings", profile.warnings), ("notes", profile.notes)):
        if sentences:
            console.print(f"\n{title}", style="bold")
            console.print(_bullets(sentences))


def _bullets(sentences: tuple[str, ...]) -> Table:
    grid = Table.grid(padding=(0, 1))
    for sentence in sentences:
        grid.add_row("-", sentence)
    return grid


def _table(title: str, *numbers: str, texts: int = 0) -> Table:
    """Empty table with a column of names, `texts` more columns of text, then columns of numbers."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(title, overflow="fold")
    for position, heading in enumerate(numbers):
        table.add_column(heading, justify="left" if position < texts else "right", overflow="fold")
    return table


def _outcome(profile: Profile) -> str:
    outcome = profile.outcome
    low, _, median, _, high = map(number, outcome.quantiles)
    return (
        f"outcome: median {median}, mean {number(outcome.mean)}, 90% of rows in {low} to {high}, "
        f"all in {number(outcome.minimum)} to {number(outcome.maximum)}; "
        f"skewness {outcome.skewness:.1f}, {outcome.modes} mode{'s' * (outcome.modes > 1)}"
    )


def _channels(profile: Profile) -> Table:
    table = _table("channel", "role", "off", "spend", "share", "mean when on", "VIF", texts=1)
    for name, row in profile.channels.iterrows():
        table.add_row(
            str(name),
            row["role"],
            f"{row['zero_share']:.0%}",
            number(row["total"]) if row["paid"] else "-",
            f"{row['share']:.1%}" if row["paid"] else "-",
            number(row["mean_on"]),
            _factor(row["vif"]),
        )
    return table


def _controls(profile: Profile) -> Table:
    table = _table("control", "mean", "sd", "min", "max", "VIF")
    for name, row in profile.controls.iterrows():
        numbers = (row["mean"], row["sd"], row["minimum"], row["maximum"])
        table.add_row(str(name), *map(number, numbers), _factor(row["vif"]))
    return table


def _pairs(profile: Profile) -> Table:
    table = _table("strongest correlations", "r")
    names, matrix = list(profile.correlation.columns), profile.correlation.to_numpy()
    pairs = [pair for pair in combinations(range(len(names)), 2) if np.isfinite(matrix[pair])]
    for i, j in sorted(pairs, key=lambda pair: -abs(matrix[pair]))[:_STRONGEST]:
        table.add_row(f"{names[i]} and {names[j]}", f"{matrix[i, j]:.2f}")
    return table


def _experiments(profile: Profile) -> Table:
    table = _table("experiment", "source", "spend change", "lift", "standard error")
    for name, row in profile.experiments.iterrows():
        change = f"{row['change']:+.0%}" if np.isfinite(row["change"]) else "from 0"
        measured = (number(row[key]) for key in ("lift", "standard_error"))
        table.add_row(str(name), str(row["source"]), change, *measured)
    return table


def _factor(vif: float) -> str:
    return "-" if np.isnan(vif) else f"{vif:.1f}"
