"""Sensitivity analyses that refit a run under other assumptions.

`confounding` refits under an unobserved common cause of the mediator and the outcome, `placebo`
estimates effects of advertising that never ran, and `job` runs both for a run folder.
"""
