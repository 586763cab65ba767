"""Media whose effect on the outcome changes slowly: new creatives, wear-out, other competitors.

    outcome_t ~ D(m_t, sigma)                              D: normal, Student-t or log-normal
    m_t       = g(intercept + sum_c beta_c (e_ct h_ct / mean(e_c h_c) - 1) + covariates_t . theta)
    h_ct      = hill(adstock(x_ct; alpha_c); kappa_c, slope_c)
    log e_ct  = w_t + w_ct                                 two random walks, with mean 0
                                                           w: all channels, w_c: a channel's own

    social ──gamma──> google ──beta e──> revenue           g: identity or exp
       └────────────beta e────────────────^

With [mediation] in the description there is the mediator's equation too:

    mediator_t ~ M(u_t, sigma_M)                           M: normal, or a hurdle
    u_t        = intercept_M + sum_c gamma_c (k_ct / mean(k_c) - 1) + covariates_t . theta_M
    k_ct       = the same form as h with its own parameters                causes of the mediator

Question: does a channel still do what it did? ``beta`` is the mean contribution over all fitted
weeks, ``e`` what there is of the effect in a week. Only that a channel spends more in some weeks
than in others tells its effect then, so the walks are slow, and channels change together until
their own data say otherwise. What causes do to the mediator stays the same.
"""

import pymc as pm

from mmm_bayes import terms
from mmm_bayes.design import Design


def build(design: Design) -> pm.Model:
    with terms.model_for(design) as model:
        disturbance = None
        if design.mediator is not None:
            path = terms.saturated_media(
                design, names=("mediation_alpha", "mediation_kappa", "mediation_slope"), dim="cause"
            )
            disturbance = terms.mediator(design, path)

        media = terms.saturated_media(design) * terms.effectiveness(design)
        media = media * terms.modulation(design)
        beta = terms.prior(design, "beta", dims="channel")
        terms.outcome(
            design,
            terms.baseline(design) + terms.contribution(design, media, beta, "ceiling"),
            disturbance,
        )
    return model
