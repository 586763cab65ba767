"""Compiled functions of plans, made once for a model and used on any table of its shape.

The change of a week is computed by the model's own graph (`mmm_bayes.model.terms.change`), so this
works for every member of the family. The graph is cut at the parameters and the data, batched over
draws, and differentiated by PyTensor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from mmm_bayes.data.design import Design, data_names
from mmm_bayes.decisions.outcome import MediatorPolicy
from mmm_bayes.model.evaluation import THREADS, static_nodes

if TYPE_CHECKING:
    import pymc as pm

Array = NDArray[Any]

#: Nodes of the observed weeks that a change of exposure is compared with.
FACTS = (
    "outcome_location", "outcome_on", "outcome_level", "outcome_centre", "outcome_noise",
    "mediator_location", "mediator_on", "mediator_level",
)  # fmt: skip
#: Functions by model: compiling them takes longer than a plan.
_CACHE: WeakKeyDictionary[pm.Model, dict[tuple[Any, ...], PlanFunctions]] = WeakKeyDictionary()


@dataclass(frozen=True)
class PlanFunctions:
    """Outcome and mediator of a plan as functions of spends, draws and data.

    Attributes
    ----------
    nodes : tuple of str
        Nodes of the model whose draws they take, after the spends.
    arguments : list of TensorVariable
        The spends, (sample, unit, channel), the nodes, (sample, ...), and the data.
    outcome : TensorVariable, shape (sample,)
        Outcome of the plan's weeks.
    mediator : TensorVariable, shape (sample, week, unit)
        Spend of the mediator.
    """

    nodes: tuple[str, ...]
    arguments: list[Any]
    outcome: Any
    mediator: Any

    @cached_property
    def values(self) -> tuple[Callable[..., list[Array]], ...]:
        """Outcome and the mediator's spend, one copy of the function for each thread."""
        return self._compile([self.outcome, self.mediator])

    @cached_property
    def slopes(self) -> tuple[Callable[..., list[Array]], ...]:
        """Outcome and the mediator's mean spend, each with its gradient, a copy for each thread."""
        from pytensor.gradient import grad

        outputs = []
        for output in (self.outcome, self.mediator.mean(1)):
            gradient = grad(output.sum(), self.arguments[0], disconnected_inputs="ignore")
            outputs += [output, gradient]
        return self._compile(outputs)

    def _compile(self, outputs: list[Any]) -> tuple[Callable[..., list[Array]], ...]:
        from pymc.pytensorf import compile as compile_graph
        from pytensor.compile.mode import Mode
        from pytensor.graph.rewriting.db import RewriteDatabaseQuery

        # All rewrites that simplify the graph, but no loop fusion, which would run element by
        # element in Python.
        rewrites = RewriteDatabaseQuery(include=["fast_run"], exclude=["fusion", "inplace"])
        call = compile_graph(
            self.arguments,
            outputs,
            mode=Mode(linker="py", optimizer=rewrites),
            on_unused_input="ignore",
        )
        return (call, *(call.copy(share_memory=False) for _ in range(THREADS - 1)))


def plan_functions(
    model: pm.Model, design: Design, weeks: slice, policy: MediatorPolicy
) -> PlanFunctions:
    """Functions of plans for some weeks, cached by model.

    After the spends and the nodes they take the lagged exposure of `plan_lags` (fixed, rates) and
    the money of each week over its mean, (week, unit, channel). With the policy ``"caused"`` follow
    the mediator's exposure per active mean, its money in each week, (week, unit), and its price,
    (unit,). The data nodes of the model are last.

    Parameters
    ----------
    design : Design
        Of a table of the shape that the functions are for.
    weeks : slice
        The plan's weeks among the fitted ones.
    policy : {"planner", "caused"}
        As in `build_response`.
    """
    key = (weeks.start, weeks.stop, policy)
    cache = _CACHE.setdefault(model, {})
    if key not in cache:
        cache[key] = _cut_graph(model, design, weeks, policy)
    return cache[key]


def _cut_graph(
    model: pm.Model, design: Design, weeks: slice, policy: MediatorPolicy
) -> PlanFunctions:
    # Here, so that reading a run's draws costs no import of PyMC.
    import pytensor.tensor as pt
    from pytensor.graph.replace import clone_replace, vectorize_graph

    from mmm_bayes.model.terms.change import lagged_change, mediator_change, outcome_change

    max_lag, (_, units, channels, _) = design.form.max_lag, design.arrays["exposure_lags"].shape
    horizon = weeks.stop - weeks.start

    def symbol(name: str, *shape: int) -> Any:
        return pt.tensor(name, dtype="float64", shape=shape)

    spends = symbol("spends", units, channels)
    fixed = symbol("fixed", horizon, units, channels, max_lag)
    rates = symbol("rates", horizon, units, channels, max_lag)
    profile = symbol("profile", horizon, units, channels)
    tables = [fixed, rates, profile]
    lags = fixed + rates * spends[None, :, :, None]
    if policy == "caused":
        index = design.mediator_index
        scale, price = symbol("scale", units), symbol("price", units)
        money = symbol("money", horizon, units)
        tables += [scale, money, price]
        follows = pt.specify_shape(mediator_change(model, weeks, lags) / scale, (horizon, units))
        is_mediator = (np.arange(channels) == index)[:, None]
        lags = lags + lagged_change(follows, max_lag)[..., None, :] * is_mediator
        mediator = money + follows * price + 0.0 * spends[:, 0]
    else:
        index = 0 if design.mediator is None else design.mediator_index
        mediator = (profile * spends)[..., index]
    outcome = model["outcome_observed"][weeks] + outcome_change(design.form, model, weeks, lags)

    # Nodes with a time axis that change with exposure are what they were: they come from the draws.
    saved = [name for name in FACTS if name in model.named_vars]
    nodes = {name: model[name].type(name) for name in (*static_nodes(model), *saved)}
    data = {
        name: model[name].type.clone(shape=design.arrays[name].shape)(name)
        for name in data_names(design)
    }
    replaced = {model[name]: variable for name, variable in (nodes | data).items()}
    outcome, mediator = clone_replace([outcome.sum(), mediator], replaced, rebuild_strict=False)
    batched = {
        variable: pt.tensor(variable.name, dtype=variable.dtype, shape=(None, *variable.type.shape))
        for variable in (spends, *nodes.values())
    }
    outcome, mediator = vectorize_graph([outcome, mediator], batched)
    arguments = [*batched.values(), *tables, *data.values()]
    return PlanFunctions(tuple(nodes), arguments, outcome, mediator)
