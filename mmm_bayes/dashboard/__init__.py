"""An interactive page of a run: its data, effects, curves, budgets and checks.

It reads a run folder and computes by arithmetic on the saved draws; nothing is fitted, and PyMC is
never imported. A file a page: functions that make tables and figures of a run, and `page`, which
puts them on the screen. `app` is the script that Streamlit runs.
"""
