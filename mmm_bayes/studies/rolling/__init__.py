"""Stability of the estimates over rolling windows, and the forecasts from each window."""
