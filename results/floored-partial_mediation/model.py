"""Social channels act on the outcome directly and through the mediator: both paths, jointly.

    mediator_t ~ M(u_t, sigma_M)                           M: normal, or a hurdle
    u_t        = intercept_M + sum_c gamma_c (k_ct / mean(k_c) - 1) + covariates_t . theta_M
    outcome_t  ~ D(m_t, sigma)                             D: normal, Student-t or log-normal
    m_t        = g(intercept + sum_c beta_c (f_ct / mean(f_c) - 1) + covariates_t . theta)
    f_ct       = h_ct exp(delta_c . z_ct)                  z: what [interactions] says changes c
    h_ct       = hill(adstock(x_ct; alpha_c); kappa_c, slope_c)         every channel
    k_ct       = the same form with its own parameters                  causes of the mediator

    social ──gamma──> google ──beta──> revenue             g: identity or exp
       └────────────beta──────────────────^

Question: how much of what a social channel does is direct, and how much goes through paid
search? ``gamma`` is sign-free. Read causally it needs sequential ignorability: nothing outside
the table moves both the mediator and the outcome (Imai, Keele, Yamamoto 2010).
"""

import pymc as pm

from mmm_bayes import terms
from mmm_bayes.design import Design


def build(design: Design) -> pm.Model:
    with terms.model_for(design) as model:
        path = terms.saturated_media(
            design, names=("mediation_alpha", "mediation_kappa", "mediation_slope"), dim="cause"
        )
        disturbance = terms.mediator(design, path)

        media = terms.saturated_media(design) * terms.modulation(design)
        beta = terms.prior(design, "beta", dims="channel")
        terms.outcome(
            design,
            terms.baseline(design) + terms.contribution(design, media, beta, "ceiling"),
            disturbance,
        )
    return model
