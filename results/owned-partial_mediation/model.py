"""Partial mediation: causes act on the outcome directly and through the mediator.

    mediator_t ~ M(u_t, sigma_M)                           M: normal, or a hurdle
    u_t        = intercept_M + sum_c gamma_c (k_ct / mean(k_c) - 1) + covariates_t . theta_M
    outcome_t  ~ D(m_t, sigma)                             D: normal, Student-t or log-normal
    m_t        = g(intercept + sum_c beta_c (f_ct / mean(f_c) - 1) + covariates_t . theta)
    f_ct       = h_ct exp(delta_c . z_ct)                  z: modulators of c ([interactions])
    h_ct       = hill(adstock(x_ct; alpha_c); kappa_c, slope_c)         every channel
    k_ct       = the same form with separate parameters                 causes of the mediator

    social ──gamma──> google ──beta──> revenue             g: identity or exp
       └────────────beta──────────────────^

Question: how much of a social channel's effect is direct, and how much is through paid search?
``gamma`` may have either sign. A causal reading needs sequential ignorability: nothing outside the
table affects both the mediator and the outcome (Imai, Keele, Yamamoto 2010).
"""

import pymc as pm

from mmm_bayes import Design, terms


def build(design: Design) -> pm.Model:
    with terms.model_for(design) as model:
        path = terms.saturated_media(design, path="mediation")
        disturbance = terms.mediator(design, path)

        media = terms.saturated_media(design) * terms.modulation(design)
        beta = terms.prior(design, "beta", dims="channel")
        terms.outcome(
            design,
            terms.baseline(design) + terms.contribution(design, media, beta, "ceiling"),
            disturbance,
        )
    return model
