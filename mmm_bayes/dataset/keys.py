"""Which rows a panel's keys leave: the units that are wanted, and one row of each unit and date.

Both happen only because the description says so, and each is told in a sentence.
"""

import pandas as pd

from mmm_bayes.dataset.description import Description, nearest
from mmm_bayes.dataset.values import listed
from mmm_bayes.errors import InputError

_HOW = {
    "sum": "outcome, spends and exposures summed, controls averaged",
    "mean": "every column averaged",
}


def chosen_units(
    cells: pd.DataFrame, description: Description
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Keep the rows of the units that the description names, if it names any.

    Parameters
    ----------
    cells : DataFrame of objects, shape (row, column)
        What `reading.read` returns, before any rule is applied to it.
    description

    Returns
    -------
    cells : DataFrame
        Its own rows, with their numbers. A row without a unit is kept, to be refused.
    says : tuple of str
        What was left out.

    Raises
    ------
    InputError
        For a unit that the table does not have.
    """
    column = description.unit
    # A header that lacks the column, or has it twice, is told of with the other columns.
    if description.units is None or column is None or list(cells.columns).count(column) != 1:
        return cells, ()
    names = cells[column].map(str, na_action="ignore")
    found = sorted(names.dropna().unique())
    for unit in description.units:
        if unit not in found:
            raise InputError(
                f"units names {unit!r}, which column {column!r} does not have"
                f"{nearest(unit, found)}; the units are {listed(found)}"
            )
    other = names.notna() & (names != "") & ~names.isin(description.units)
    if not other.any():
        return cells, ()
    gone = sorted(names[other].unique())
    says = (
        f"left out, because units names the others: {other.sum():,} of {len(cells):,} rows, of "
        f"unit{'s' * (len(gone) > 1)} {listed(gone)}."
    )
    return cells[~other], (says,)


def settled(frame: pd.DataFrame, description: Description) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Aggregate the rows of the same unit and date, if the description says how.

    Parameters
    ----------
    frame : DataFrame, shape (row, named column)
        What `values.typed` returns.
    description

    Returns
    -------
    frame : DataFrame
        Unchanged where nothing is repeated or repeated rows are to be refused.
    says : tuple of str
        How many rows became how many, and how.
    """
    keys = [description.date] if description.unit is None else [description.unit, description.date]
    repeated = frame.duplicated(keys, keep=False)
    if description.duplicates == "error" or not repeated.any():
        return frame, ()
    added = {} if description.duplicates == "mean" else {description.outcome: "sum"} | {
        column: "sum"
        for channel in description.channels.values()
        for column in (channel.spend, channel.exposure)
        if column is not None
    }  # fmt: skip
    how = {column: added.get(column, "mean") for column in frame.columns if column not in keys}
    made = frame.groupby(keys, sort=False, as_index=False).agg(how)[list(frame.columns)]
    number = len(frame[repeated].drop_duplicates(keys))
    what = "date" if description.unit is None else "unit and date"
    says = (
        f"aggregated, because duplicates is {description.duplicates!r}: {repeated.sum():,} rows "
        f"that share their {what} with another became {number:,} ({_HOW[description.duplicates]})."
    )
    return made, (says,)
