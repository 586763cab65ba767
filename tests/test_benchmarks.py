"""The benchmarks' own parts: a race that measures wrongly is worse than none."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "benchmarks"), str(ROOT / "benchmarks" / "contenders")]

from ledger import Ledger, run  # noqa: E402
from race import judge  # noqa: E402
from summary import exponent  # noqa: E402
from told import read, spans  # noqa: E402

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


def test_a_child_tells_in_its_last_line(tmp_path):
    script = tmp_path / "child.py"
    script.write_text("block = bytearray(200 * 2**20)\nprint('noise')\nprint('{\"a\": 1}')")
    # Linux counts the parent's memory at the start as the child's: only a small parent can tell.
    parent = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'benchmarks')!r}); from ledger import run; "
        f"ran = run([sys.executable, {str(script)!r}]); print(ran.told, ran.peak_mb)"
    )
    done = subprocess.run(
        [sys.executable, "-c", parent], capture_output=True, text=True, check=True
    )
    told, peak = done.stdout.rsplit(maxsplit=1)
    assert told == "{'a': 1}"
    assert 200 < float(peak) < 400


def test_a_child_that_fails_ends_the_race_with_what_it_said(tmp_path):
    script = tmp_path / "child.py"
    script.write_text("raise ValueError('no such table')")
    with pytest.raises(SystemExit, match="no such table"):
        run([sys.executable, script])


def test_windows_are_as_long_as_told_and_inside_the_table():
    class Told:
        of, windows, window, horizon = 10, 10, 104, 8

    found = spans(208, Told)
    assert len(found) == 10
    assert found[0][0].start == 0
    assert found[-1][1].stop == 208
    for train, test in found:
        assert train.stop - train.start == 104
        assert (test.start, test.stop) == (train.stop, train.stop + 8)


def test_effective_draws_and_effects_are_those_of_the_draws():
    rng = np.random.default_rng(1)
    walk = rng.normal(size=(4, 1000)).cumsum(axis=1)  # never mixes
    kept = {
        "free_good": rng.normal(size=(4, 1000, 3)),
        "free_bad": walk,
        "free_held": np.ones((4, 1000)),
        "effects": np.linspace(0, 1, 4000).reshape(4, 1000, 1) * [10.0, 20.0],
    }
    found = judge(kept, [5.0, 12.0])
    assert found["worst"] == "bad"
    assert found["ess"] < 100
    assert found["rhat"] > 1.1
    assert found["parameters"] == 4
    assert found["effects"][1] == pytest.approx(
        {"median": 10.0, "lower": 1.0, "upper": 19.0, "truth": 12.0}
    )
    alone = judge({name: kept[name] for name in ("free_good", "effects")}, [5.0, 12.0])
    assert alone["ess"] == pytest.approx(4000, rel=0.15)


def test_the_exponent_of_a_power_law():
    size = pd.Series([100.0, 200.0, 1000.0])
    slope, low, high = exponent(size, 3 * size**1.7)
    assert (slope, low, high) == pytest.approx((1.7, 1.7, 1.7))
    rough = exponent(size, 3 * size**1.7 * np.array([1.1, 0.9, 1.1]))
    assert rough[1] < 1.7 < rough[2]


def test_contenders_scale_priors_by_the_numbers_of_the_design():
    from mmm_bayes.dataset import load
    from mmm_bayes.design import design
    from mmm_bayes.terms.priors import defaults

    table, arranged = read(TABLE), design(load(TABLE))
    scaling = arranged.scaling
    assert table.spread == pytest.approx(scaling.spread)
    np.testing.assert_allclose(table.active_means, scaling.exposure[0])
    _, beta = defaults(arranged, scaling.spread, scaling.mediator_spread)["beta"]
    np.testing.assert_allclose(table.shares, beta["sigma"])
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
    from race import truth

    told = json.loads(TABLE.with_suffix(".truth.json").read_text())
    assert len(truth(TABLE)) == len(told["channels"])
    assert all(value > 0 for value in truth(TABLE))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["direct", "partial_mediation"])
def test_the_kernel_is_the_models_density_and_its_gradient(name):
    from kernel import by_hand

    from mmm_bayes.dataset import load
    from mmm_bayes.design import design
    from mmm_bayes.family import member

    arranged = design(load(ROOT / "data" / "mediated.toml"))
    model = member(name).build(arranged)
    density = model.compile_logp(mode="FAST_COMPILE")
    start = model.initial_point()
    hand = by_hand(model, arranged)
    rng = np.random.default_rng(1)

    def joined(point):
        return np.concatenate([np.ravel(point[value.name]) for value in model.value_vars])

    for _ in range(3):
        moved = {key: value + 0.3 * rng.normal(size=value.shape) for key, value in start.items()}
        point = joined(moved)
        gradient, unused = np.empty_like(point), np.empty_like(point)
        value = hand(point, gradient)
        assert value == pytest.approx(float(density(moved)), rel=1e-10)
        step = 1e-5
        for at in range(len(point)):
            there = point.copy()
            there[at] += step
            here = point.copy()
            here[at] -= step
            slope = (hand(there, unused) - hand(here, unused)) / (2 * step)
            assert gradient[at] == pytest.approx(slope, rel=1e-5, abs=1e-4)
