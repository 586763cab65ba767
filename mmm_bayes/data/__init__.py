"""Validated, labelled data from a table and its TOML description.

`load` reads the description and the table beside it, refuses anything that cannot be modelled as
it stands, and returns a `Dataset`; `profile` summarises one. Names are imported when first used, so
that a program that only needs a `Description` does not import pandas and xarray.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmm_bayes.data.dataset import Dataset as Dataset
    from mmm_bayes.data.dataset import load as load
    from mmm_bayes.data.description import Description as Description
    from mmm_bayes.data.description import read_description as read_description
    from mmm_bayes.data.display import show as show
    from mmm_bayes.data.profiles import Profile as Profile
    from mmm_bayes.data.profiles import profile as profile

_HOME = {
    "Description": "description",
    "read_description": "description",
    "Dataset": "dataset",
    "load": "dataset",
    "Profile": "profiles",
    "profile": "profiles",
    "show": "display",
}

__all__ = ["Dataset", "Description", "Profile", "load", "profile", "read_description", "show"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
