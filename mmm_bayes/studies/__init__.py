"""Studies of many fits: simulated markets, calibration and rolling windows."""
