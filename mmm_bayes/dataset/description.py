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

#: What an interaction calls the calendar's Fourier pairs.
SEASON = "season"


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Channel(_Frozen):
    """One channel: the column of its money, and of what drives the response if another.

    A channel without a spend is owned or organic (emails, text messages, followers): it has its
    exposure alone.

    Attributes
    ----------
    spend : str, optional
        Column of money per step.
    exposure : str, optional
        Column of what drives the response; the spend if left out.
    role : str
        A free label, by which tables and bounds may group channels.
    """

    spend: Name | None = None
    exposure: Name | None = None
    role: Name = "media"

    @property
    def paid(self) -> bool:
        """Whether it costs money."""
        return self.spend is not None

    @model_validator(mode="after")
    def _something_drives_it(self) -> Self:
        if self.spend is None and self.exposure is None:
            raise ValueError(
                "names neither a spend nor an exposure; add spend, or exposure alone for a channel "
                "that costs nothing (emails, followers)"
            )
        return self


class Mediation(_Frozen):
    """Which channel is raised by which others before it raises the outcome.

    Attributes
    ----------
    mediator : str
        A channel.
    causes : tuple of str
        Channels that raise it.
    """

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
    """A column that moves the outcome and is not media.

    Attributes
    ----------
    column : str
    transform : {"none", "log", "log1p", "growth"}
        Growth is the change of log(1 + x) since the step before.
    """

    column: Name
    transform: Literal["none", "log", "log1p", "growth"] = "none"


class Interaction(_Frozen):
    """Two things whose effects depend on one another.

    Two controls: their product is one more covariate. A channel and a control, or a channel and
    "season" (the calendar's Fourier pairs): the other changes what the channel's exposure does.

    Attributes
    ----------
    between : tuple of str
        Two of them, in any order.
    """

    between: tuple[Name, ...] = Field(strict=False)

    @field_validator("between")
    @classmethod
    def _two_of_them(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(names) != 2:
            raise ValueError(f"names {len(names)}; an interaction is between two")
        if names[0] == names[1]:
            raise ValueError(
                f"{names[0]!r} cannot interact with itself; name two different ones, or give the "
                "control another transform"
            )
        return names


class Calendar(_Frozen):
    """Season, trend and public holidays; `fourier` counts sine-cosine pairs per year.

    The trend of "changepoints" is piecewise linear, its slope free to change at fixed weeks.

    Attributes
    ----------
    fourier : int
    trend : {"none", "linear", "quadratic", "changepoints"}
    holidays : str, optional
        Country code.
    """

    fourier: int = Field(default=2, ge=0)
    trend: Literal["none", "linear", "quadratic", "changepoints"] = "linear"
    holidays: Name | None = None

    @property
    def seasons(self) -> tuple[str, ...]:
        """Names of the Fourier columns."""
        pairs = range(1, self.fourier + 1)
        return tuple(f"season_{wave}_{pair}" for pair in pairs for wave in ("sin", "cos"))

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all the columns that it adds."""
        trend: tuple[str, ...] = () if self.trend == "none" else ("trend",)
        if self.trend == "quadratic":
            trend = (*trend, "trend_squared")
        return (*trend, *self.seasons, *(("holidays",) if self.holidays else ()))

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
    """Where the lift tests stand; see `mmm_bayes.dataset.experiments`.

    Attributes
    ----------
    file : str
        Of the table of experiments, relative to the description's folder.
    """

    file: Name


class ModelDefaults(_Frozen):
    """How to fit this table unless told otherwise; `max_lag` counts steps of the table.

    `sign` says whether the channels' own effects on the outcome are positive by prior or free.
    `floor` is the lowest value that the outcome can have, where weeks stand at exactly that value,
    and `at_floor` how they come there: see `mmm_bayes.design.Form`.

    Attributes
    ----------
    link : {"identity", "log"}
        Whether contributions add up or multiply.
    likelihood : {"normal", "student_t", "lognormal"}
    max_lag : int
    sign : {"positive", "free"}
    floor : float, optional
    at_floor : {"censored", "hurdle"}, optional
    """

    link: Literal["identity", "log"] = "identity"
    likelihood: Literal["normal", "student_t", "lognormal"] = "normal"
    max_lag: int = Field(default=13, ge=1)
    sign: Literal["positive", "free"] = "positive"
    floor: FiniteFloat | None = None
    at_floor: Literal["censored", "hurdle"] | None = None


class Prior(_Frozen):
    """A distribution's name and its numeric parameters, whatever they are called.

    Attributes
    ----------
    dist : str
        A continuous distribution of PyMC; its parameters are the other keys.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, FiniteFloat]

    dist: Name

    @property
    def parameters(self) -> dict[str, float]:
        """The distribution's parameters by name (a copy)."""
        return dict(self.__pydantic_extra__)


