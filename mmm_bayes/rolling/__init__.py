"""How stable the answers are: refits over windows, forecasts from each, and what really changed."""
