"""How much the answers rest on what the table cannot show: refits under other assumptions.

`confounding` lets the mediator and the outcome share an unseen cause; `placebo` asks the model for
the effect of advertising that never ran; `job` does it for a run folder.
"""
