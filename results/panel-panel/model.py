"""Units (regions, divisions) that differ, each learning from the others: partial pooling.

    outcome_ut ~ D(m_ut, sigma_u) + c e_t                  D: normal, Student-t or log-normal
                                                           e: one shock a week for all units
    m_ut       = g(intercept_u + sum_c beta_uc r_uc (f_uct / mean(f_uc) - 1) + z_ut . theta_u)
    f_uct      = h_uct exp(delta_c . w_uct)                w: what [interactions] says changes c
    h_uct      = hill(adstock(x_uct; alpha_uc); kappa_uc, slope_c)

    log beta_uc ~ Normal(log beta_c, beta_spread_c)        and so log kappa, logit alpha,
    theta_u     ~ Normal(theta, covariate_effect_spread)   and gamma; sigma_u is its own

    social ──gamma──> google ──beta──> revenue             r_uc: exposure per outcome of unit u,
       └────────────beta──────────────────^                over that of the mean unit
                                                           g: identity or exp, z: covariates
With [mediation] in the description there is the mediator's equation too:

    mediator_ut ~ M(v_ut, sigma_Mu)                        M: normal, or a hurdle
    v_ut        = intercept_Mu + sum_c gamma_uc (k_uct / mean(k_uc) - 1) + z_ut . theta_Mu
    k_uct       = hill(adstock(x_uct)), one form of its own for all units

Question: what does each channel do in each unit, and how alike are the units? What is pooled is a
channel's return: a unit that advertises twice as much for its size is expected to owe it twice the
share, until its own data say otherwise. Units of one business are disturbed together (weather,
rivals, stock-outs): without e_t each would count as so many new weeks, and intervals would be too
narrow. It is integrated out (``terms/shared.py``); a mediator that is always on has one too.
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
            disturbance = terms.mediator(design, path, declare=terms.pooled)

        media = terms.saturated_media(design, declare=terms.pooled) * terms.modulation(design)
        beta = terms.pooled(design, "beta", dims="channel") * model["intensity"]
        terms.outcome(
            design,
            terms.baseline(design, declare=terms.pooled)
            + terms.contribution(design, media, beta, "ceiling"),
            disturbance,
            declare=terms.pooled,
        )
    return model
