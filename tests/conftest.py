"""Settings that every test shares."""

import matplotlib

matplotlib.use("Agg")  # no window, on machines with a screen too
