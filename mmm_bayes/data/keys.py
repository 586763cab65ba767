"""Selection of a panel's units, and aggregation of rows of the same unit and date.

Both are done only if the description asks for it, and each is reported in a sentence.
"""

import pandas as pd

from mmm_bayes.data.description import Description, suggestion
from mmm_bayes.data.values import shortlist
from mmm_bayes.errors import InputError

_AGGREGATION = {
    "sum": "outcome, spends and exposures summed, controls averaged",
    "mean": "every column averaged",
}


def select_units(
    cells: pd.DataFrame, description: Description
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Rows of the units that the description selects; all rows if it selects none.

    Parameters
    ----------
    cells : DataFrame of objects, shape (row, column)
        What `cells.read_cells` returns, before any rule is applied to it.

    Returns
    -------
    cells : DataFrame
        The selected rows, with their row numbers. A row without a unit is kept: it is refused
        later.
    message : tuple of str
        A sentence on the rows left out, if any.

    Raises
    ------
    InputError
        For a unit that the table does not have.
    """
    column = description.unit
    # A header without the column, or with it twice, is reported with the other columns.
    if description.units is None or column is None or list(cells.columns).count(column) != 1:
        return cells, ()
    names = cells[column].map(str, na_action="ignore")
    units = sorted(names.dropna().unique())
    for unit in description.units:
        if unit not in units:
            raise InputError(
                f"units names {unit!r}, which column {column!r} does not have"
                f"{suggestion(unit, units)}; the units are {shortlist(units)}"
            )
    excluded = names.notna() & (names != "") & ~names.isin(description.units)
    if not excluded.any():
        return cells, ()
    excluded_units = sorted(names[excluded].unique())
    message = (
        f"left out, because units does not name them: {excluded.sum():,} of {len(cells):,} rows, "
        f"of unit{'s' * (len(excluded_units) > 1)} {shortlist(excluded_units)}."
    )
    return cells[~excluded], (message,)


def aggregate_duplicates(
    frame: pd.DataFrame, description: Description
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Table with rows of the same unit and date aggregated as the description asks.

    Parameters
    ----------
    frame : DataFrame, shape (row, named column)
        What `values.parse_table` returns.

    Returns
    -------
    frame : DataFrame
        Unchanged if nothing is repeated, or if repeated rows are to be refused.
    message : tuple of str
        A sentence on the rows aggregated, if any.
    """
    keys = [description.date] if description.unit is None else [description.unit, description.date]
    repeated = frame.duplicated(keys, keep=False)
    if description.duplicates == "error" or not repeated.any():
        return frame, ()
    summed = {} if description.duplicates == "mean" else {description.outcome: "sum"} | {
        column: "sum"
        for channel in description.channels.values()
        for column in (channel.spend, channel.exposure)
        if column is not None
    }  # fmt: skip
    policy = {column: summed.get(column, "mean") for column in frame.columns if column not in keys}
    aggregated = frame.groupby(keys, sort=False, as_index=False).agg(policy)[list(frame.columns)]
    number = len(frame[repeated].drop_duplicates(keys))
    key = "date" if description.unit is None else "unit and date"
    message = (
        f"aggregated, because duplicates is {description.duplicates!r}: {repeated.sum():,} rows "
        f"that share their {key} with another became {number:,} "
        f"({_AGGREGATION[description.duplicates]})."
    )
    return aggregated, (message,)
