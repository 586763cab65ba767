"""Print a profile to a terminal, or as plain text to anything else."""

from itertools import combinations

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from mmm_bayes.dataset.profiling import Profile

_STRONGEST = 5


def show(found: Profile, console: Console | None = None) -> None:
    """Print a profile, within the width of the console.

    Parameters
    ----------
    found
        What `profile` returned.
    console
        Where to print; standard output if left out.
    """
    # Names come from the user's files: they are text, never markup. A notebook gets plain text too.
    console = console or Console(markup=False, highlight=False, force_jupyter=False)
    units = f"{len(found.units)} units, " if len(found.units) > 1 else ""
    console.print(
        f"{found.table}: {units}{found.dates} dates, {found.first:%Y-%m-%d} to "
        f"{found.last:%Y-%m-%d}, every {found.step_days} days, sha256 {found.sha256[:12]}"
    )
    console.print(_outcome(found))
    for table in (_channels(found), _controls(found), _pairs(found), _experiments(found)):
        if table.row_count:
            console.print(table)
    console.print(
        f"about {found.parameters} parameters, {found.weeks_per_parameter:.1f} rows of the table "
        "for each"
    )
    for title, sentences in (("warnings", found.warnings), ("notes", found.notes)):
        if sentences:
            console.print(f"\n{title}", style="bold")
            console.print(_bullets(sentences))


def _bullets(sentences: tuple[str, ...]) -> Table:
    grid = Table.grid(padding=(0, 1))
    for sentence in sentences:
        grid.add_row("-", sentence)
    return grid


def _table(title: str, *numbers: str, texts: int = 0) -> Table:
    """Make an empty table: a column of names, `texts` more of text, then numbers."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(title, overflow="fold")
    for position, number in enumerate(numbers):
        table.add_column(number, justify="left" if position < texts else "right", overflow="fold")
    return table


def _outcome(found: Profile) -> str:
    o = found.outcome
    low, _, median, _, high = map(_number, o.quantiles)
    return (
        f"outcome: median {median}, mean {_number(o.mean)}, 90% of rows in {low} to {high}, all in "
        f"{_number(o.minimum)} to {_number(o.maximum)}; skewness {o.skewness:.1f}, "
        f"{o.modes} mode{'s' * (o.modes > 1)}"
    )


def _channels(found: Profile) -> Table:
    table = _table("channel", "role", "off", "spend", "share", "mean when on", "VIF", texts=1)
    for name, row in found.channels.iterrows():
        table.add_row(
            str(name),
            row["role"],
            f"{row['zero_share']:.0%}",
            _number(row["total"]) if row["paid"] else "-",
            f"{row['share']:.1%}" if row["paid"] else "-",
            _number(row["mean_on"]),
            _factor(row["vif"]),
        )
    return table


def _controls(found: Profile) -> Table:
    table = _table("control", "mean", "sd", "min", "max", "VIF")
    for name, row in found.controls.iterrows():
        numbers = (row["mean"], row["sd"], row["minimum"], row["maximum"])
        table.add_row(str(name), *map(_number, numbers), _factor(row["vif"]))
    return table


def _pairs(found: Profile) -> Table:
    table = _table("strongest correlations", "r")
    names, matrix = list(found.correlation.columns), found.correlation.to_numpy()
    pairs = [pair for pair in combinations(range(len(names)), 2) if np.isfinite(matrix[pair])]
    for i, j in sorted(pairs, key=lambda pair: -abs(matrix[pair]))[:_STRONGEST]:
        table.add_row(f"{names[i]} and {names[j]}", f"{matrix[i, j]:.2f}")
    return table


def _experiments(found: Profile) -> Table:
    table = _table("experiment", "spend change", "lift", "standard error")
    for name, row in found.experiments.iterrows():
        change = f"{row['change']:+.0%}" if np.isfinite(row["change"]) else "from 0"
        table.add_row(str(name), change, _number(row["lift"]), _number(row["standard_error"]))
    return table


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _factor(vif: float) -> str:
    return "-" if np.isnan(vif) else f"{vif:.1f}"
