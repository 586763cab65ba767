"""Lift tests on the small tables, and the paths of exposure that they change, by loops."""

import math
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import oracle
import pandas as pd
from builds import CHANNELS, MAX_LAG, OWNED, Built, dataset, table

from mmm_bayes.data import Dataset

#: Channel, first and last week, and change as a share of what was spent (money where nothing was).
#: TV is off in week 13, in the first week of the table it has no history, and search is on in the
#: weeks named here in the tables with a hurdle too.
TESTS = [
    ("social", 8, 14, 0.8),
    ("video", 20, 22, -1.0),
    ("search", 16, 18, 0.5),
    ("tv", 13, 13, 70.0),
    ("tv", 2, 5, -0.4),
    ("social", 24, 24, -0.5),
]


def table_with_tests(
    folder: Path,
    *,
    units: int = 1,
    hurdle: bool = False,
    interacting: bool = False,
    own: tuple[int, ...] = (),
) -> Dataset:
    """The small table with the tests above; in a panel they alternate between the two units.

    Those numbered in `own` were computed from the table's weeks, and replace their outcome.
    """
    frame = table(units=units, hurdle=hurdle)
    rows = []
    for number, (channel, first, last, share) in enumerate(TESTS):
        unit = f"r{number % units}"
        unit_rows = frame[frame["region"] == unit].reset_index(drop=True)
        spent = unit_rows[f"{channel}_spend"][first : last + 1].sum()
        rows.append(
            {
                "channel": channel,
                "unit": unit,
                "start": unit_rows["week"][first],
                "end": unit_rows["week"][last],
                "spend_change": share * spent if spent else abs(share),
                "lift": 10.0 * number - 20.0,
                "standard_error": 30.0 + number,
                "source": "these weeks" if number in own else "independent",
            }
        )
    tests = pd.DataFrame(rows).drop(columns=[] if units > 1 else "unit")
    tests.to_csv(folder / "lift_tests.csv", index=False)
    changes: dict[str, Any] = {"experiments": {"file": "lift_tests.csv"}}
    if own:
        changes["experiments"]["these_weeks"] = "leave_out"
    if interacting:
        changes["interactions"] = OWNED["interactions"]
    return dataset(folder, units=units, hurdle=hurdle, **changes)


def changed_path(built: Built, number: int) -> tuple[np.ndarray, np.ndarray, range, int]:
    """Observed path, path under the test, the test's weeks in them, and its unit."""
    channel, first, last, share = TESTS[number]
    data = built.design.dataset.data
    unit = number % data.sizes["unit"]
    index = CHANNELS.index(channel)
    start = built.design.weeks.start
    spend, exposure = (data[name].values[:, unit, index] for name in ("spend", "exposure"))
    spent = sum(spend[first : last + 1])
    fact = oracle.history(built)
    other = fact.copy()
    for week in range(first, last + 1):
        if spent > 0:
            increase = exposure[week] * share
        else:
            increase = share / (last + 1 - first) * sum(exposure) / sum(spend)
        row = week - start + MAX_LAG - 1
        other[row, unit, index] += increase / oracle.active_mean(built, unit, index)
    return fact, other, range(first - start, last - start + 1), unit


def counterfactual_mediator(
    built: Built, sample: dict[str, Any], path: np.ndarray, week: int, unit: int
) -> float:
    """Mediator in a week if its causes follow a path, in original units."""
    index = built.design.dataset.channels.index("search")
    y = built.design.dataset.data["exposure"].values[built.design.weeks, unit, index][week]
    fact, other = (
        {name: values[week, unit] for name, values in nodes.items()}
        for nodes in (
            oracle.mediator_nodes(built, sample, oracle.history(built)),
            oracle.mediator_nodes(built, sample, path),
        )
    )
    if "mediator_on" not in fact:
        return max(0.0, y - fact["mediator_location"] + other["mediator_location"])
    on, sigma = fact["mediator_on"], float(sample["mediator_sigma"])
    if y > 0:
        ranks = [1 - on + on * NormalDist(math.log(fact["mediator_level"]), sigma).cdf(math.log(y))]
    else:  # any rank within the point mass
        ranks = [(tie + 0.5) / 20_000 * (1 - on) for tie in range(20_000)]
    logs = NormalDist(math.log(other["mediator_level"]), sigma)
    off = 1 - other["mediator_on"]
    amounts = [
        math.exp(logs.inv_cdf((rank - off) / (1 - off))) if rank > off else 0.0 for rank in ranks
    ]
    return sum(amounts) / len(amounts)
