"""Compiled PyMC models on disk: nutpie's functions are compiled once per machine, not per process.

An entry is the object code of nutpie's two C callbacks (the log-density with its gradient, and the
parameters on their own scale), and what describes their arguments. Its name is a hash of all that
decides the code: the graphs of the log-density and the parameters, the shapes, the versions of the
libraries, and the processor. Data that are shared variables are not part of it.

The file knows nothing of this package: it needs nutpie, PyMC, PyTensor and Numba only.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import logging
import os
import platform
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import FunctionType
from typing import Any

import llvmlite.binding as llvm
import numpy as np
import nutpie
import platformdirs
import pymc as pm
import pytensor
from numba.core.registry import cpu_target
from numba.core.runtime.nrt import rtsys
from nutpie import compile_pymc
from nutpie.compile_pymc import (
    CompiledPyMCModel,
    _compute_shapes,
    _prepare_dims_and_coords,
    _rv_dict_to_flat_array_wrapper,
    _wrap_with_lock,
    make_user_data,
)
from pymc.initial_point import make_initial_point_fn
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Constant, Variable
from pytensor.graph.traversal import io_toposort

_LOG = logging.getLogger(__name__)
_FORMAT = b"compiled PyMC model 1"
_PATCHING = threading.Lock()
_LIBRARIES = ("nutpie", "pymc", "pytensor", "numba", "llvmlite", "numpy", "scipy")
#: An entry that is not used for so long is removed: 90 days.
_KEPT_SECONDS = 90 * 24 * 3600
#: An address of this process that LLVM code holds as a number.
_ADDRESS = "inttoptr (i64 "
#: What Numba's object mode calls; it works with Python objects of this process.
_OBJECT_MODE = {"PyImport_ImportModule", "PyObject_CallFunctionObjArgs", "PyObject_Call"}


class _NotCacheableError(Exception):
    """A model, or its code, that can't be told from another one for certain."""


@dataclass(frozen=True)
class Callback:
    """A C callback for nutpie, which asks for its address alone.

    Attributes
    ----------
    owner : object
        What must live as long as the code at the address.
    address : int
        Where the code begins in memory.
    """

    owner: Any
    address: int


def cache_folder() -> Path:
    """Folder of the entries: that of ``MMM_BAYES_CACHE``, or one in the user's cache folder."""
    named = os.environ.get("MMM_BAYES_CACHE")
    return Path(named) if named else platformdirs.user_cache_path("mmm_bayes") / "compiled"


def compile_pymc_model(
    model: pm.Model, *, var_names: Sequence[str], folder: Path | None = None
) -> CompiledPyMCModel:
    """Model compiled by nutpie, or loaded from the folder of those that were.

    A model that is compiled runs the same machine code as one that is loaded, so that the draws of
    a seed are the same. What can't be stored (an operation whose content is unknown, code that
    works in this process alone) is compiled anew each time; so is what has a damaged entry. A
    folder that can't be written to is ignored.

    Parameters
    ----------
    model : pymc.Model
        Its mutable data are arguments of the compiled functions, as in nutpie.
    var_names : sequence of str
        Variables that the draws contain.
    folder : pathlib.Path, optional
        Folder of the entries; `cache_folder` if left out.
    """
    path = None
    try:
        shapes = _compute_shapes(model)
        path = (cache_folder() if folder is None else folder) / model_key(model, var_names, shapes)
        loaded = _load(path.read_bytes(), model)
        with suppress(OSError):
            path.touch()
        return loaded
    except _NotCacheableError as reason:
        _LOG.info("compiled anew: %s", reason)
    except (OSError, ValueError, KeyError) as reason:
        _LOG.debug("no entry: %s", reason)
    with _data_left_out():
        compiled = nutpie.compile_pymc_model(model, var_names=var_names)
    if path is None:
        return compiled
    try:
        entry = _make_entry(compiled)
        loaded = _load(entry, model)
        _check_same(compiled, loaded)
    except _NotCacheableError as reason:
        _LOG.info("not stored: %s", reason)
        return compiled
    try:
        _write(path, entry)
    except OSError as reason:
        _LOG.info("not stored: %s", reason)
    return loaded