class Description(_Frozen):
    """Everything the TOML file says about a table.

    `units` are those of a panel's units that are used, all if left out. `duplicates` says what is
    done with rows of the same unit and date: they are refused; or the outcome, spends and exposures
    are summed, and the controls averaged ("sum": the sum of two prices is no price); or all are
    averaged ("mean").

    Attributes
    ----------
    file, date, outcome : str
        The table, relative to the description's folder; its columns of dates and of the outcome.
    unit : str, optional
        Column of a panel's units.
    units : tuple of str, optional
    duplicates : {"error", "sum", "mean"}
    channels : dict of str to Channel
        In the order in which tables and figures have them.
    mediation : Mediation, optional
    controls : dict of str to Control
    interactions : dict of str to Interaction
    calendar : Calendar
    experiments : Experiments, optional
    model : ModelDefaults
    priors : dict of str to Prior
        By the name of the model's parameter.
    """

    file: Name
    date: Name
    outcome: Name
    unit: Name | None = None
    units: tuple[Name, ...] | None = Field(default=None, min_length=1, strict=False)
    duplicates: Literal["error", "sum", "mean"] = "error"
    channels: dict[Name, Channel] = Field(min_length=1)
    mediation: Mediation | None = None
    controls: dict[Name, Control] = {}
    interactions: dict[Name, Interaction] = {}
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
    def _units_are_those_of_a_panel(self) -> Self:
        if self.units is None:
            return self
        if self.unit is None:
            raise ValueError(
                "units chooses among the units of a panel, and no unit is named; add "
                "unit = the column of units, or remove units"
            )
        if repeated := _repeated(self.units):
            raise ValueError(f"units names {repeated} more than once; name each unit once")
        return self

    @model_validator(mode="after")
    def _interactions_make_sense(self) -> Self:
        pairs: dict[frozenset[str], str] = {}
        for name, interaction in self.interactions.items():
            where = f"[interactions.{name}]"
            if name in self.channels or name in self.controls:
                raise ValueError(f"{where} has the name of a channel or control; rename it")
            self._check_pair(where, interaction.between)
            pair = frozenset(interaction.between)
            if pair in pairs:
                raise ValueError(
                    f"{where} is between {' and '.join(interaction.between)}, and so is "
                    f"[interactions.{pairs[pair]}]; keep one of them"
                )
            pairs[pair] = name
        return self

    def _check_pair(self, where: str, between: tuple[str, ...]) -> None:
        known = [*self.channels, *self.controls, SEASON]
        for one in between:
            if one not in known:
                raise ValueError(
                    f"{where} names {one!r}, neither a channel nor a control{nearest(one, known)}; "
                    f"they are {', '.join(known[:-1])}, and {SEASON!r} for the calendar's"
                )
        channels = [one for one in between if one in self.channels]
        if len(channels) == 2:
            raise ValueError(
                f"{where} is between two channels, {' and '.join(between)}, which a table of this "
                "kind cannot tell; name a channel and a control, or two controls"
            )
        if SEASON not in between:
            return
        if SEASON in (*self.channels, *self.controls):
            raise ValueError(
                f"{where} names {SEASON!r}, which means the calendar's and is the name of a column "
                "too; rename that channel or control"
            )
        if not channels:
            raise ValueError(
                f"{where} is between a control and {SEASON!r}; only a channel can change by season"
            )
        if self.calendar.fourier == 0:
            raise ValueError(
                f"{where} needs a season, and calendar.fourier is 0; make it 1 or more, or remove "
                "the interaction"
            )

    @model_validator(mode="after")
    def _names_and_columns_are_distinct(self) -> Self:
        for kind, names in (("a control", self.controls), ("an interaction", self.interactions)):
            if both := [name for name in names if name in self.calendar.columns]:
                raise ValueError(
                    f"{both[0]!r} names both a column of the calendar and {kind}; rename the "
                    f"{kind.partition(' ')[2]}"
                )
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
            if channel.spend is not None:
                yield f"channels.{name}.spend", channel.spend
            if channel.exposure is not None:
                yield f"channels.{name}.exposure", channel.exposure
        for name, control in self.controls.items():
            yield f"controls.{name}.column", control.column

    @property
    def products(self) -> dict[str, tuple[str, str]]:
        """The interactions between two controls: each name, and the two."""
        return {
            name: (one.between[0], one.between[1])
            for name, one in self.interactions.items()
            if all(part in self.controls for part in one.between)
        }

    @property
    def modulations(self) -> dict[str, tuple[str, str]]:
        """The interactions that change a channel: each name, the channel, and what changes it."""
        return {
            name: (one.between[0], one.between[1])
            if one.between[0] in self.channels
            else (one.between[1], one.between[0])
            for name, one in self.interactions.items()
            if name not in self.products
        }


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
    "interactions": Interaction,
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
