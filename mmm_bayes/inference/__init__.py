"""Sampling, run folders, fits, refits and forecasts."""
