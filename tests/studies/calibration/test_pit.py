"""Ranks of the truth, their simultaneous band, and the verdict over many quantities."""

import numpy as np
import pandas as pd
import pytest

from mmm_bayes.studies.calibration.pit import (
    band_probability,
    calibration_verdict,
    ecdf_band,
    probability_integral_transform,
    summarise_ranks,
    within_band,
)

RNG = np.random.default_rng(1)


def test_the_rank_counts_the_draws_below_and_breaks_ties_at_random() -> None:
    draws = np.array([1.0, 2.0, 2.0, 3.0])
    assert 2 / 5 < probability_integral_transform(2.5, draws, RNG.random()) * 5 / 5 + 1 / 5 < 1
    low = [probability_integral_transform(0.0, draws, RNG.random()) for _ in range(200)]
    tied = [probability_integral_transform(2.0, draws, RNG.random()) for _ in range(400)]
    assert min(low) > 0
    assert max(low) < 1 / 5
    assert 1 / 5 < min(tied) < 1.2 / 5
    assert 3.8 / 5 < max(tied) < 4 / 5


def test_ranks_of_a_calibrated_quantity_are_uniform() -> None:
    """A conjugate normal mean, whose posterior is known: no sampler, no model."""
    pit = []
    for _ in range(2000):
        truth = RNG.normal()
        y = RNG.normal(truth, 1.0)
        draws = RNG.normal(y / 2, np.sqrt(0.5), 200)
        pit.append(probability_integral_transform(truth, draws, RNG.random()))
    assert np.mean(pit) == pytest.approx(0.5, abs=0.03)
    assert np.var(pit) == pytest.approx(1 / 12, abs=0.006)


@pytest.mark.parametrize("probability", [0.95, 0.999])
def test_the_band_has_its_nominal_coverage(probability: float) -> None:
    """Brute force: fresh uniform samples, none of those that made the band."""
    points, lower, upper = ecdf_band(100, probability)
    ordered = np.sort(np.random.default_rng(7).random((4000, 100)))
    ecdf = (ordered[:, :, None] <= points).mean(1)
    covered = ((lower <= ecdf) & (ecdf <= upper)).all(1).mean()
    assert covered == pytest.approx(probability, abs=0.012)


def ranks(**pits: np.ndarray) -> pd.DataFrame:
    return pd.concat([pd.DataFrame({"quantity": name, "pit": pit}) for name, pit in pits.items()])


def test_the_summary_names_what_leaves_its_band() -> None:
    even = (np.arange(100) + 0.5) / 100
    table = summarise_ranks(
        ranks(good=even, low=even**3, narrow=np.r_[even[:50] / 9, 1 - even[:50] / 9])
    )
    assert table.columns.tolist() == ["quantity", "simulations", "coverage_90", "inside_band"]
    assert table["inside_band"].tolist() == [True, False, False]
    assert table["simulations"].tolist() == [100] * 3
    assert table["coverage_90"][0] == pytest.approx(0.9)
    passed, message = calibration_verdict(table)
    assert not passed
    assert "low, narrow" in message
    assert "good" not in message
    assert calibration_verdict(table[:1])[0]


def test_a_calibrated_model_of_many_quantities_rarely_leaves_any_band() -> None:
    probability = band_probability(50)
    assert 1 - 50 * (1 - probability) == pytest.approx(0.95)
    rng = np.random.default_rng(3)
    clean = [all(within_band(rng.random(60), probability) for _ in range(50)) for _ in range(60)]
    assert np.mean(clean) > 0.85


def test_a_rank_that_was_rounded_to_zero_is_not_outside() -> None:
    pit = (np.arange(200) + 0.5) / 200
    pit[0] = 0.0
    assert within_band(pit, 0.999)
    pit[:20] = 0.0
    assert not within_band(pit, 0.999)
