"""Panel: units (regions, divisions) with their own effects, partially pooled.

    outcome_ut ~ D(m_ut, sigma_u) + c e_t                  D: normal, Student-t or log-normal
                                                           e: shock of a week, shared by all units
    m_ut       = g(intercept_u + sum_c beta_uc r_uc (f_uct / mean(f_uc) - 1) + z_ut . theta_u)
    f_uct      = h_uct exp(delta_c . w_uct)                w: modulators of c ([interactions])
    h_uct      = hill(adstock(x_uct; alpha_uc); kappa_uc, slope_c)

    log beta_uc ~ Normal(log beta_c, beta_spread_c)        likewise log kappa, logit alpha
    theta_u     ~ Normal(theta, covariate_effect_spread)   likewise gamma; sigma_u is not pooled

    social ──gamma──> google ──beta──> revenue             r_uc: exposure per outcome of unit u,
       └────────────beta──────────────────^                over its mean over units
                                                           g: identity or exp, z: covariates
With [mediators] in the description there is also an equation of the mediator:

    mediator_ut ~ M(v_ut, sigma_Mu)                        M: normal, or a hurdle
    v_ut        = intercept_Mu + sum_c gamma_uc (k_uct / mean(k_uc) - 1) + z_ut . theta_Mu
    k_uct       = hill(adstock(x_uct))                     with its own parameters, not by unit

Question: what does each channel do in each unit, and how alike are the units? Pooling is of a
channel's return: a unit that advertises twice as much for its size is expected to owe twice the
share to it, unless its own data say otherwise. Units of one business share shocks (weather,
competitors, stock-outs): without e_t each unit would count as so many independent weeks, and
intervals would be too narrow. The shock is integrated out (``terms/shared.py``); a mediator that is
always on has one, too.
"""

import pymc as pm

from mmm_bayes import Design, terms


def build(design: Design) -> pm.Model:
    with terms.model_for(design) as model:
        disturbance = None
        if design.mediator is not None:
            path = terms.saturated_media(design, path="mediation")
            disturbance = terms.mediator(design, path, declare=terms.pooled_prior)

        media = terms.saturated_media(design, declare=terms.pooled_prior) * terms.modulation(design)
        beta = terms.pooled_prior(design, "beta", dims="channel") * model["intensity"]
        terms.outcome(
            design,
            terms.baseline(design, declare=terms.pooled_prior)
            + terms.contribution(design, media, beta, "ceiling"),
            disturbance,
            declare=terms.pooled_prior,
        )
    return model
