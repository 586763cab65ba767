"""Registry of the carryover and saturation transforms, found by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Literal

from mmm_bayes.errors import InputError

Kind = Literal["adstock", "saturation"]
#: Name of a prior distribution, and its parameters.
Spec = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Transform:
    """A carryover or saturation transform, with the default priors of its parameters.

    Attributes
    ----------
    kind : {"adstock", "saturation"}
    function : callable
        For carryover, ``weights(*parameters, max_lag)``, shape (..., max_lag), which sum to one;
        for saturation, ``curve(x, *parameters)``, of the shape of x, 0 at x = 0.
    priors : mapping of str to Spec
        Default prior of each parameter in a weekly table, in the order of the function's arguments.
    scaled : callable, optional
        The same for any number of days of a step, if a parameter depends on it.
    in_steps : tuple of str
        Parameters that are a number of steps: their priors are kept in days.
    """

    kind: Kind
    name: str
    function: Callable[..., Any]
    priors: Mapping[str, Spec]
    scaled: Callable[[float], Mapping[str, Spec]] | None = None
    in_steps: tuple[str, ...] = ()

    def priors_at(self, step_days: float) -> Mapping[str, Spec]:
        """Default priors in a table with another step than a week.

        Parameters
        ----------
        step_days : float
            Days of a step.
        """
        if self.scaled is not None:
            return self.scaled(step_days)
        factor = 7 / step_days
        return {
            name: _stretched(spec, factor) if name in self.in_steps else spec
            for name, spec in self.priors.items()
        }

    def node_names(self, path: str | None = None) -> list[str]:
        """Names of the transform's parameters in a model.

        Parameters
        ----------
        path : str, optional
            Prefix of another equation's parameters ("mediation"); in the outcome's equation the
            prefix is the kind.
        """
        return [f"{path or self.kind}_{name}" for name in self.priors]


def transform_names(kind: Kind) -> list[str]:
    """Names of the available transforms of a kind.

    Parameters
    ----------
    kind : {"adstock", "saturation"}
    """
    package = import_module(f"{__package__}.{kind}")
    return sorted(module.name for module in iter_modules(package.__path__))


def load_transform(kind: Kind, name: str) -> Transform:
    """Transform of a kind, by its name.

    Parameters
    ----------
    kind : {"adstock", "saturation"}
    name : str
        Name of a file in the folder of that kind, without its suffix.

    Raises
    ------
    InputError
        If there is no such transform; the message lists the available ones.
    """
    if name not in transform_names(kind):
        known = ", ".join(transform_names(kind))
        raise InputError(f"{kind} = {name!r} is not one of {known}; choose one of these")
    module = import_module(f"{__package__}.{kind}.{name}")
    function = module.weights if kind == "adstock" else module.curve
    return Transform(
        kind, name, function, module.PRIORS, getattr(module, "priors_at", None),
        getattr(module, "IN_STEPS", ()),
    )  # fmt: skip


def _stretched(spec: Spec, factor: float) -> Spec:
    """Distribution of a multiple of a positive parameter."""
    dist, parameters = spec
    if dist == "LogNormal":
        return dist, parameters | {"mu": parameters["mu"] + math.log(factor)}
    return dist, parameters | {"sigma": parameters["sigma"] * factor}  # HalfNormal
