"""The dashboard: an interactive page of a run's data, effects, curves, budgets and checks.

It reads a run folder and evaluates the model on the saved draws; nothing is fitted. Each page has a
file with the functions that make its tables and figures, and `show_page`, which shows them. `app`
is the script that Streamlit runs.
"""