@contextmanager
def _data_left_out() -> Iterator[None]:
    """Let nutpie compile its callbacks without a copy of the data in their code.

    It declares the tuple of a callback's data by the data at hand, all of which it then replaces by
    those that it is called with. Numba keeps the first ones as constants of the code; those of more
    than a megabyte by their address, so that the code would work in this process alone. One number
    in their place has the same type.
    """

    def without_data(inner: Any, data: Mapping[str, np.ndarray], keys: Any, dtype: Any) -> Any:
        stand_ins = {key: np.zeros((1,) * value.ndim, value.dtype) for key, value in data.items()}
        for value in stand_ins.values():
            value.flags.writeable = False
        return extraction(inner, stand_ins, keys, dtype)

    with _PATCHING:  # or another thread would keep this function for nutpie's own
        extraction = compile_pymc.make_extraction_fn
        compile_pymc.make_extraction_fn = without_data
        try:
            yield
        finally:
            compile_pymc.make_extraction_fn = extraction


# --- entries --------------------------------------------------------------------------------------


def _make_entry(compiled: CompiledPyMCModel) -> bytes:
    """Content of an entry: a line with the format, a line of JSON, and object code."""
    functions = (compiled.compiled_logp_func, compiled.compiled_expand_func)
    symbols = [function.native_name for function in functions]
    code, needs = _object_code([function.inspect_llvm() for function in functions], symbols)
    names, slices, shapes = compiled.shape_info
    header = {
        "symbols": symbols,
        "needs": needs,
        "sha256": hashlib.sha256(code).hexdigest(),
        "shared": [variable.name for variable in compiled.shared_var_keys],
        "n_dim": int(compiled.n_dim),
        "n_expanded": int(compiled.n_expanded),
        "names": names,
        "slices": [[int(part.start), int(part.stop)] for part in slices],
        "shapes": [[int(length) for length in shape] for shape in shapes],
        "reparameterized": compiled.reparameterized_names,
    }
    return b"\n".join([_FORMAT, json.dumps(header).encode(), code])


def _check_same(compiled: CompiledPyMCModel, loaded: CompiledPyMCModel) -> None:
    """Refuse code that, taken out of its library, does not work or gives something else."""
    point = compiled.initial_point_func(1)
    (status, *expected), (again, *found) = (
        evaluate_logp(model, point) for model in (compiled, loaded)
    )
    if status != again or not np.allclose(expected[0], found[0]):
        raise _NotCacheableError("the code does not work outside of Numba's library")
    if not np.allclose(expected[1], found[1]):
        raise _NotCacheableError("the gradient differs outside of Numba's library")


def evaluate_logp(
    compiled: CompiledPyMCModel, point: np.ndarray
) -> tuple[int, np.ndarray, np.ndarray]:
    """Status of nutpie's callback (0: no error), log-density and gradient.

    Parameters
    ----------
    point : array, shape (parameter,)
        Unconstrained parameters.
    """
    arguments = [ctypes.c_uint64, *[ctypes.c_void_p] * 4]
    function = ctypes.CFUNCTYPE(ctypes.c_int64, *arguments)(compiled.compiled_logp_func.address)
    gradient, density = np.zeros(compiled.n_dim), np.zeros(())
    arrays = (np.ascontiguousarray(point), gradient, density, compiled.user_data)
    status = function(compiled.n_dim, *(array.ctypes.data for array in arrays))
    return status, density, gradient


