"""Draws that have converged: sampled again, for twice as long, where the first have not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mmm_bayes.data.design import Design
from mmm_bayes.diagnostics.check import Check, verdict
from mmm_bayes.diagnostics.convergence import convergence_checks
from mmm_bayes.inference.sampling import CompiledModel, Settings, sample


def sample_until_converged(
    compiled: CompiledModel,
    design: Design,
    settings: Settings,
    *,
    cores: int | None = None,
    start: NDArray[np.float64] | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> tuple[xr.DataTree, Settings, list[Check]]:
    """Posterior draws, sampled a second time if the first do not pass the convergence checks.

    The second time has twice the draws and twice the tuning, and is the last: what has not
    converged then needs another model or more data, not more draws. A few divergences, of which
    more draws would have more, are no reason.

    Parameters
    ----------
    cores, start
        As in `sample`.
    say : callable
        Receives a line if it is sampled again.

    Returns
    -------
    tree : xarray.DataTree
        As `sample` returns it; the attribute ``sampling_seconds`` is that of both times.
    settings : Settings
        Of the draws that are returned.
    checks : list of Check
        Convergence checks of these draws.
    """
    tree = sample(compiled, design, settings, cores=cores, start=start)
    checks = convergence_checks(tree)
    if verdict([check for check in checks if not _is_few_divergences(check)])[0] == "pass":
        return tree, settings, checks
    longer = replace(settings, draws=2 * settings.draws, tune=2 * settings.tune)
    say(
        f"these draws have not converged; sampling again {longer.chains} x "
        f"({longer.tune} + {longer.draws})"
    )
    seconds = tree.attrs["sampling_seconds"]
    tree = sample(compiled, design, longer, cores=cores, start=start)
    tree.attrs["sampling_seconds"] += seconds
    return tree, longer, convergence_checks(tree)


def _is_few_divergences(check: Check) -> bool:
    return check.name == "divergences" and check.status == "warn"
