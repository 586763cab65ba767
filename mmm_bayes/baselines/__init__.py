"""The classical models beside the Bayesian family: same weeks, same questions, same definitions.

Every estimator is scikit-learn's, LightGBM's or statsmodels' own. What is written here is what they
lack: transformers of media, the counterfactual, and the table that sets them side by side.
"""
