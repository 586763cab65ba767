"""The parts of the benchmarks: a race that measures wrongly is worse than none."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "benchmarks"), str(ROOT / "benchmarks" / "contenders")]

from ledger import Ledger, run_child  # noqa: E402
from protocol import read_table, window_spans  # noqa: E402
from race import summarise_draws  # noqa: E402
from summary import exponent  # noqa: E402

TABLE = ROOT / "data" / "direct_only.toml"


def test_a_line_is_measured_once_under_its_keys(tmp_path):
    ledger, calls = Ledger(tmp_path), []

    def work():
        calls.append(1)
        return {"seconds": 1.0}

    for keys in ({"size": 1}, {"size": 2}, {"size": 1}):
        ledger.measure(keys, work)
    assert len(calls) == 2
    assert [line["keys"]["size"] for line in ledger.lines()] == [1, 2]
    assert ledger.lines(size=2)[0]["seconds"] == 1.0


def test_a_childs_output_is_its_last_line(tmp_path):
    script = tmp_path / "child.py"
    script.write_text("block = bytearray(200 * 2**20)\nprint('noise')\nprint('{\"a\": 1}')")
    # Linux counts the parent's memory at the start as the child's, so the parent must be small.
    parent = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'benchmarks')!r}); "
        f"from ledger import run_child; result = run_child([sys.executable, {str(script)!r}]); "
        "print(result.output, result.peak_mb)"
    )
    process = subprocess.run(
        [sys.executable, "-c", parent], capture_output=True, text=True, check=True
    )
    output, peak = process.stdout.rsplit(maxsplit=1)
    assert output == "{'a': 1}"
    assert 200 < float(peak) < 400


def test_a_child_that_fails_ends_the_race_with_its_error(tmp_path):
    script = tmp_path / "child.py"
    script.write_text("raise ValueError('no such table')")
    with pytest.raises(SystemExit, match="no such table"):
        run_child([sys.executable, script])


def test_windows_have_the_length_of_the_arguments_and_lie_inside_the_table():
    class Arguments:
        of, windows, window, horizon = 10, 10, 104, 8

    spans = window_spans(208, Arguments)
    assert len(spans) == 10
    assert spans[0][0].start == 0
    assert spans[-1][1].stop == 208
    for train, test in spans:
        assert train.stop - train.start == 104
        assert (test.start, test.stop) == (train.stop, train.stop + 8)


def test_effective_draws_and_effects_are_those_of_the_draws():
    rng = np.random.default_rng(1)
    walk = rng.normal(size=(4, 1000)).cumsum(axis=1)  # never mixes
    draws = {
        "free_good": rng.normal(size=(4, 1000, 3)),
        "free_bad": walk,
        "free_held": np.ones((4, 1000)),
        "effects": np.linspace(0, 1, 4000).reshape(4, 1000, 1) * [10.0, 20.0],
    }
    summary = summarise_draws(draws, [5.0, 12.0])
    assert summary["worst"] == "bad"
    assert summary["ess"] < 100
    assert summary["rhat"] > 1.1
    assert summary["parameters"] == 4
    assert summary["effects"][1] == pytest.approx(
        {"median": 10.0, "lower": 1.0, "upper": 19.0, "truth": 12.0}
    )
    good = summarise_draws({name: draws[name] for name in ("free_good", "effects")}, [5.0, 12.0])
    assert good["ess"] == pytest.approx(4000, rel=0.15)


def test_the_exponent_of_a_power_law():
    size = pd.Series([100.0, 200.0, 1000.0])
    slope, low, high = exponent(size, 3 * size**1.7)
    assert (slope, low, high) == pytest.approx((1.7, 1.7, 1.7))
    _, low, high = exponent(size, 3 * size**1.7 * np.array([1.1, 0.9, 1.1]))
    assert low < 1.7 < high


def test_contenders_scale_priors_by_the_numbers_of_the_design():
    from mmm_bayes.data import load
    from mmm_bayes.data.design import make_design

    table, arranged = read_table(TABLE), make_design(load(TABLE))
    scaling = arranged.scaling
    outcome = arranged.arrays["outcome_observed"].values
    assert table.spread == pytest.approx(outcome.std() / outcome.mean())
    np.testing.assert_allclose(table.active_means, scaling.exposure[0])
    window = table.rows(slice(50, 154))
    np.testing.assert_allclose(window.covariates.mean(), 0, atol=1e-12)
    np.testing.assert_allclose(window.covariates.std(ddof=0), 1)


def test_every_contender_is_pinned_without_an_address():
    for pins in (ROOT / "benchmarks" / "contenders").glob("*.txt"):
        for line in pins.read_text().splitlines():
            name, version = line.split("==")
            assert name
            assert version[0].isdigit()


def test_the_truth_is_that_of_the_table():
    from race import true_effects

    truth = json.loads(TABLE.with_suffix(".truth.json").read_text())
    assert len(true_effects(TABLE)) == len(truth["channels"])
    assert all(value > 0 for value in true_effects(TABLE))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["no_mediation", "partial_mediation"])
def test_the_kernel_is_the_models_density_and_its_gradient(name):
    from kernel import handwritten_density, independent_equations

    from mmm_bayes.data import load
    from mmm_bayes.data.design import make_design
    from mmm_bayes.model.family import load_member

    arranged = make_design(independent_equations(load(ROOT / "data" / "mediated.toml")))
    model = load_member(name).build(arranged)
    density = model.compile_logp(mode="FAST_COMPILE")
    start = model.initial_point()
    handwritten = handwritten_density(model, arranged)
    rng = np.random.default_rng(1)

    def joined(point):
        return np.concatenate([np.ravel(point[value.name]) for value in model.value_vars])

    for _ in range(3):
        moved = {key: value + 0.3 * rng.normal(size=value.shape) for key, value in start.items()}
        point = joined(moved)
        gradient, unused = np.empty_like(point), np.empty_like(point)
        value = handwritten(point, gradient)
        assert value == pytest.approx(float(density(moved)), rel=1e-10)
        step = 1e-5
        for index in range(len(point)):
            above, below = point.copy(), point.copy()
            above[index] += step
            below[index] -= step
            slope = (handwritten(above, unused) - handwritten(below, unused)) / (2 * step)
            assert gradient[index] == pytest.approx(slope, rel=1e-5, abs=1e-4)
