"""Compiled models on disk: what is loaded is what was compiled, and nothing else."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import nutpie
import pymc as pm
import pytensor.tensor as pt
import pytest
from nutpie.compile_pymc import CompiledPyMCModel, _compute_shapes
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from scipy.stats import norm

from mmm_bayes.inference import compile_cache
from mmm_bayes.inference.compile_cache import compile_pymc_model, evaluate_logp, model_key


def regression(
    rows: int = 30, *, sigma: float = 1.0, power: int = 2, bound: float = 0.0
) -> pm.Model:
    """A small model with mutable data, transformed parameters and a constant of every kind."""
    rng = np.random.default_rng(rows)
    with pm.Model(coords={"row": np.arange(rows), "column": ["a", "b"]}) as model:
        x = pm.Data("x", rng.normal(size=(rows, 2)), dims=("row", "column"))
        y = pm.Data("y", rng.normal(size=rows), dims="row")
        slope = pm.HalfNormal("slope", sigma, dims="column")
        share = pm.Uniform("share", bound, 1.0)
        scale = pm.Exponential("scale", 1.0)
        mean = (x**power * slope).sum(-1) * share + pt.log1p(pt.exp(x[:, 0]))
        pm.Normal("outcome", mean, scale, observed=y, dims="row")
    return model


FREE = ("slope", "share", "scale")


def key(model: pm.Model) -> str:
    names = [variable.name for variable in model.free_RVs]
    return model_key(model, names, _compute_shapes(model))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compiled")


@pytest.fixture(scope="module")
def compiled(folder: Path) -> CompiledPyMCModel:
    return compile_pymc_model(regression(), var_names=FREE, folder=folder)


@pytest.fixture
def no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        pytest.fail("compiled again")

    monkeypatch.setattr(nutpie, "compile_pymc_model", refuse)


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> list[pm.Model]:
    """Models that nutpie was asked to compile."""
    asked: list[pm.Model] = []
    original = nutpie.compile_pymc_model

    def count(model: pm.Model, **options: object) -> CompiledPyMCModel:
        asked.append(model)
        return original(model, **options)

    monkeypatch.setattr(nutpie, "compile_pymc_model", count)
    return asked


def test_density_and_gradient_are_those_of_nutpie(compiled):
    """On the data that it was compiled on, and on others of another length."""
    stock = nutpie.compile_pymc_model(regression(), var_names=list(FREE))
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(11, 2)), rng.normal(size=11)
    for ours, theirs in (
        (compiled, stock),
        (compiled.with_data(x=x, y=y), stock.with_data(x=x, y=y)),
    ):
        for point in rng.normal(size=(5, 4)):
            status, density, gradient = evaluate_logp(ours, point)
            expected = evaluate_logp(theirs, point)
            assert status == expected[0] == 0
            np.testing.assert_allclose(density, expected[1], rtol=1e-12)
            np.testing.assert_allclose(gradient, expected[2], rtol=1e-10)


def test_draws_are_those_of_nutpie(compiled):
    """The names, shapes and values of the draws: a seed's initial points are the same."""
    stock = nutpie.compile_pymc_model(regression(), var_names=list(FREE))
    np.testing.assert_array_equal(compiled.initial_point_func(3), stock.initial_point_func(3))
    settings = {"draws": 400, "tune": 300, "chains": 2, "seed": 1, "progress_bar": False}
    ours, theirs = (nutpie.sample(model, **settings).posterior for model in (compiled, stock))
    assert {name: value.dims for name, value in ours.items()} == {
        name: value.dims for name, value in theirs.items()
    }
    for name in FREE:
        np.testing.assert_allclose(ours[name].mean(), theirs[name].mean(), atol=0.1)


@pytest.mark.usefixtures("no_compiler")
def test_what_is_loaded_is_what_was_compiled(compiled, folder):
    """To the last bit, so that the draws of a seed do not tell which of the two it was."""
    loaded = compile_pymc_model(regression(), var_names=FREE, folder=folder)
    settings = {"draws": 50, "tune": 50, "chains": 2, "seed": 1, "progress_bar": False}
    first, second = (nutpie.sample(model, **settings).posterior for model in (compiled, loaded))
    for name in FREE:
        np.testing.assert_array_equal(first[name], second[name])


@pytest.mark.usefixtures("no_compiler", "compiled")
def test_data_are_not_part_of_the_key(folder):
    """The data of the model that asks are those of its log-density."""
    model = regression()
    model["y"].set_value(np.full(30, 100.0))
    loaded = compile_pymc_model(model, var_names=FREE, folder=folder)
    point = {name: np.zeros_like(value) for name, value in model.initial_point().items()}
    expected = model.compile_logp(mode="FAST_COMPILE")(point)
    np.testing.assert_allclose(evaluate_logp(loaded, np.zeros(4))[1], expected, rtol=1e-10)


@pytest.mark.parametrize(
    "other",
    [
        lambda: regression(sigma=1.1),
        lambda: regression(power=3),
        lambda: regression(bound=0.5),
        lambda: renamed(regression()),
        lambda: unbounded(regression()),
    ],
    ids=["a prior", "an exponent", "a transform's bound", "a data node", "no bounds"],
)
def test_another_model_has_another_key(other: Callable[[], pm.Model]):
    assert key(other()) != key(regression())


def test_the_same_model_has_the_same_key():
    assert key(regression()) == key(regression(rows=12))


def renamed(model: pm.Model) -> pm.Model:
    model["x"].name = "exposure"
    return model


