"""Effects free in sign: what a question whose answer may be zero or less has to be asked with.

With effects on the outcome positive by prior, an indirect effect has the sign of its cause's
effect on the mediator, whatever the outcome says, and no placebo's interval could hold zero.
"""

from __future__ import annotations

import dataclasses

from mmm_bayes.design import Design, design


def sign_free(real: Design) -> Design:
    """The same weeks with sign-free effects; the description's own prior of `beta` is set aside.

    Parameters
    ----------
    real : Design
    """
    described = real.dataset.description
    priors = {key: prior for key, prior in described.priors.items() if key != "beta"}
    dataset = dataclasses.replace(
        real.dataset, description=described.model_copy(update={"priors": priors})
    )
    return design(dataset, dataclasses.replace(real.form, sign="free"), real.weeks)
