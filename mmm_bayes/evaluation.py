"""Named nodes of a model as a function of draws: any node, all draws at once, no recompiling.

A PyMC model is a graph. Cutting it at some named nodes and batching it over draws gives an
ordinary array function from those nodes to any others: the deterministics of a posterior,
its predictive draws, its pointwise log-densities, or its answer to another history of
spending. PyTensor runs the graph on NumPy, so there is nothing to compile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
import xarray as xr
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pymc as pm

Array = NDArray[Any]

#: Elements that the largest array of a batch may have: fewer calls, and still some megabytes each.
BATCH_ELEMENTS = 1_600_000
SAMPLE = ("chain", "draw")
#: What was cut already, by model: cutting takes longer than evaluating a few draws.
_CUT: WeakKeyDictionary[pm.Model, dict[tuple[Any, ...], Evaluation]] = WeakKeyDictionary()
#: NumPy leaves the interpreter's lock while it computes, so two threads are worth 1.6.
THREADS = 2


@dataclass(frozen=True)
class Evaluation:
    """An array function from some nodes of a model to others.

    Attributes
    ----------
    given : tuple of str
        Nodes that are taken from draws.
    data : tuple of str
        Data nodes that are taken from arrays.
    per_draw : tuple of str
        Those of `data` that have a value for each draw.
    wanted : tuple of str
    dims : dict of str to tuple of str
        Dimensions of each wanted node.
    calls : tuple of callable
        Copies of the function, one a thread.
    """

    given: tuple[str, ...]
    data: tuple[str, ...]
    per_draw: tuple[str, ...]
    wanted: tuple[str, ...]
    dims: dict[str, tuple[str, ...]]
    calls: tuple[Callable[..., list[Array]], ...]

    def __call__(
        self, draws: xr.Dataset, data: Mapping[str, Array | Callable[[slice], Array]]
    ) -> dict[str, Array]:
        """Evaluate on all draws.

        Parameters
        ----------
        draws : xarray.Dataset
            Holds the `given` nodes; dims (chain, draw, ...).
        data : mapping of str to array
            The data nodes' values. One that is per draw has the sample axis first, or is a
            function from a slice of samples to such an array, so that it need never exist whole.

        Returns
        -------
        dict of str to array, shape (sample, ...)
        """
        given = [flat(draws[name]) for name in self.given]
        samples = draws.sizes["chain"] * draws.sizes["draw"]
        size = max(np.size(value) for value in data.values() if not callable(value))
        for name in self.per_draw:
            one = _rows(data[name], slice(0, 1))
            size = max(size, one.size)
        step = max(1, min(samples, BATCH_ELEMENTS // max(1, size)))
        batches = [slice(at, min(at + step, samples)) for at in range(0, samples, step)]

        def work(thread: int) -> list[list[Array]]:
            return [
                self.calls[thread](
                    *(value[rows] for value in given),
                    *(
                        _rows(data[name], rows) if name in self.per_draw else data[name]
                        for name in self.data
                    ),
                )
                for rows in batches[thread :: len(self.calls)]
            ]

        with ThreadPoolExecutor(len(self.calls)) as pool:
            by_thread = list(pool.map(work, range(len(self.calls))))
        parts = [
            by_thread[at % len(self.calls)][at // len(self.calls)] for at in range(len(batches))
        ]
        return {
            name: np.concatenate(values)
            for name, values in zip(self.wanted, zip(*parts, strict=True), strict=True)
        }

    def labelled(self, draws: xr.Dataset, data: Mapping[str, Array]) -> xr.Dataset:
        """The same with the draws' labels: dims (chain, draw, ...).

        Parameters
        ----------
        draws : xarray.Dataset, dims (chain, draw, ...)
        data : mapping of str to array
            Values of the model's data nodes.
        """
        shape = (draws.sizes["chain"], draws.sizes["draw"])
        return xr.Dataset(
            {
                # Units that are disturbed together have one density: a week's, without a unit.
                name: (
                    (*SAMPLE, *self.dims[name][: value.ndim - 1]),
                    value.reshape(shape + value.shape[1:]),
                )
                for name, value in self(draws, data).items()
            },
            coords={name: draws[name] for name in SAMPLE},
        )


def evaluation(
    model: pm.Model,
    *,
    given: Iterable[str],
    wanted: Iterable[str],
    per_draw: Iterable[str] = (),
    log_density: bool = False,
    seed: int | None = None,
) -> Evaluation:
    """Cut a model's graph at the given nodes and make it a function to the wanted ones.

    The same question to the same model is answered by the same function, unless it is random:
    a random function is always new, so that its seed decides what it draws.

    Parameters
    ----------
    model : pymc.Model
    given, wanted : iterable of str
        Names of nodes. A wanted random variable is drawn anew for each draw.
    per_draw : iterable of str
        Data nodes that get a value for each draw.
    log_density : bool
        Return the elementwise log-density of the wanted random variables instead: of a given one at
        its draws, on its own scale (the log prior, without the Jacobian of the sampler's
        transformation), and of an observed one at its data (the log-likelihood).
    seed : int, optional
        For wanted random variables.

    Returns
    -------
    Evaluation
    """
    given, wanted, per_draw = tuple(given), tuple(wanted), tuple(per_draw)
    if seed is not None:
        return _cut(model, given, wanted, per_draw, log_density, seed)
    question = (given, wanted, per_draw, log_density)
    known = _CUT.setdefault(model, {})
    if question not in known:
        known[question] = _cut(model, *question, None)
    return known[question]


def _cut(
    model: pm.Model,
    given: tuple[str, ...],
    wanted: tuple[str, ...],
    per_draw: tuple[str, ...],
    log_density: bool,
    seed: int | None,
) -> Evaluation:
    # Here, so that reading a run's draws costs no import of PyMC.
    import pymc as pm
    import pytensor
    from pymc.pytensorf import compile as compile_graph
    from pytensor.compile.mode import Mode
    from pytensor.graph.replace import clone_replace, vectorize_graph

    from mmm_bayes.contraction import contracted

    data = tuple(variable.name for variable in model.data_vars)
    nodes = [model[name] for name in wanted]
    symbols = {name: model[name].type(name) for name in data}
    inputs = {name: model[name].type(name) for name in given}
    if log_density:
        nodes = [pm.logp(node, inputs.get(node.name, model.rvs_to_values[node])) for node in nodes]
    replaced = {model[name]: symbol for name, symbol in (symbols | inputs).items()}
    # Random variables are as long as the model's time axis was: let them follow the data.
    replaced[model.dim_lengths["time"]] = symbols["outcome_observed"].shape[0]
    plain = clone_replace(nodes, replaced, rebuild_strict=False)
    batched = {
        symbol: pytensor.tensor.tensor(name, dtype=symbol.dtype, shape=(None, *symbol.type.shape))
        for name, symbol in (inputs | {name: symbols[name] for name in per_draw}).items()
    }
    outputs = contracted(vectorize_graph(plain, batched))
    arguments = [batched[inputs[name]] for name in given]
    arguments += [batched.get(symbols[name], symbols[name]) for name in data]
    call = compile_graph(
        arguments,
        outputs,
        random_seed=seed,
        mode=Mode(linker="py", optimizer="fast_compile"),
        on_unused_input="ignore",
    )
    dims = {name: tuple(model.named_vars_to_dims.get(name, ())) for name in wanted}
    # A random function is one stream of numbers; only others may be shared out.
    copies = 1 if seed is not None else THREADS
    calls = (call, *(call.copy(share_memory=False) for _ in range(copies - 1)))
    return Evaluation(given, data, per_draw, wanted, dims, calls)


def parameters(model: pm.Model) -> list[str]:
    """Names of the nodes that stay as they are when the data change: all without a time axis."""
    return [
        variable.name
        for variable in (*model.free_RVs, *model.deterministics)
        if "time" not in model.named_vars_to_dims.get(variable.name, ())
    ]


def own_values(draws: xr.Dataset, name: str) -> xr.DataArray:
    """A parameter as the units have it: each its own where a model pools them, else one for all."""
    return draws[f"unit_{name}" if f"unit_{name}" in draws else name]


def flat(values: xr.DataArray) -> Array:
    """Draws as an array with one sample axis, shape (sample, ...)."""
    array = values.transpose(*SAMPLE, ...).values
    return array.reshape((-1, *array.shape[2:]))


def _rows(values: Array | Callable[[slice], Array], rows: slice) -> Array:
    return values(rows) if callable(values) else values[rows]