def unbounded(model: pm.Model) -> pm.Model:
    model.check_bounds = False
    return model


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[: len(content) // 2],
        lambda content: content[:-1] + bytes([content[-1] ^ 1]),
        lambda content: b"another format" + content,
        lambda content: content.replace(b'"log1p"', b'"absent_symbol"'),
    ],
    ids=["empty", "cut", "a bit", "format", "symbol"],
)
def test_a_damaged_entry_is_compiled_again(compiled, folder, tmp_path, compilations, damage):
    (entry,) = folder.iterdir()
    path = tmp_path / entry.name
    path.write_bytes(damage(entry.read_bytes()))
    assert path.read_bytes() != entry.read_bytes()
    again = compile_pymc_model(regression(), var_names=FREE, folder=tmp_path)
    assert len(compilations) == 1
    assert evaluate_logp(again, np.zeros(4))[0] == 0
    compile_pymc_model(regression(), var_names=FREE, folder=tmp_path)
    assert len(compilations) == 1


def test_wrong_shapes_are_an_error_of_the_callback(compiled):
    """As in nutpie: a return code, not a crash."""
    wrong = compiled.with_data(y=np.zeros(7))
    assert evaluate_logp(wrong, np.zeros(4))[0] != 0


class Scaled(Op):
    """An operation whose factor PyTensor is not told of."""

    def __init__(self, factor: Callable[[], float]) -> None:
        self.factor = factor

    def make_node(self, x: pt.TensorVariable) -> Apply:
        return Apply(self, [x], [x.type()])

    def perform(self, node: Apply, inputs: list, outputs: list) -> None:
        outputs[0][0] = inputs[0] * self.factor()

    def pullback(self, inputs: list, outputs: list, gradients: list) -> list:
        return [gradients[0] * self.factor()]

    L_op = pullback


def test_an_unknown_operation_has_no_key():
    with pm.Model() as model:
        pm.Normal("outcome", Scaled(lambda: 2.0)(pm.Normal("mean")), observed=1.0)
    with pytest.raises(compile_cache._NotCacheableError):
        key(model)


def test_what_has_no_key_is_compiled_each_time(tmp_path, compilations, monkeypatch):
    def refuse(*_: object) -> None:
        raise compile_cache._NotCacheableError("not here")

    monkeypatch.setattr(compile_cache, "model_key", refuse)
    for _ in range(2):
        compile_pymc_model(regression(), var_names=FREE, folder=tmp_path)
    assert len(compilations) == 2
    assert not list(tmp_path.iterdir())


def test_code_that_needs_its_own_process_is_not_stored(tmp_path, compilations):
    """The normal distribution function: Numba looks up SciPy's by way of Python."""
    with pm.Model() as model:
        normal = pm.Normal.dist(pm.Normal("mean"), 1.0)
        pm.Censored("outcome", normal, lower=0.0, upper=None, observed=np.array([0.0, 0.5]))
    for _ in range(2):
        compiled = compile_pymc_model(model, var_names=["mean"], folder=tmp_path)
        status, density, _ = evaluate_logp(compiled, np.array([0.2]))
        assert status == 0
        expected = norm(0, 1).logpdf(0.2) + norm(0.2, 1).logcdf(0) + norm(0.2, 1).logpdf(0.5)
        assert density == pytest.approx(expected, rel=1e-8)
    assert len(compilations) == 2
    assert not list(tmp_path.iterdir())


def test_data_are_not_in_the_code(tmp_path, compilations):
    """Numba would keep them as constants, and more than a megabyte of them by its address."""
    model = regression(rows=80_000)
    assert model["x"].get_value().nbytes > 1_000_000
    for _ in range(2):
        compiled = compile_pymc_model(model, var_names=FREE, folder=tmp_path)
        point = {name: np.zeros_like(value) for name, value in model.initial_point().items()}
        expected = model.compile_logp(mode="FAST_COMPILE")(point)
        np.testing.assert_allclose(evaluate_logp(compiled, np.zeros(4))[1], expected, rtol=1e-10)
    assert len(compilations) == 1
    (entry,) = tmp_path.iterdir()
    assert entry.stat().st_size < 500_000


def test_a_folder_that_cannot_be_made_is_ignored(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    model = compile_pymc_model(regression(), var_names=FREE, folder=tmp_path / "file" / "folder")
    assert evaluate_logp(model, np.zeros(4))[0] == 0


@pytest.mark.usefixtures("compiled")
def test_entries_long_unused_are_removed(folder, tmp_path):
    old = tmp_path / "old"
    old.write_bytes(b"entry")
    os.utime(old, (0, 0))
    (entry,) = folder.iterdir()
    compile_cache._write(tmp_path / "new", entry.read_bytes())
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


@pytest.mark.slow
def test_two_processes_at_once(tmp_path):
    """Both compile, both sample, and one entry is left, which a third loads."""
    code = (
        "import logging, nutpie, sys; sys.path.insert(0, sys.argv[1])\n"
        "from test_compile_cache import FREE, regression\n"
        "from mmm_bayes.inference.compile_cache import compile_pymc_model\n"
        "model = compile_pymc_model(regression(), var_names=FREE)\n"
        "tree = nutpie.sample(model, draws=50, tune=50, chains=2, seed=1, progress_bar=False)\n"
        "print(repr(float(tree.posterior['slope'].sum())))\n"
    )
    command = [sys.executable, "-c", code, str(Path(__file__).parent)]
    environment = os.environ | {"MMM_BAYES_CACHE": str(tmp_path)}

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)

    pair = [start(), start()]
    sums = [process.communicate(timeout=300)[0] for process in pair]
    assert [process.returncode for process in pair] == [0, 0]
    assert len(list(tmp_path.iterdir())) == 1
    assert start().communicate(timeout=300)[0] in sums