def _write(path: Path, content: bytes) -> None:
    """Write an entry atomically, as two processes may at once, and remove those long unused."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for other in path.parent.iterdir():
        if other.stat().st_mtime < time.time() - _KEPT_SECONDS:
            other.unlink(missing_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(draft).replace(path)


def _load(entry: bytes, model: pm.Model) -> CompiledPyMCModel:
    """Model of an entry's content.

    Raises
    ------
    ValueError, KeyError
        If it is damaged, or needs what this process does not have.
    """
    start, line, code = entry.split(b"\n", 2)
    header = json.loads(line)
    if start != _FORMAT or hashlib.sha256(code).hexdigest() != header["sha256"]:
        raise ValueError("the entry is damaged")
    logp, expand = _load_functions(code, header["symbols"], header["needs"])
    # A graph may also hold the lengths of dims, which are shared variables, too.
    variables = model.dim_lengths | model.named_vars
    shared = {variables[name]: f"shared_{i}" for i, name in enumerate(header["shared"])}
    data = {key: np.array(variable.get_value(), order="C") for variable, key in shared.items()}
    for value in data.values():
        value.flags.writeable = False
    shapes = [tuple(shape) for shape in header["shapes"]]
    shape_info = (header["names"], [slice(*ends) for ends in header["slices"]], shapes)
    dims, coords = _prepare_dims_and_coords(model, shape_info, header["reparameterized"])
    return CompiledPyMCModel(
        _n_dim=header["n_dim"],
        dims=dims,
        _coords=coords,
        _shapes=dict(zip(header["names"], shapes, strict=True)),
        compiled_logp_func=logp,
        compiled_expand_func=expand,
        initial_point_func=_initial_point_function(model, header["names"], shapes),
        shared_data=data,
        shared_var_keys=shared,
        user_data=make_user_data(shared, data),
        n_expanded=header["n_expanded"],
        shape_info=shape_info,
        logp_func=None,
        expand_func=None,
        reparameterized_names=header["reparameterized"],
    )


def _object_code(texts: Sequence[str], symbols: Sequence[str]) -> tuple[bytes, list[str]]:
    """Object code of LLVM modules, and the names that it takes from the process.

    Everything but `symbols` is made internal: by their names, Numba's helper functions would be
    exchanged for those of code loaded before, which need not be the same to the last bit.

    Raises
    ------
    _NotCacheableError
        If the code works in this process alone.
    """
    if any(_ADDRESS in text for text in texts):
        raise _NotCacheableError("the code holds addresses of this process")
    module, *others = map(llvm.parse_assembly, texts)
    for other in others:
        module.link_in(other)
    needs = []
    for value in (*module.functions, *module.global_variables):
        if not value.is_declaration:
            value.linkage = "external" if value.name in symbols else "internal"
        elif not value.name.startswith("llvm."):
            needs.append(value.name)
    if _OBJECT_MODE & set(needs):
        raise _NotCacheableError("the code calls Python")
    return _target_machine().emit_object(module), needs


def _load_functions(code: bytes, symbols: Sequence[str], needs: Sequence[str]) -> list[Callback]:
    """Functions of object code.

    Raises
    ------
    ValueError
        If it needs something that this process does not have, for which LLVM would abort.
    """
    rtsys.initialize(cpu_target.target_context)  # Numba's reference counting
    for name in needs:
        if llvm.address_of_symbol(name) is None:
            raise ValueError(f"no symbol {name}")
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target_machine())
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return [Callback(engine, engine.get_function_address(symbol)) for symbol in symbols]


def _target_machine() -> llvm.TargetMachine:
    """Numba's target: this processor with all its features."""
    triple, name, features = cpu_target.target_context.codegen().magic_tuple()
    target = llvm.Target.from_triple(triple)
    return target.create_target_machine(cpu=name, features=features, opt=3, jit=True)


def _initial_point_function(
    model: pm.Model, names: Sequence[str], shapes: Sequence[tuple[int, ...]]
) -> Any:
    """Function from a seed to an initial point, as `nutpie.compile_pymc_model` makes it."""
    number = len(model.free_RVs)
    function = make_initial_point_fn(
        model=model,
        default_strategy="support_point",
        jitter_rvs=set(model.free_RVs),
        return_transformed=True,
    )
    return _rv_dict_to_flat_array_wrapper(
        _wrap_with_lock(function), names=list(names[:number]), shapes=list(shapes[:number])
    )


# --- keys -----------------------------------------------------------------------------------------


def model_key(
    model: pm.Model, var_names: Iterable[str], shapes: Mapping[str, Sequence[int]]
) -> str:
    """Hash of everything that decides a model's compiled functions, its data's values excepted.

    Parameters
    ----------
    shapes : mapping of str to sequence of int
        Shapes of the parameters and of `var_names`, by name.

    Raises
    ------
    _NotCacheableError
        If something in the model's graph has no description that another process would repeat.
    """
    wanted = set(var_names)
    kept = [variable for variable in model.unobserved_value_vars if variable.name in wanted]
    values = [model.rvs_to_values[variable] for variable in model.free_RVs]
    description = [
        *(f"{name} {version(name)}" for name in _LIBRARIES),
        platform.python_version(),
        *map(str, cpu_target.target_context.codegen().magic_tuple()),
        *(f"{name}={getattr(pytensor.config, name)}" for name in _options()),
        *(f"{value.name} {tuple(shapes[value.name])}" for value in values),
        *(f"{variable.name} {tuple(shapes[variable.name])}" for variable in kept),
        f"check_bounds={model.check_bounds}",
        *_describe_graph([*values, model.logp(), *kept], inputs=values),
    ]
    return hashlib.sha256("\n".join(description).encode()).hexdigest()


