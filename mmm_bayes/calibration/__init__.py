"""Whether the intervals mean what they say: fits of simulated data against their truth."""

from mmm_bayes.calibration.recovery import recover, summary

__all__ = ["recover", "summary"]
