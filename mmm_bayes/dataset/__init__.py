"""A table and its TOML description become validated, labelled data.

`load` is the way in: it reads the description, reads the table beside it, refuses whatever cannot
be modelled honestly, and returns a `Dataset`. `profile` says what was found. Names are imported
when first used, so that a program that only needs a `Description` does not pay for pandas and
xarray.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmm_bayes.dataset.description import Description as Description
    from mmm_bayes.dataset.description import describe as describe
    from mmm_bayes.dataset.loading import Dataset as Dataset
    from mmm_bayes.dataset.loading import load as load
    from mmm_bayes.dataset.profiling import Profile as Profile
    from mmm_bayes.dataset.profiling import profile as profile
    from mmm_bayes.dataset.showing import show as show

_HOME = {
    "Description": "description",
    "describe": "description",
    "Dataset": "loading",
    "load": "loading",
    "Profile": "profiling",
    "profile": "profiling",
    "show": "showing",
}

__all__ = ["Dataset", "Description", "Profile", "describe", "load", "profile", "show"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
