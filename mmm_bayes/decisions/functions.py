"""Compiled functions of plans, made once for a model and used on any table of its shape.

The change of a week is computed by the model's own graph (`mmm_bayes.model.terms.change`), so this
works for every member of the family. The graph is cut at the parameters and the data, batched over
draws, and differentiated by PyTensor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from mmm_bayes.data.design import Design, data_names
from mmm_bayes.decisions.outcome import MediatorPolicy
from mmm_bayes.decisions.status_quo import StatusQuo, plan_lags
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
        The spends, (sample, unit, channel), the nodes, (sample, ...), the arrays of `plan_tables`
        and the model's data.
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
    model: pm.Model,
    design: Design,
    weeks: slice,
    policy: MediatorPolicy,
    tables: Mapping[str, Array],
) -> PlanFunctions:
    """Functions of plans for some weeks, cached by model.

    Parameters
    ----------
    design : Design
        Of a table of the shape that the functions are for.
    weeks : slice
        The plan's weeks among the fitted ones.
    policy : {"planner", "caused"}
        As in `build_response`.
    tables : mapping of str to array
        What the functions take after the spends and the nodes, before the model's data: as
        `plan_tables` returns them.
    """
    key = (weeks.start, weeks.stop, policy)
    cache = _CACHE.setdefault(model, {})
    if key not in cache:
        cache[key] = _cut_graph(model, design, weeks, policy, tables)
    return cache[key]


def plan_tables(
    design: Design, start: StatusQuo, decided: Array, policy: MediatorPolicy
) -> dict[str, Array]:
    """What a plan's outcome depends on beside its spends, the draws and the model's data.

    Parameters
    ----------
    start : StatusQuo
        The plan's weeks as they were.
    decided : array, shape (unit, channel) of bool
        Spends that the plan sets.
    policy : {"planner", "caused"}
        As in `build_response`.

    Returns
    -------
    dict of str to array
        Exposure as `plan_lags` returns it, ``fixed`` and ``rates`` (week, unit, channel, lag), and
        ``profile``, the money of a week over the mean (week, unit, channel). With the policy
        ``"caused"`` also the mediator's ``scale`` (unit,), its exposure per active mean,
        ``observed`` (week, unit), its money, and ``price`` (unit,), money per active mean.
    """
    fixed, rates = plan_lags(design, start, decided)
    tables = {"fixed": fixed, "rates": rates, "profile": start.profile}
    if policy == "caused":
        index = design.mediator_index
        tables |= {
            "scale": design.scaling.exposure[:, index],
            "observed": start.calendar[..., index],
            "price": start.price[:, index],
        }
    return tables


def _cut_graph(
    model: pm.Model,
    design: Design,
    weeks: slice,
    policy: MediatorPolicy,
    tables: Mapping[str, Array],
) -> PlanFunctions:
    # Here, so that reading a run's draws costs no import of PyMC.
    import pytensor.tensor as pt
    from pytensor.graph.replace import clone_replace, vectorize_graph

    from mmm_bayes.model.terms.change import lagged_change, mediator_change, outcome_change

    horizon, units, channels = tables["profile"].shape
    spends = pt.tensor("spends", dtype="float64", shape=(units, channels))
    given = {
        name: pt.tensor(name, dtype="float64", shape=values.shape)
        for name, values in tables.items()
    }
    lags = given["fixed"] + given["rates"] * spends[None, :, :, None]
    if policy == "caused":
        change = mediator_change(model, weeks, lags) / given["scale"]
        follows = pt.specify_shape(change, (horizon, units))
        is_mediator = (np.arange(channels) == design.mediator_index)[:, None]
        lags = lags + lagged_change(follows, design.form.max_lag)[..., None, :] * is_mediator
        mediator = given["observed"] + follows * given["price"] + 0.0 * spends[:, 0]
    else:
        index = 0 if design.mediator is None else design.mediator_index
        mediator = (given["profile"] * spends)[..., index]
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
    arguments = [*batched.values(), *given.values(), *data.values()]
    return PlanFunctions(tuple(nodes), arguments, outcome, mediator)
