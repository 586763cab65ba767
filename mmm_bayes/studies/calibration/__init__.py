"""Calibration of the intervals: fits to simulated data compared with the known truth."""

from mmm_bayes.studies.calibration.recovery import recover, summarise_recovery

__all__ = ["recover", "summarise_recovery"]
