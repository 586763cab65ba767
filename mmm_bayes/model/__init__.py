"""Equations of the model family: transforms, terms, and their evaluation on draws."""
