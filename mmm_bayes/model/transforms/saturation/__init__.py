"""Saturation: share of a channel's maximal effect as a function of exposure, one curve per file."""
