"""Outcome of plans by draw, with the exact gradient with respect to every spend.

A plan is a factor on each channel's spends of the last weeks, in each unit. All else is as it was
in those weeks: flights, covariates, disturbances, and what earlier weeks carried into them. Its
outcome is their counterfactual outcome, so that of the status quo is the observed one, and the
effect of a plan is what the effects of channels are in a report. What is carried beyond the last
week is not counted.

The change of a week is computed by the model's own graph (`mmm_bayes.model.terms.change`), so this
works for every member of the family. The graph is cut at the parameters, batched over draws, and
differentiated by PyTensor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mmm_bayes.data.design import Design, data_names
from mmm_bayes.decisions.outcome import MediatorPolicy, PlanOutcome
from mmm_bayes.decisions.status_quo import StatusQuo, compute_status_quo, plan_lags
from mmm_bayes.model.counterfactual import Counterfactual
from mmm_bayes.model.evaluation import THREADS, evaluate_in_batches, flatten_draws, static_nodes

Array = NDArray[Any]

#: Nodes of the observed weeks that a change of exposure is compared with.
FACTS = (
    "outcome_location", "outcome_on", "outcome_level", "outcome_centre", "outcome_noise",
    "mediator_location", "mediator_on", "mediator_level",
)  # fmt: skip


@dataclass(frozen=True)
class Response:
    """Outcome as a function of a plan's spends.

    Attributes
    ----------
    policy : {"planner", "caused"}
    decided : array, shape (unit, channel) of bool
        Spends that the plan sets.
    parameters : tuple of str
        Nodes that the response depends on.
    values, slopes : tuple of callable
        Compiled functions of spends and parameters, one copy for each thread: outcome and the
        mediator's spend in each week; outcome and the mediator's mean spend with their gradients.
    """

    fitted: Counterfactual
    status_quo: StatusQuo
    policy: MediatorPolicy
    decided: Array
    parameters: tuple[str, ...]
    values: tuple[Callable[..., list[Array]], ...]
    slopes: tuple[Callable[..., list[Array]], ...]

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
        return PlanOutcome(*self._evaluate(self.slopes, spends, draws))

    def value(self, spends: Array) -> tuple[Array, Array]:
        """Outcome, shape (sample,), and mediator's mean spend a week, shape (sample, unit).

        Parameters
        ----------
        spends : array, shape (unit, channel)
            Money a week.
        """
        outcome, mediator = self._evaluate(self.values, spends, None)
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
            _, mediator = self._evaluate(self.values, spends, None)
            money[..., self.design.mediator_index] = mediator.mean(0)
        return money

    def _evaluate(
        self,
        calls: tuple[Callable[..., list[Array]], ...],
        spends: Array,
        draws: xr.Dataset | None,
    ) -> list[Array]:
        draws = self.fitted.draws if draws is None else draws
        parameters = [flatten_draws(draws[name]) for name in self.parameters]
        samples = draws.sizes["chain"] * draws.sizes["draw"]
        size = self.horizon * spends.size * self.design.form.max_lag

        def arguments(rows: slice) -> list[Array]:
            repeated = np.broadcast_to(spends, (rows.stop - rows.start, *spends.shape))
            return [repeated, *(values[rows] for values in parameters)]

        return evaluate_in_batches(calls, arguments, samples, size)


def build_response(
    fitted: Counterfactual, *, horizon: int | None = None, policy: MediatorPolicy = "planner"
) -> Response:
    """Compile the response of the outcome to plans.

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
    # Here, so that reading a run's draws costs no import of PyMC.
    import pytensor.tensor as pt
    from pymc.pytensorf import compile as compile_graph
    from pytensor.compile.mode import Mode
    from pytensor.gradient import grad
    from pytensor.graph.replace import clone_replace, vectorize_graph
    from pytensor.graph.rewriting.db import RewriteDatabaseQuery

    from mmm_bayes.model.terms.change import lagged_change, mediator_change, outcome_change

    model, design = fitted.model, fitted.design
    start, max_lag = compute_status_quo(design, fitted.draws, horizon), design.form.max_lag
    weeks, units, channels = start.rate.shape
    planned = start.buyable.copy()
    if policy == "caused":
        planned[:, design.mediator_index] = False

    fixed, rates = plan_lags(design, start, planned)
    spends = pt.tensor("spends", shape=(units, channels), dtype="float64")
    lags = pt.constant(fixed) + pt.constant(rates) * spends[None, :, :, None]
    money = pt.constant(start.profile) * spends
    if policy == "caused":
        index = design.mediator_index
        follows = mediator_change(model, start.weeks, lags) / design.scaling.exposure[:, index]
        follows = pt.specify_shape(follows, (weeks, units))
        is_mediator = (np.arange(channels) == index)[:, None]
        lags = lags + lagged_change(follows, max_lag)[..., None, :] * is_mediator
        observed = start.profile[..., index] * start.spend[:, index]
        spent = observed + follows * start.price[:, index] + 0.0 * spends[:, 0]
    else:
        spent = money[..., 0 if design.mediator is None else design.mediator_index]
    change = outcome_change(design.form, model, start.weeks, lags)
    outcome = (model["outcome_observed"][start.weeks] + change).sum()

    # Nodes with a time axis that change with exposure are what they were: they come from the draws.
    saved = [name for name in FACTS if name in model.named_vars]
    inputs = {name: model[name].type(name) for name in (*static_nodes(model), *saved)}
    replaced = {model[name]: symbol for name, symbol in inputs.items()}
    replaced |= {
        model[name]: pt.constant(design.arrays[name].values) for name in data_names(design)
    }
    outcome, spent = clone_replace([outcome, spent], replaced, rebuild_strict=False)

    symbols = [spends, *inputs.values()]
    batched = {
        symbol: pt.tensor(symbol.name, dtype=symbol.dtype, shape=(None, *symbol.type.shape))
        for symbol in symbols
    }
    outcomes, spents = vectorize_graph([outcome, spent], batched)
    mean, wrt = spents.mean(1), batched[spends]
    slopes = [grad(value.sum(), wrt, disconnected_inputs="ignore") for value in (outcomes, mean)]
    # All rewrites that simplify the graph, but no loop fusion, which would run element by element
    # in Python.
    rewrites = RewriteDatabaseQuery(include=["fast_run"], exclude=["fusion", "inplace"])

    def copies(outputs: list[Any]) -> tuple[Callable[..., list[Array]], ...]:
        call = compile_graph(
            [batched[symbol] for symbol in symbols],
            outputs,
            mode=Mode(linker="py", optimizer=rewrites),
            on_unused_input="ignore",
        )
        return (call, *(call.copy(share_memory=False) for _ in range(THREADS - 1)))

    return Response(
        fitted=fitted,
        status_quo=start,
        policy=policy,
        decided=planned,
        parameters=tuple(inputs),
        values=copies([outcomes, spents]),
        slopes=copies([outcomes, slopes[0], mean, slopes[1]]),
    )
