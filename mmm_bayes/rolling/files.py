"""Names of what a rolling job writes into its folder."""

RECORD, WINDOWS = "rolling.json", "windows"
ROLLING, STABILITY, FORECAST = "rolling.csv", "stability.csv", "forecast.csv"
SCORES, SUBSETS = "scores.csv", "subsets.csv"
