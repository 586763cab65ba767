"""Evaluation of a model's named nodes on all draws at once, without compiling.

A PyMC model is a graph. Cutting it at some named nodes and batching it over draws gives an array
function from those nodes to any others: the deterministics of a posterior, its predictive draws,
its pointwise log-densities, or its location under another history of exposure. PyTensor runs the
graph on NumPy, so there is nothing to compile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
import xarray as xr
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pymc as pm

Array = NDArray[Any]

#: Most elements of a batch's largest array: few calls, and still only some megabytes each.
BATCH_ELEMENTS = 1_600_000
SAMPLE_DIMS = ("chain", "draw")
#: Graph functions by model: cutting a graph takes longer than evaluating a few draws.
_CACHE: WeakKeyDictionary[pm.Model, dict[tuple[Any, ...], GraphFunction]] = WeakKeyDictionary()
#: NumPy releases the interpreter's lock while it computes: two threads are 1.6 times as fast.
THREADS = 2


@dataclass(frozen=True)
class GraphFunction:
    """Array function from some nodes of a model to others.

    Attributes
    ----------
    inputs : tuple of str
        Nodes whose values are taken from draws.
    data : tuple of str
        Data nodes whose values are given as arrays.
    per_draw : tuple of str
        Those of `data` that have a value for each draw.
    outputs : tuple of str
        Nodes to evaluate.
    dims : dict of str to tuple of str
        Dimensions of each output.
    calls : tuple of callable
        Copies of the function, one per thread.
    generators : tuple of pytensor shared variable
        Generators of the random numbers of outputs that are random variables.
    seed : int or None
        Seed that they get at every call: the same arguments give the same draws.
    """

    inputs: tuple[str, ...]
    data: tuple[str, ...]
    per_draw: tuple[str, ...]
    outputs: tuple[str, ...]
    dims: dict[str, tuple[str, ...]]
    calls: tuple[Callable[..., list[Array]], ...]
    generators: tuple[Any, ...] = ()
    seed: int | None = None

    def __call__(
        self, draws: xr.Dataset, data: Mapping[str, Array | Callable[[slice], Array]]
    ) -> dict[str, Array]:
        """Evaluate the outputs on all draws.

        Parameters
        ----------
        draws : xarray.Dataset, dims (chain, draw, ...)
            Holds the input nodes.
        data : mapping of str to array
            Values of the data nodes. A node with a value per draw has the sample axis first, or is
            a callable from a slice of the samples to such an array, so that the whole array never
            has to be in memory.

        Returns
        -------
        dict of str to array, shape (sample, ...)
        """
        if self.generators:
            from pymc.pytensorf import reseed_rngs

            reseed_rngs(self.generators, self.seed)
        inputs = [flatten_draws(draws[name]) for name in self.inputs]
        samples = draws.sizes["chain"] * draws.sizes["draw"]
        size = max(np.size(value) for value in data.values() if not callable(value))
        for name in self.per_draw:
            size = max(size, _rows(data[name], slice(0, 1)).size)

        def arguments(rows: slice) -> list[Array]:
            parts = [value[rows] for value in inputs]
            for name in self.data:
                values: Any = data[name]
                parts.append(_rows(values, rows) if name in self.per_draw else values)
            return parts

        values = evaluate_in_batches(self.calls, arguments, samples, size)
        return dict(zip(self.outputs, values, strict=True))

    def to_dataset(self, draws: xr.Dataset, data: Mapping[str, Array]) -> xr.Dataset:
        """Evaluate the outputs on all draws, as a labelled dataset, dims (chain, draw, ...).

        Parameters
        ----------
        draws : xarray.Dataset, dims (chain, draw, ...)
            Holds the input nodes.
        data : mapping of str to array
            Values of the data nodes.
        """
        shape = (draws.sizes["chain"], draws.sizes["draw"])
        return xr.Dataset(
            {
                # Units with a shared disturbance have a joint density, without the unit axis.
                name: (
                    (*SAMPLE_DIMS, *self.dims[name][: value.ndim - 1]),
                    value.reshape(shape + value.shape[1:]),
                )
                for name, value in self(draws, data).items()
            },
            coords={name: draws[name] for name in SAMPLE_DIMS},
        )


def graph_function(
    model: pm.Model,
    *,
    inputs: Iterable[str],
    outputs: Iterable[str],
    per_draw: Iterable[str] = (),
    log_density: bool = False,
    seed: int | None = None,
) -> GraphFunction:
    """Array function from some nodes of a model to others, obtained by cutting its graph.

    Functions are cached by model.

    Parameters
    ----------
    inputs, outputs : iterable of str
        Names of nodes. An output that is a random variable is drawn anew for each draw.
    per_draw : iterable of str
        Data nodes that have a value for each draw.
    log_density : bool
        Return the elementwise log-density of the outputs, which must be random variables: of an
        input at its draws, on its own scale (the log prior, without the Jacobian of the sampler's
        transformation), and of an observed variable at its data (the log-likelihood).
    seed : int, optional
        Random seed of outputs that are random variables.
    """
    key = (tuple(inputs), tuple(outputs), tuple(per_draw), log_density)
    cache = _CACHE.setdefault(model, {})
    if key not in cache:
        import pytensor

        # Where in the code each node was made: a fifth of the time, and nobody reads it.
        with pytensor.config.change_flags(traceback__limit=0):
            cache[key] = _cut_graph(model, *key)
    return replace(cache[key], seed=seed)


def _cut_graph(
    model: pm.Model,
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
    per_draw: tuple[str, ...],
    log_density: bool,
) -> GraphFunction:
    # Imported here, so that reading a run's draws does not import PyMC.
    import pymc as pm
    import pytensor
    from pymc.pytensorf import compile as compile_graph
    from pytensor.compile.builders import OpFromGraph
    from pytensor.compile.mode import Mode
    from pytensor.graph.replace import clone_replace, vectorize_graph
    from pytensor.tensor.random.variable import RandomGeneratorSharedVariable

    from mmm_bayes.model.contraction import contract_products

    data = tuple(variable.name for variable in model.data_vars)
    nodes = [model[name] for name in outputs]
    data_symbols = {name: model[name].type(name) for name in data}
    input_symbols = {name: model[name].type(name) for name in inputs}
    if log_density:
        nodes = [
            pm.logp(node, input_symbols.get(node.name, model.rvs_to_values[node])) for node in nodes
        ]
    replacements = {model[name]: symbol for name, symbol in (data_symbols | input_symbols).items()}
    # Random variables have the length of the model's time axis: let it follow the data. Until the
    # draws have their axis it is a symbol: a random variable recognises its unchanged length.
    length = pytensor.tensor.lscalar("length")
    replacements[model.dim_lengths["time"]] = length
    graphs = clone_replace(nodes, replacements, rebuild_strict=False)
    batched = {
        symbol: pytensor.tensor.tensor(name, dtype=symbol.dtype, shape=(None, *symbol.type.shape))
        for name, symbol in (
            input_symbols | {name: data_symbols[name] for name in per_draw}
        ).items()
    }
    arguments = [batched[input_symbols[name]] for name in inputs]
    arguments += [batched.get(data_symbols[name], data_symbols[name]) for name in data]
    weeks = {length: data_symbols["outcome_observed"].shape[0]}
    vectorized = clone_replace(vectorize_graph(graphs, batched), weeks, rebuild_strict=False)
    call = compile_graph(
        arguments,
        contract_products(vectorized),
        # Recognised, log(sum(exp(x))) would become a node with a graph of its own.
        mode=Mode(linker="py", optimizer="fast_compile").excluding("symbolic_op_recognition"),
        on_unused_input="ignore",
    )
    dims = {name: tuple(model.named_vars_to_dims.get(name, ())) for name in outputs}
    generators = tuple(
        shared for shared in call.get_shared() if isinstance(shared, RandomGeneratorSharedVariable)
    )
    nested = any(
        isinstance(getattr(node.op, "core_op", node.op), OpFromGraph)
        for node in call.maker.fgraph.apply_nodes
    )
    # A random function has a single stream of numbers, and copies share the compiled graph in a
    # node, which two threads at once would crash: both run in one thread.
    copies = 1 if generators or nested else THREADS
    calls = (call, *(call.copy(share_memory=False) for _ in range(copies - 1)))
    return GraphFunction(inputs, data, per_draw, outputs, dims, calls, generators)


def evaluate_in_batches(
    calls: Sequence[Callable[..., list[Array]]],
    arguments: Callable[[slice], Sequence[Array]],
    samples: int,
    size: int,
) -> list[Array]:
    """Outputs of an array function on all samples, in batches that take turns on its copies.

    Parameters
    ----------
    calls : sequence of callable
        Copies of the function, one per thread.
    arguments : callable
        From a slice of the samples to the function's arguments.
    samples : int
        Number of samples.
    size : int
        Elements of the largest array for a single sample.

    Returns
    -------
    list of array, shape (sample, ...)
        One for each output.
    """
    step = max(1, min(samples, BATCH_ELEMENTS // max(1, size)))
    batches = [slice(start, min(start + step, samples)) for start in range(0, samples, step)]

    def work(thread: int) -> list[list[Array]]:
        return [calls[thread](*arguments(rows)) for rows in batches[thread :: len(calls)]]

    with ThreadPoolExecutor(len(calls)) as pool:
        by_thread = list(pool.map(work, range(len(calls))))
    parts = [by_thread[k % len(calls)][k // len(calls)] for k in range(len(batches))]
    return [np.concatenate(values) for values in zip(*parts, strict=True)]


def static_nodes(model: pm.Model) -> list[str]:
    """Names of the parameters and deterministics without a time axis.

    They keep their draws when the model is evaluated on other data.
    """
    return [
        variable.name
        for variable in (*model.free_RVs, *model.deterministics)
        if "time" not in model.named_vars_to_dims.get(variable.name, ())
    ]


def flatten_draws(values: xr.DataArray) -> Array:
    """Draws as an array with a single sample axis, shape (sample, ...).

    Parameters
    ----------
    values : xarray.DataArray, dims (chain, draw, ...)
        In any order of dims.
    """
    # Nearly always in order already: xarray's transpose would cost more than the numbers.
    ordered = values.dims[:2] == SAMPLE_DIMS
    array = (values if ordered else values.transpose(*SAMPLE_DIMS, ...)).values
    return array.reshape((-1, *array.shape[2:]))


def thinned_positions(samples: int, number: int) -> Array:
    """Positions of equally spaced samples, shape (sample,); all if there are no more than `number`.

    Parameters
    ----------
    samples, number : int
        Number of samples, and most to keep.
    """
    return np.unique(np.linspace(0, samples - 1, min(number, samples)).astype(int))


def thin_draws(draws: xr.Dataset, number: int) -> xr.Dataset:
    """Equally spaced draws as a single chain; all draws if there are no more than `number`.

    Parameters
    ----------
    draws : xarray.Dataset, dims (chain, draw, ...)
    number : int
        Most draws to keep.
    """
    kept = thinned_positions(draws.sizes["chain"] * draws.sizes["draw"], number)
    stacked = draws.stack(sample=SAMPLE_DIMS).isel(sample=kept)
    chain = stacked.reset_index("sample", drop=True).rename(sample="draw").expand_dims("chain")
    return chain.assign_coords(chain=[0], draw=np.arange(len(kept)))


def _rows(values: Array | Callable[[slice], Array], rows: slice) -> Array:
    return values(rows) if callable(values) else values[rows]
