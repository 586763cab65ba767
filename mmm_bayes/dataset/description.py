"""The TOML description of a dataset, as frozen models.

The description says which column plays which part and nothing about the numbers themselves; the
table is checked against it in `values` and `dates`. Every mistake becomes one `InputError` that
names the file, the key, what was found there and what is allowed.
"""

import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from mmm_bayes.errors import InputError, located

Name = Annotated[str, StringConstraints(min_length=1)]


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Channel(_Frozen):
    """One paid channel: the column of its money, and of what drives the response if another."""

    spend: Name
    exposure: Name | None = None
    role: Name = "media"


class Mediation(_Frozen):
    """Which channel is raised by which others before it raises the outcome."""

    mediator: Name
    causes: tuple[Name, ...] = Field(min_length=1, strict=False)

    @model_validator(mode="after")
    def _causes_make_sense(self) -> Self:
        if self.mediator in self.causes:
            raise ValueError(
                f"the mediator {self.mediator!r} is among its own causes; take it out of causes"
            )
        if repeated := _repeated(self.causes):
            raise ValueError(f"causes names {repeated} more than once; name each cause once")
        return self


class Control(_Frozen):
    """A column that moves the outcome and is not media."""

    column: Name
    transform: Literal["none", "log", "log1p", "growth"] = "none"


class Calendar(_Frozen):
    """Season, trend and public holidays; `fourier` counts sine-cosine pairs per year.

    The trend of "changepoints" is piecewise linear, its slope free to change at fixed weeks.
    """

    fourier: int = Field(default=2, ge=0)
    trend: Literal["none", "linear", "quadratic", "changepoints"] = "linear"
    holidays: Name | None = None

    @field_validator("holidays")
    @classmethod
    def _country_is_known(cls, code: str | None) -> str | None:
        if code is None:
            return None
        from holidays import list_supported_countries

        if code not in (known := list_supported_countries()):
            near = get_close_matches(code.upper(), known, n=3, cutoff=0.5)
            like = ", ".join(near or ["US", "GB", "DE"])
            raise ValueError(
                f"{code!r} is not a country code the holidays package knows; codes look like {like}"
            )
        return code


class Experiments(_Frozen):
    """Where the lift tests stand; see `mmm_bayes.dataset.experiments`."""

    file: Name


class ModelDefaults(_Frozen):
    """How to fit this table unless told otherwise; `max_lag` counts steps of the table.

    `sign` says whether the channels' own effects on the outcome are positive by prior or free.
    """

    link: Literal["identity", "log"] = "identity"
    likelihood: Literal["normal", "student_t", "lognormal"] = "normal"
    max_lag: int = Field(default=13, ge=1)
    sign: Literal["positive", "free"] = "positive"


class Prior(_Frozen):
    """A distribution's name and its numeric parameters, whatever they are called."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, FiniteFloat]

    dist: Name

    @property
    def parameters(self) -> dict[str, float]:
        """The distribution's parameters by name (a copy)."""
        return dict(self.__pydantic_extra__)


class Description(_Frozen):
    """Everything the TOML file says about a table."""

    file: Name
    date: Name
    outcome: Name
    unit: Name | None = None
    channels: dict[Name, Channel] = Field(min_length=1)
    mediation: Mediation | None = None
    controls: dict[Name, Control] = {}
    calendar: Calendar = Calendar()
    experiments: Experiments | None = None
    model: ModelDefaults = ModelDefaults()
    priors: dict[Name, Prior] = {}

    @model_validator(mode="after")
    def _mediation_names_channels(self) -> Self:
        if self.mediation is None:
            return self
        for name in (self.mediation.mediator, *self.mediation.causes):
            if name not in self.channels:
                raise ValueError(
                    f"[mediation] names {name!r}, not a channel{nearest(name, self.channels)}; "
                    f"the channels are {', '.join(self.channels)}"
                )
        return self

    @model_validator(mode="after")
    def _names_and_columns_are_distinct(self) -> Self:
        if both := sorted(set(self.channels) & set(self.controls)):
            raise ValueError(f"{both[0]!r} names both a channel and a control; rename one of them")
        uses: dict[str, str] = {}
        for key, column in self.columns():
            if column in uses:
                raise ValueError(
                    f"column {column!r} is used twice, as {uses[column]} and as {key}; a column "
                    "plays one part"
                )
            uses[column] = key
        return self

    def columns(self) -> Iterator[tuple[str, str]]:
        """Every (key path, column of the table) pair, in the order of the description."""
        yield "date", self.date
        if self.unit is not None:
            yield "unit", self.unit
        yield "outcome", self.outcome
        for name, channel in self.channels.items():
            yield f"channels.{name}.spend", channel.spend
            if channel.exposure is not None:
                yield f"channels.{name}.exposure", channel.exposure
        for name, control in self.controls.items():
            yield f"controls.{name}.column", control.column


