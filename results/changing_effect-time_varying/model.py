"""Time-varying effects: media whose effect on the outcome changes slowly over the weeks.

    outcome_t ~ D(m_t, sigma)                              D: normal, Student-t or log-normal
    m_t       = g(intercept + sum_c beta_c (e_ct h_ct / mean(e_c h_c) - 1) + covariates_t . theta)
    h_ct      = hill(adstock(x_ct; alpha_c); kappa_c, slope_c)
    log e_ct  = w_t + w_ct                                 random walks with mean 0, one shared by
                                                           all channels, one of each channel

    social ──gamma──> google ──beta e──> revenue           g: identity or exp
       └────────────beta e────────────────^

With [mediators] in the description there is also an equation of the mediator:

    mediator_t ~ M(u_t, sigma_M)                           M: normal, or a hurdle
    u_t        = intercept_M + sum_c gamma_c (k_ct / mean(k_c) - 1) + covariates_t . theta_M
    k_ct       = the same form as h with separate parameters               causes of the mediator

Question: does a channel still have the effect that it had, as creatives wear out and competitors
change? ``beta`` is the mean contribution over all fitted weeks, ``e`` the factor on the effect in a
week. An effect at a given time is identified only by the variation of the spend around it, so the
walks are slow, and channels change together unless their own data say otherwise. The effects of
causes on the mediator are constant.
"""

import pymc as pm

from mmm_bayes import Design, terms


def build(design: Design) -> pm.Model:
    with terms.model_for(design) as model:
        disturbance = None
        if design.mediator is not None:
            path = terms.saturated_media(design, path="mediation")
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
