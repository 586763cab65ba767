"""Classical models beside the Bayesian family: same weeks, same counterfactuals, same definitions.

Every regressor is that of scikit-learn, LightGBM or statsmodels. This package adds what they lack:
transformers of media, the counterfactual, and the tables that compare the models.
"""
