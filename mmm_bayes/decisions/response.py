"""Outcome of plans by draw, with the exact gradient with respect to every spend.

A plan is a factor on each channel's spends of the last weeks, in each unit. All else is as it was
in those weeks: flights, covariates, disturbances, and what earlier weeks carried into them. Its
outcome is their counterfactual outcome, so that of the status quo is the observed one, and the
effect of a plan is what the effects of channels are in a report. What is carried beyond the last
week is not counted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mmm_bayes.data.design import Design, data_names
from mmm_bayes.decisions.functions import PlanFunctions, plan_functions, plan_tables
from mmm_bayes.decisions.outcome import MediatorPolicy, PlanOutcome
from mmm_bayes.decisions.status_quo import StatusQuo, compute_status_quo
from mmm_bayes.model.counterfactual import Counterfactual
from mmm_bayes.model.evaluation import evaluate_in_batches, flatten_draws

Array = NDArray[Any]


@dataclass(frozen=True)
class Response:
    """Outcome as a function of a plan's spends.

    Attributes
    ----------
    policy : {"planner", "caused"}
    decided : array, shape (unit, channel) of bool
        Spends that the plan sets.
    data : list of array
        What `functions` take after the spends and the draws.
    """

    fitted: Counterfactual
    status_quo: StatusQuo
    policy: MediatorPolicy
    decided: Array
    functions: PlanFunctions
    data: list[Array]

    @property
    def design(self) -> Design:
        """Design of the fitted weeks."""
        return self.fitted.design

    @property
    def horizon(self) -> int:
        """Weeks of the plan."""
        return len(self.status_quo.rate)

    def __call__(self, spends: Array, draws: xr.Dataset | None = None) -> PlanOutcome:
        """Outcome of a plan, with its gradient.

        Parameters
        ----------
        spends : array, shape (unit, channel)
            Money a week.
        draws : xarray.Dataset, optional
            Subset of the draws of the fit; all draws by default.
        """
        return PlanOutcome(*self._evaluate(self.functions.slopes, spends, draws))

    def value(self, spends: Array) -> tuple[Array, Array]:
        """Outcome, shape (sample,), and mediator's mean spend a week, shape (sample, unit).

        Parameters
        ----------
        spends : array, shape (unit, channel)
            Money a week.
        """
        outcome, mediator = self._evaluate(self.functions.values, spends, None)
        return outcome, mediator.mean(1)

    def calendar(self, spends: Array) -> Array:
        """Money of each week, shape (week, unit, channel).

        Parameters
        ----------
        spends : array, shape (unit, channel)
            Money a week; the spend of a mediator that follows its causes is its posterior mean.
        """
        money = np.asarray(self.status_quo.profile * spends)
        if self.policy == "caused":
            _, mediator = self._evaluate(self.functions.values, spends, None)
            money[..., self.design.mediator_index] = mediator.mean(0)
        return money

    def _evaluate(
        self,
        calls: tuple[Callable[..., list[Array]], ...],
        spends: Array,
        draws: xr.Dataset | None,
    ) -> list[Array]:
        draws = self.fitted.draws if draws is None else draws
        parameters = [flatten_draws(draws[name]) for name in self.functions.nodes]
        samples = draws.sizes["chain"] * draws.sizes["draw"]
        size = self.horizon * spends.size * self.design.form.max_lag

        def arguments(rows: slice) -> list[Array]:
            repeated = np.broadcast_to(spends, (rows.stop - rows.start, *spends.shape))
            return [repeated, *(values[rows] for values in parameters), *self.data]

        return evaluate_in_batches(calls, arguments, samples, size)


def build_response(
    fitted: Counterfactual, *, horizon: int | None = None, policy: MediatorPolicy = "planner"
) -> Response:
    """Response of the outcome to plans.

    Parameters
    ----------
    fitted : Counterfactual
        The plan is for the last weeks of its design.
    horizon : int, optional
        Weeks of the plan; a year by default, or all fitted weeks if they are fewer.
    policy : {"planner", "caused"}
        Whether the planner sets the mediator's spend, or it follows from its causes, each week with
        its own disturbance.

    Raises
    ------
    InputError
        If there are fewer fitted weeks than the plan has.
    """
    design = fitted.design
    start = compute_status_quo(design, fitted.draws, horizon)
    decided = start.buyable.copy()
    if policy == "caused":
        decided[:, design.mediator_index] = False
    tables = plan_tables(design, start, decided, policy)
    functions = plan_functions(fitted.model, design, start.weeks, policy, tables)
    data = [design.arrays[name].values for name in data_names(design)]
    return Response(fitted, start, policy, decided, functions, [*tables.values(), *data])
