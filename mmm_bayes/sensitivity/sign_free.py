"""Designs with sign-free effects, for questions whose answer may be zero or negative.

With positive priors on the effects on the outcome, an indirect effect has the sign of its cause's
effect on the mediator, whatever the data on the outcome, and the interval of a placebo can't
contain zero.
"""

from __future__ import annotations

import dataclasses

from mmm_bayes.data.description import ChannelPriors
from mmm_bayes.data.design import Design, make_design


def sign_free_design(real: Design) -> Design:
    """The design with effects free in sign; described priors of contributions are ignored."""
    description = real.dataset.description
    of_media = ("beta", "media_share", "media_division")
    priors = {key: prior for key, prior in description.priors.items() if key not in of_media}
    channels = {
        name: channel.model_copy(
            update={
                "priors": ChannelPriors(
                    **dict(channel.priors)
                    | dict.fromkeys(("roas", "contribution_share", "sign"), None)
                )
            }
        )
        for name, channel in description.channels.items()
    }
    dataset = dataclasses.replace(
        real.dataset,
        description=description.model_copy(update={"priors": priors, "channels": channels}),
    )
    return make_design(dataset, dataclasses.replace(real.form, sign="free"), real.weeks)