def _options() -> list[str]:
    """Names of PyTensor's options that decide what it makes of a graph."""
    return [
        "floatX", "cast_policy", "mode", "optimizer", "optimizer_excluding", "optimizer_including",
        "optimizer_requiring", "numba__fastmath",
    ]  # fmt: skip


def _describe_graph(outputs: Sequence[Variable], inputs: Sequence[Variable]) -> list[str]:
    """Lines that are the same for two graphs only if they compute the same.

    Parameters
    ----------
    outputs, inputs : sequence of Variable
        What the graph returns, and its arguments. What else it reads must be a constant or a named
        shared variable.
    """
    lines: list[str] = []
    numbers: dict[Variable, int] = {}

    def number(variable: Variable, text: str) -> None:
        numbers[variable] = len(lines)
        lines.append(text)

    def leaf(variable: Variable) -> None:
        if isinstance(variable, Constant):
            number(variable, f"constant {_describe(variable.type)} {_describe(variable.data)}")
        elif isinstance(variable, SharedVariable) and variable.name:
            number(variable, f"shared {variable.name} {_describe(variable.type)}")
        else:
            raise _NotCacheableError(f"an input without a value or name: {variable!r}")

    for position, variable in enumerate(inputs):
        number(variable, f"input {position} {_describe(variable.type)}")
    for node in io_toposort(inputs, outputs):
        for variable in node.inputs:
            if variable not in numbers:
                leaf(variable)
        arguments = " ".join(str(numbers[variable]) for variable in node.inputs)
        text = f"{_describe(node.op)} {arguments}"
        for position, variable in enumerate(node.outputs):
            number(variable, f"{text} -> {position} {_describe(variable.type)}")
    for variable in outputs:
        if variable not in numbers:
            leaf(variable)
    return [*lines, " ".join(str(numbers[variable]) for variable in outputs)]


def _describe(value: Any) -> str:
    """Text that two values share only if they are equal.

    Raises
    ------
    _NotCacheableError
        For anything whose content is not known to be told by its type.
    """
    if value is None or isinstance(value, bool | int | float | complex | str | bytes | np.dtype):
        return repr(value)
    if isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value)
        if array.dtype.hasobject:
            raise _NotCacheableError("an array of objects")
        digest = hashlib.sha256(array.tobytes()).hexdigest()
        return f"array({array.dtype}, {array.shape}, {digest})"
    if isinstance(value, tuple | list):
        return f"{type(value).__name__}({', '.join(map(_describe, value))})"
    if isinstance(value, frozenset | set):
        return f"set({', '.join(sorted(map(_describe, value)))})"
    if isinstance(value, Mapping):
        items = sorted((_describe(key), _describe(item)) for key, item in value.items())
        return f"mapping({', '.join(f'{key}: {item}' for key, item in items)})"
    if isinstance(value, slice):
        return f"slice({_describe((value.start, value.stop, value.step))})"
    if isinstance(value, type | FunctionType):
        return _describe_name(value)
    return _describe_object(value)


def _describe_object(value: Any) -> str:
    """Class and content of an object of the libraries, and the graph in it if it has one.

    The content is what PyTensor compares such objects by: their `__props__`, or, where there are
    none, all their attributes.
    """
    parts = [_describe_name(type(value))]
    graph = getattr(value, "fgraph", None)
    names = getattr(value, "__props__", None)
    if graph is not None:
        parts += _describe_graph(graph.outputs, graph.inputs)
        names = names or ()
    if names is None:
        names = sorted(name for name in vars(value) if not name.startswith("__"))
    parts += [f"{name}={_describe(getattr(value, name))}" for name in names]
    return f"<{'; '.join(parts)}>"


def _describe_name(value: type | FunctionType) -> str:
    """Module and name of a class or function that can be imported by them."""
    name = f"{value.__module__}.{value.__qualname__}"
    if "<" in name or value.__module__.split(".")[0] not in (*_LIBRARIES, "builtins"):
        raise _NotCacheableError(f"{name} may change without a new version")
    return name
