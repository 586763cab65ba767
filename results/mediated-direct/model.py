"""Every channel acts on the outcome by itself; the mediator is one more channel.

    outcome_t ~ D(m_t, sigma)                              D: normal, Student-t or log-normal
    m_t       = g(intercept + sum_c beta_c (f_ct / mean(f_c) - 1) + covariates_t . theta)
    f_ct      = h_ct exp(delta_c . z_ct)                   z: what [interactions] says changes c
    h_ct      = hill(adstock(x_ct; alpha_c); kappa_c, slope_c)

    facebook ─┐
    tiktok   ─┼─> revenue        g: identity or exp
    google   ─┘

Question: what does each channel add, if none of them moves another? The effect of a channel
that raises paid search is then credited to paid search.
"""

import pymc as pm

from mmm_bayes import terms
from mmm_bayes.design import Design


def build(design: Design) -> pm.Model:
    with terms.model_for(design) as model:
        media = terms.saturated_media(design) * terms.modulation(design)
        beta = terms.prior(design, "beta", dims="channel")
        terms.outcome(
            design,
            terms.baseline(design) + terms.contribution(design, media, beta, "ceiling"),
        )
    return model
