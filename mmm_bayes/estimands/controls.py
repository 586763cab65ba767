"""What the controls do to the outcome, in per cent."""

from __future__ import annotations

import numpy as np
import xarray as xr

from mmm_bayes.design import Design


def control_effects(design: Design, draws: xr.Dataset) -> xr.Dataset:
    """Effect of a standard deviation, elasticity and lift of each control.

    Parameters
    ----------
    design : Design
    draws : xarray.Dataset
        Posterior with ``control_effect`` (chain, draw, control), if there are controls.

    Returns
    -------
    xarray.Dataset
        All (chain, draw, control), in per cent of the mean outcome (identity link) or of the
        outcome (log link): ``effect`` of one standard deviation more; ``elasticity``, the
        effect of one per cent more, for controls that enter by their logarithm; ``lift``, the
        effect of being on, for controls of zeros and ones. NaN where it does not apply.
    """
    controls = design.dataset.description.controls
    if not controls:
        return xr.Dataset()
    effect = draws["control_effect"]
    scale = xr.DataArray(
        design.scaling.scale[: len(controls)], dims="control", coords={"control": list(controls)}
    )
    log = xr.DataArray([spec.transform == "log" for spec in controls.values()], coords=scale.coords)
    values = design.dataset.data["controls"].values
    binary = np.isin(values, (0.0, 1.0)).all((0, 1)) & np.array(
        [spec.transform == "none" for spec in controls.values()]
    )
    per_unit = effect / scale
    multiplies = design.form.link == "log"

    def percent(change: xr.DataArray) -> xr.DataArray:
        return 100 * (change.copy(data=np.expm1(change.values)) if multiplies else change)

    return xr.Dataset(
        {
            "effect": percent(effect),
            "elasticity": per_unit.where(log),
            "lift": percent(per_unit).where(xr.DataArray(binary, coords=scale.coords)),
        }
    )
