"""Full mediation: causes act on the outcome only through the mediator, estimated jointly.

    mediator_t ~ M(u_t, sigma_M)                           M: normal, or a hurdle
    u_t        = intercept_M + sum_c gamma_c (h_ct / mean(h_c) - 1) + covariates_t . theta_M
    outcome_t  ~ D(m_t, sigma)                             D: normal, Student-t or log-normal
    m_t        = g(intercept + sum_d beta_d (f_dt / mean(f_d) - 1) + covariates_t . theta)
    f_dt       = h_dt exp(delta_d . z_dt)                  z: modulators of d ([interactions])
    h_ct       = hill(adstock(x_ct; alpha_c); kappa_c, slope_c)

    social ──gamma──> google ──beta──> revenue             c: causes, d: all other channels
                    tv ────────beta──────^                 g: identity or exp

Question: what would social channels be worth if paid search were their only path to revenue? This
is the assumption of two-stage models. Each channel has a single path, and so one retention rate and
one saturation curve; ``beta`` of a cause is zero by assumption, which ``partial_mediation`` does
not make.
"""

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from mmm_bayes import Design, terms


def build(design: Design) -> pm.Model:
    with terms.model_for(design) as model:
        response = terms.saturated_media(design)
        disturbance = terms.mediator(design, response[:, :, design.cause_indices])

        channels = np.array(design.dataset.channels)
        direct = np.flatnonzero(~np.isin(channels, design.causes))
        model.add_coord("direct_channel", channels[direct])
        share = terms.prior(design, "beta", dims="direct_channel", name="beta_direct", index=direct)
        media = response * terms.modulation(design)
        beta = pm.Deterministic("beta", pt.zeros(len(channels))[direct].set(share), dims="channel")
        terms.outcome(
            design,
            terms.baseline(design) + terms.contribution(design, media, beta, "ceiling"),
            disturbance,
        )
    return model
