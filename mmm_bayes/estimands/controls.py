"""Effects of the controls on the outcome, in per cent."""

from __future__ import annotations

import numpy as np
import xarray as xr

from mmm_bayes.data.design import Design


def control_effects(design: Design, draws: xr.Dataset) -> xr.Dataset:
    """Effect per standard deviation, elasticity and lift of each control.

    Parameters
    ----------
    draws : xarray.Dataset
        Posterior with ``control_effect`` (chain, draw, control), if the model has controls.

    Returns
    -------
    xarray.Dataset, dims (chain, draw, control)
        In per cent of the mean outcome (identity link) or of the outcome (log link): ``effect``, of
        an increase by one standard deviation; ``elasticity``, of an increase by one per cent, for
        controls that enter by their logarithm; ``lift``, of being on, for controls of zeros and
        ones. NaN where it does not apply, and throughout where the mean outcome is not positive
        (identity link); empty for a model without controls.
    """
    controls = design.dataset.description.controls
    if not controls or "control_effect" not in draws:
        return xr.Dataset()
    log_link = design.form.link == "log"
    effect = draws["control_effect"] * (1.0 if log_link else design.scaling.unit_share)
    scale = xr.DataArray(
        design.scaling.scale[: len(controls)], dims="control", coords={"control": list(controls)}
    )
    log = xr.DataArray([spec.transform == "log" for spec in controls.values()], coords=scale.coords)
    values = design.dataset.data["controls"].values
    binary = np.isin(values, (0.0, 1.0)).all((0, 1)) & np.array(
        [spec.transform == "none" for spec in controls.values()]
    )
    per_unit = effect / scale

    def percent(change: xr.DataArray) -> xr.DataArray:
        return 100 * (change.copy(data=np.expm1(change.values)) if log_link else change)

    return xr.Dataset(
        {
            "effect": percent(effect),
            "elasticity": per_unit.where(log),
            "lift": percent(per_unit).where(xr.DataArray(binary, coords=scale.coords)),
        }
    )
