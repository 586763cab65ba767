"""What a plan brings, draw by draw, with the exact gradient with respect to every spend.

A plan is a constant weekly spend of every channel in every unit, over a horizon. Before it stand
the last weeks of the table, whose carryover reaches into it; after it stand as many of today's mean
weeks as the plan's own carryover reaches, so that nothing it causes is lost. The outcome is summed
over all of them; two plans differ by what they cause and nothing else. Every other quantity, the
calendar and the controls included, is that of today's mean week.

The model's own graph says what a week brings, so this holds for every member of the family. It is
cut at the parameters, batched over draws, and differentiated by PyTensor.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mmm_bayes.counterfactual import World
from mmm_bayes.decisions.answer import Answer, How
from mmm_bayes.decisions.today import Today, today
from mmm_bayes.decisions.weeks import plan_weeks, price
from mmm_bayes.design import Design
from mmm_bayes.evaluation import BATCH_ELEMENTS, THREADS, flat, parameters

if TYPE_CHECKING:
    import pymc as pm

Array = NDArray[Any]


@dataclass(frozen=True)
class Response:
    """The answer to any plan.

    Attributes
    ----------
    world : World
    today : Today
    horizon : int
        Weeks of the plan.
    how : {"planner", "caused"}
    weeks : int
        Weeks that are evaluated; the middle of a long plan, where nothing changes, is evaluated
        once.
    given : tuple of str
        Parameters that the answer depends on.
    calls : tuple of callable
        Copies of the function, one a thread.
    """

    world: World
    today: Today
    horizon: int
    how: How
    weeks: int
    given: tuple[str, ...]
    calls: tuple[Callable[..., list[Array]], ...]

    @property
    def design(self) -> Design:
        """Of the fitted weeks."""
        return self.world.design

    def __call__(self, spends: Array, draws: xr.Dataset | None = None) -> Answer:
        """Evaluate a plan.

        Parameters
        ----------
        spends : array, shape (unit, channel)
            Money a week.
        draws : xarray.Dataset, optional
            Some of the world's draws; all of them if left out.
        """
        draws = self.world.draws if draws is None else draws
        given = [flat(draws[name]) for name in self.given]
        samples = draws.sizes["chain"] * draws.sizes["draw"]
        size = self.weeks * spends.size * self.world.design.form.max_lag
        step = max(1, BATCH_ELEMENTS // size)
        batches = [slice(at, min(at + step, samples)) for at in range(0, samples, step)]

        def work(thread: int) -> list[list[Array]]:
            return [
                self.calls[thread](
                    np.broadcast_to(spends, (rows.stop - rows.start, *spends.shape)),
                    *(values[rows] for values in given),
                )
                for rows in batches[thread :: len(self.calls)]
            ]

        with ThreadPoolExecutor(len(self.calls)) as pool:
            threads = list(pool.map(work, range(len(self.calls))))
        parts = [threads[at % len(threads)][at // len(threads)] for at in range(len(batches))]
        return Answer(*(np.concatenate(values) for values in zip(*parts, strict=True)))

    def total(self, spends: Array) -> Array:
        """The answer's outcome alone, shape (sample,).

        Parameters
        ----------
        spends : array, shape (unit, channel)
            Money a week.
        """
        return self(spends).outcome


def response(world: World, model: pm.Model, *, horizon: int = 52, how: How = "planner") -> Response:
    """Prepare the answer to plans.

    Parameters
    ----------
    world : World
        Its design's weeks are the ones that the plan follows upon.
    model : pymc.Model
        The model that was fitted.
    horizon : int
        Weeks of the plan.
    how : {"planner", "caused"}
        Whether the planner sets the mediator's spend, or it follows from its causes: then it is
        today's, changed by as much (a hurdle mediator: by such a factor) as its expected value.

    Returns
    -------
    Response
    """
    # Here, so that reading a run's draws costs no import of PyMC.
    import pytensor.tensor as pt
    from pymc.pytensorf import compile as compile_graph
    from pytensor.compile.mode import Mode
    from pytensor.gradient import grad
    from pytensor.graph.replace import clone_replace, vectorize_graph
    from pytensor.graph.rewriting.db import RewriteDatabaseQuery

    design = world.design
    start, max_lag = today(design), design.form.max_lag
    span = plan_weeks(design, start, horizon=horizon, how=how)
    weeks, repeats = len(span), span.repeats
    units, channels = start.spend.shape

    spends = pt.tensor("spends", shape=(units, channels), dtype="float64")
    lags = pt.constant(span.fixed) + pt.constant(span.rates) * spends[None, :, :, None]
    inputs = {name: model[name].type(name) for name in parameters(model)}

    def node(name: str, exposure: Any) -> Any:
        """A node of the model over the plan's weeks."""
        data = {
            model[key]: pt.constant(
                np.broadcast_to(value, (weeks, *value.shape[1:]))
                if "time" in model.named_vars_to_dims.get(key, ())
                else value
            )
            for key, value in start.week.items()
        }
        given = {model[key]: symbol for key, symbol in inputs.items()}
        replaced = data | given | {model["exposure_lags"]: exposure}
        return clone_replace([model[name]], replaced, rebuild_strict=False)[0]

    spent = pt.constant(start.spend[:, 0]) + 0.0 * spends[:, 0]
    if how == "caused":
        at = design.mediator_at
        plan = node("mediator_mean", lags)
        before = node("mediator_mean", pt.constant(span.now))
        scale = design.scaling.exposure[:, at]
        now = start.exposure[:, at]
        if design.form.mediator_likelihood == "hurdle":
            follows = now * plan / before
        else:
            follows = pt.maximum(now + (plan - before) / scale, 0.0)
        whole = pt.concatenate([pt.constant(start.history[..., at]), follows])
        moved = pt.stack(
            [whole[max_lag - 1 - lag : max_lag - 1 - lag + weeks] for lag in range(max_lag)], -1
        )
        is_mediator = (np.arange(channels) == at)[:, None]
        lags = pt.where(is_mediator, moved[:, :, None, :], lags)
        extra = ((follows - now) * repeats[:, None]).sum(0) * price(start, at) / horizon
        spent = pt.constant(start.spend[:, at]) + extra
    elif design.mediator is not None:
        spent = spends[:, design.mediator_at]

    location = node("outcome_mean", lags)
    form = design.form
    if form.floor is not None and not form.hurdle:
        location = pt.maximum(location, form.floor)
    outcome = (location.sum(1) * repeats).sum()

    symbols = [spends, *inputs.values()]
    batched = {
        symbol: pt.tensor(symbol.name, dtype=symbol.dtype, shape=(None, *symbol.type.shape))
        for symbol in symbols
    }
    outcomes, spent_ = vectorize_graph([outcome, spent], batched)
    wrt = batched[spends]
    slopes = [grad(value.sum(), wrt, disconnected_inputs="ignore") for value in (outcomes, spent_)]
    # All rewrites that shorten a graph, but none that fuse loops: Python would run those element by
    # element.
    rewrites = RewriteDatabaseQuery(include=["fast_run"], exclude=["fusion", "inplace"])
    call = compile_graph(
        [batched[symbol] for symbol in symbols],
        [outcomes, slopes[0], spent_, slopes[1]],
        mode=Mode(linker="py", optimizer=rewrites),
        on_unused_input="ignore",
    )
    calls = (call, *(call.copy(share_memory=False) for _ in range(THREADS - 1)))
    return Response(world, start, horizon, how, weeks, tuple(inputs), calls)