def describe(path: str | Path) -> Description:
    """Read and check the description of a dataset.

    Parameters
    ----------
    path
        The TOML file.

    Raises
    ------
    InputError
        If the file is absent, is not TOML, or says something that is not allowed.
    """
    path = Path(path)
    with located(path):
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise InputError("no such file; give the TOML description of a table") from None
        except UnicodeDecodeError:
            raise InputError(
                "not UTF-8 text; give the TOML description, not the table itself"
            ) from None
        except OSError as error:
            raise InputError(f"cannot be read ({error.strerror})") from None
        except tomllib.TOMLDecodeError as error:
            raise InputError(
                f"not valid TOML ({error}); give a TOML description, or mend that line"
            ) from None
        try:
            return Description.model_validate(content)
        except ValidationError as error:
            # An unknown key explains the missing one it was meant to be, so it is told first.
            problems = error.errors(include_url=False)
            first, *others = sorted(problems, key=lambda e: e["type"] != "extra_forbidden")
            more = f" (and {len(others)} more problem{'s' * (len(others) > 1)})" if others else ""
            raise InputError(f"{_sentence(first)}{more}") from None


_TABLES: dict[str, type[BaseModel]] = {
    "channels": Channel,
    "mediation": Mediation,
    "controls": Control,
    "calendar": Calendar,
    "experiments": Experiments,
    "model": ModelDefaults,
    "priors": Prior,
}


def _sentence(error: ErrorDetails) -> str:
    """Tell one pydantic error: the key, what was found, what is allowed."""
    *parents, last = error["loc"] or ("",)
    key = ".".join(map(str, error["loc"]))
    found = error["input"]
    match error["type"]:
        case "extra_forbidden":
            model = _TABLES[str(parents[0])] if parents else Description
            allowed = list(model.model_fields)
            hint = nearest(str(last), allowed)
            return f"unknown key '{key}'{hint}; allowed here: {', '.join(allowed)}"
        case "missing":
            return f"key '{key}' is missing; add it"
        case "value_error":
            return f"{key}: {error['ctx']['error']}" if key else str(error["ctx"]["error"])
        case "literal_error":
            return f"{key} is {found!r}; allowed: {error['ctx']['expected']}"
        case "model_type" | "dict_type":
            return f"{key} is {found!r}; it must be a table of keys, such as [{key}]"
        case "tuple_type":
            return f"{key} is {found!r}; it must be a list of names"
        case "too_short":
            return f"{key} is empty; name at least one"
    # Pydantic's own words start with "Input", "String" and the like.
    return f"{key} is {found!r}; it {error['msg'].partition(' ')[2]}"


def nearest(name: str, allowed: Iterable[str]) -> str:
    """A suggestion to append after `name`, or nothing when no allowed name is near."""
    near = get_close_matches(name, list(allowed), n=1)
    return f" (did you mean '{near[0]}'?)" if near else ""


def _repeated(names: tuple[str, ...]) -> str:
    return ", ".join(repr(name) for name, times in Counter(names).items() if times > 1)
