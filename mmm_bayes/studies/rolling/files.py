"""Names of the files that a rolling job writes; importing them loads no sampler."""

RECORD, WINDOWS = "rolling.json", "windows"
ROLLING, STABILITY, FORECAST = "rolling.csv", "stability.csv", "forecast.csv"
SCORES, SUBSETS = "scores.csv", "subsets.csv"
