"""What a plan brings, from the saved draws of a run alone: no model is built.

As `mmm_bayes.decisions.response`, by arithmetic in place of the model's graph; slopes by a step
into the imaginary numbers, which is exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmm_bayes.arithmetic import Arithmetic, in_batches, mediator_mean, outcome_mean, typical
from mmm_bayes.decisions.answer import Answer, Array, How
from mmm_bayes.decisions.today import Today, today
from mmm_bayes.decisions.weeks import Weeks, plan_weeks, price
from mmm_bayes.design import Design
from mmm_bayes.transforms import lagged

#: In shares of the largest spend of a week: so small that its square is nothing beside 1.
STEP = 1e-20


@dataclass(frozen=True)
class Saved:
    """The answer to any plan.

    Attributes
    ----------
    model : Arithmetic
    today : Today
    horizon : int
        Weeks of a plan.
    how : {"planner", "caused"}
        Whether the mediator's spend is set, or follows from its causes.
    weeks : Weeks
    """

    model: Arithmetic
    today: Today
    horizon: int
    how: How
    weeks: Weeks

    @property
    def design(self) -> Design:
        """Of the fitted weeks."""
        return self.model.design

    def outcome(self, spends: Array) -> tuple[Array, Array]:
        """Outcome over all weeks, shape (sample, unit), and weekly spend on the mediator, alike.

        Parameters
        ----------
        spends : array, shape (unit, channel)
            Money a week.
        """
        span = self.weeks
        lags = span.fixed + span.rates * spends[:, :, None]

        def work(model: Arithmetic) -> tuple[Array, Array]:
            return _weigh(self, model, lags, spends)

        outcome, spent = in_batches(self.model, lags.size, work)
        return outcome, spent

    def total(self, spends: Array) -> Array:
        """The answer's outcome alone, shape (sample,).

        Parameters
        ----------
        spends : array, shape (unit, channel)
            Money a week.
        """
        return self.outcome(spends)[0].sum(1)

    def __call__(self, spends: Array) -> Answer:
        """Evaluate a plan, with its slopes.

        A unit's outcome depends on its own spends alone, so one step moves a channel of all units.

        Parameters
        ----------
        spends : array, shape (unit, channel)
            Money a week.
        """
        outcome, spent = self.outcome(spends)
        slopes, moved = (np.zeros((*outcome.shape, spends.shape[1])) for _ in range(2))
        step = STEP * max(float(self.today.highest.max()), 1.0)
        for at in np.flatnonzero(self.weeks.decided.any(0)):
            there = spends.astype(complex)
            there[:, at] += 1j * step
            slopes[..., at], moved[..., at] = (part.imag / step for part in self.outcome(there))
        return Answer(outcome.sum(1), slopes, spent, moved)


def saved(model: Arithmetic, *, horizon: int = 52, how: How = "planner") -> Saved:
    """Prepare the answer to plans.

    Parameters
    ----------
    model : Arithmetic
    horizon : int
        Weeks of a plan.
    how : {"planner", "caused"}
    """
    start = today(model.design)
    return Saved(
        model, start, horizon, how, plan_weeks(model.design, start, horizon=horizon, how=how)
    )


def _weigh(plan: Saved, model: Arithmetic, lags: Array, spends: Array) -> tuple[Array, Array]:
    """Outcome and mediator of some draws."""
    design, start, span = model.design, plan.today, plan.weeks
    repeats, follows = span.repeats[:, None], None
    spent = np.broadcast_to(spends[:, 0] * 0 + start.spend[:, 0], (len(model), len(spends)))
    if plan.how == "caused":
        at, max_lag = design.mediator_at, design.form.max_lag
        then, before = (mediator_mean(model, path, start.week) for path in (lags, span.now))
        now = start.exposure[:, at]
        if design.form.mediator_likelihood == "hurdle":
            moved = now * then / before
        else:
            moved = np.maximum(now + (then - before) / design.scaling.exposure[:, at], 0.0)
        history = np.broadcast_to(start.history[..., at], (len(model), max_lag - 1, len(spends)))
        follows = lagged(np.concatenate([history, moved], axis=1), max_lag, axis=1)
        spent = (
            start.spend[:, at] + ((moved - now) * repeats).sum(1) * price(start, at) / plan.horizon
        )
    elif design.mediator is not None:
        spent = np.broadcast_to(spends[:, design.mediator_at], (len(model), len(spends)))
    location = typical(model, outcome_mean(model, lags, start.week, follows))
    return (location * repeats).sum(1), spent
