"""Reports: one self-contained HTML file for each run folder, in the order of a review."""

from mmm_bayes.report.run_page import render

__all__ = ["render"]
