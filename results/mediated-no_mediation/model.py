"""No mediation: every channel acts on the outcome directly.

    outcome_t ~ D(m_t, sigma)                              D: normal, Student-t or log-normal
    m_t       = g(intercept + sum_c beta_c (f_ct / mean(f_c) - 1) + covariates_t . theta)
    f_ct      = h_ct exp(delta_c . z_ct)                   z: modulators of c ([interactions])
    h_ct      = hill(adstock(x_ct; alpha_c); kappa_c, slope_c)

    facebook ─┐
    tiktok   ─┼─> revenue        g: identity or exp
    google   ─┘

Question: what does each channel add, if none of them affects another? The mediator is treated like
any other channel: what a social channel adds by raising paid search is credited to paid search.
"""

import pymc as pm

from mmm_bayes import Design, terms


def build(design: Design) -> pm.Model:
    with terms.model_for(design) as model:
        media = terms.saturated_media(design) * terms.modulation(design)
        beta = terms.prior(design, "beta", dims="channel")
        terms.outcome(
            design,
            terms.baseline(design) + terms.contribution(design, media, beta, "ceiling"),
        )
    return model
