"""TOML description of a dataset, as frozen Pydantic models.

The description says which column plays which role and nothing about the numbers themselves; the
table is checked against it in `values` and `dates`. Every mistake becomes one `InputError` that
names the file, the key, its value and what is allowed.
"""

import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
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

from mmm_bayes.data.numbers import NumberFormat
from mmm_bayes.errors import InputError, error_context

Name = Annotated[str, StringConstraints(min_length=1)]


def is_printable_name(name: str) -> bool:
    """True for a name on one line, with no spaces at its ends."""
    return name.isprintable() and name == name.strip() != ""


def _check_label(name: str) -> str:
    if not is_printable_name(name):
        raise ValueError(
            f"{name!r} cannot be shown as a name; leave out line breaks and control characters, "
            "and spaces at its ends"
        )
    return name


#: Name that a description gives, and that tables and figures show.
Label = Annotated[Name, AfterValidator(_check_label)]

#: Name of the calendar's Fourier pairs in an interaction.
SEASON = "season"
#: Name of all media together in the column "channel" of a table of results.
ALL_MEDIA = "all_media"
#: Names of the calendar's columns of a weekday season; Monday is what they are compared with.
WEEKDAYS = ("tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Prior(_Frozen):
    """Prior distribution of a parameter, by its name or by two quantiles.

    Attributes
    ----------
    dist : str, optional
        A continuous distribution of PyMC; the other keys are its parameters.
    q05, q95 : float, optional
        The quantity is below `q05` with a probability of 5%, and above `q95` with 5%.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, FiniteFloat]

    dist: Name | None = None
    q05: FiniteFloat | None = None
    q95: FiniteFloat | None = None

    @property
    def parameters(self) -> dict[str, float]:
        """Parameters of the distribution by name (a copy)."""
        return dict(self.__pydantic_extra__)

    @model_validator(mode="after")
    def _is_stated_in_one_way(self) -> Self:
        quantiles = [value for value in (self.q05, self.q95) if value is not None]
        if self.dist is not None and not quantiles:
            return self
        if self.dist is not None or len(quantiles) != 2 or self.parameters:
            raise ValueError(
                "is neither a distribution nor a pair of quantiles; state dist with its "
                "parameters, or q05 and q95"
            )
        if quantiles[0] >= quantiles[1]:
            raise ValueError(
                f"has q05 = {quantiles[0]:g}, which is not below q95 = {quantiles[1]:g}; exchange "
                "or correct them"
            )
        return self


class ChannelPriors(_Frozen):
    """Stated priors of a channel, each in place of a default one.

    Attributes
    ----------
    roas : Prior, optional
        Return on its money by its own effect on the outcome, over the fitted weeks.
    contribution_share : Prior, optional
        The same effect as a share of the outcome.
    adstock_alpha, half_life : Prior, optional
        Retention of its carryover per step, or the steps after which half of it is left.
    saturation_kappa, saturation_slope : Prior, optional
        Half-saturation point, in multiples of the channel's mean exposure when on, and slope.
    sign : {"positive", "free"}, optional
        Whether its own effect may be negative; by default what ``[model]`` says for all.
    """

    roas: Prior | None = None
    contribution_share: Prior | None = None
    adstock_alpha: Prior | None = None
    half_life: Prior | None = None
    saturation_kappa: Prior | None = None
    saturation_slope: Prior | None = None
    sign: Literal["positive", "free"] | None = None

    @model_validator(mode="after")
    def _states_each_quantity_once(self) -> Self:
        for one, other in (("roas", "contribution_share"), ("adstock_alpha", "half_life")):
            if getattr(self, one) is not None and getattr(self, other) is not None:
                raise ValueError(
                    f"states both {one} and {other}, which are two names of one quantity; remove "
                    "one of them"
                )
        return self


class Channel(_Frozen):
    """Columns and role of a channel.

    A channel without spend is owned or organic (emails, text messages, followers): it has an
    exposure only.

    Attributes
    ----------
    spend : str, optional
        Column of money per time step.
    exposure : str, optional
        Column of the exposure that drives the response; the spend if left out.
    role : str
        A free label, by which tables and bounds can group channels.
    national : bool
        Whether the columns of a panel repeat one national amount in every unit. It is spent once:
        each unit has an equal part of it.
    set_by : {"planner", "demand"}
        Whether demand that no column holds moves this spend, too (searches, affiliates, budgets
        that follow a forecast). That of a mediator it always may.
    designed : str, optional
        Column that is 1 where a test set the spend, whatever demand was, and 0 elsewhere.
    shifters : tuple of str
        Columns that move the spend, and the outcome through it alone (the price of a click).
    priors : ChannelPriors
        What is known of the channel already.
    """

    spend: Name | None = None
    exposure: Name | None = None
    role: Label = "media"
    national: bool = False
    set_by: Literal["planner", "demand"] = "planner"
    designed: Name | None = None
    shifters: tuple[Name, ...] = Field(default=(), strict=False)
    priors: ChannelPriors = ChannelPriors()

    @property
    def paid(self) -> bool:
        """True if the channel costs money."""
        return self.spend is not None

    @model_validator(mode="after")
    def _has_spend_or_exposure(self) -> Self:
        if self.spend is None and self.exposure is None:
            raise ValueError(
                "names neither a spend nor an exposure; add spend, or exposure alone for a channel "
                "that costs nothing (emails, followers)"
            )
        if self.spend is None and self.priors.roas is not None:
            raise ValueError(
                "states a prior of roas, but has no spend; state contribution_share instead"
            )
        return self


class Mediator(_Frozen):
    """Mediation through a channel, whose name is the key of this table.

    Attributes
    ----------
    causes : tuple of str
        Channels that raise the mediator, before it raises the outcome.
    """

    causes: tuple[Name, ...] = Field(min_length=1, strict=False)

    @field_validator("causes")
    @classmethod
    def _causes_are_distinct(cls, causes: tuple[str, ...]) -> tuple[str, ...]:
        if repeated := _repeated(causes):
            raise ValueError(f"names {repeated} more than once; name each cause once")
        return causes


class Control(_Frozen):
    """Column and transform of a control: a covariate that is not media.

    Attributes
    ----------
    transform : {"none", "log", "log1p", "growth"}
        Growth is the change of log(1 + x) since the previous step.
    """

    column: Name
    transform: Literal["none", "log", "log1p", "growth"] = "none"


class Interaction(_Frozen):
    """Interaction of two controls, or of a channel with a control or the season.

    The product of two controls is one more covariate. A control, or "season" (the calendar's
    Fourier pairs), changes the effect of a channel's exposure.

    Attributes
    ----------
    between : tuple of str
        The two names, in any order.
    """

    between: tuple[Name, ...] = Field(strict=False)

    @field_validator("between")
    @classmethod
    def _are_two_names(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(names) != 2:
            raise ValueError(
                f"has {len(names)} name{'s' * (len(names) > 1)}; an interaction is between two"
            )
        if names[0] == names[1]:
            raise ValueError(
                f"{names[0]!r} cannot interact with itself; give two different names, or give the "
                "control another transform"
            )
        return names


class Calendar(_Frozen):
    """Seasons, trend and public holidays.

    Attributes
    ----------
    fourier : int
        Sine-cosine pairs per year; by default 2, or as many as the table's step can tell apart.
    weekdays : bool
        Whether each day of the week has a level of its own; by default in daily tables.
    trend : {"none", "linear", "quadratic", "changepoints"}
        With "changepoints" it is piecewise linear: its slope can change at fixed weeks.
    holidays : str, optional
        Country code.
    """

    fourier: int = Field(default=2, ge=0)
    weekdays: bool = False
    trend: Literal["none", "linear", "quadratic", "changepoints"] = "linear"
    holidays: Name | None = None

    @property
    def seasons(self) -> tuple[str, ...]:
        """Names of the Fourier columns."""
        pairs = range(1, self.fourier + 1)
        return tuple(f"season_{wave}_{pair}" for pair in pairs for wave in ("sin", "cos"))

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all covariate columns of the calendar."""
        trend: tuple[str, ...] = () if self.trend == "none" else ("trend",)
        if self.trend == "quadratic":
            trend = (*trend, "trend_squared")
        weekdays = WEEKDAYS if self.weekdays else ()
        return (*trend, *self.seasons, *weekdays, *(("holidays",) if self.holidays else ()))

    @field_validator("holidays")
    @classmethod
    def _country_is_known(cls, code: str | None) -> str | None:
        if code is None:
            return None
        from holidays import list_supported_countries

        if code not in (codes := list_supported_countries()):
            close = get_close_matches(code.upper(), codes, n=3, cutoff=0.5)
            examples = ", ".join(close or ["US", "GB", "DE"])
            raise ValueError(
                f"{code!r} is not a country code of the holidays package; codes are for example "
                f"{examples}"
            )
        return code


class Experiments(_Frozen):
    """Table of lift tests; see `mmm_bayes.data.experiments`.

    Attributes
    ----------
    file : str
        Path of the table, relative to the description's folder.
    these_weeks : {"refuse", "leave_out"}
        Tests computed from the table's own weeks are refused, or replace those weeks' outcome in
        the likelihood.
    """

    file: Name
    these_weeks: Literal["refuse", "leave_out"] = "refuse"


class Demand(_Frozen):
    """Unseen demand: a cause of spends and of the outcome that no column holds.

    It may move the mediator's spend, and those of channels that are ``set_by = "demand"``.

    Attributes
    ----------
    assume : {"unseen", "none"}
        Whether there may be such a demand.
    strength : Prior, optional
        The share that it makes of what is left unexplained of both, between 0 and 1.
    """

    assume: Literal["unseen", "none"] = "unseen"
    strength: Prior | None = None

    @model_validator(mode="after")
    def _has_no_strength_without_demand(self) -> Self:
        if self.assume == "none" and self.strength is not None:
            raise ValueError(
                "states a strength and assumes that there is no demand; remove one of them"
            )
        return self


class ModelDefaults(_Frozen):
    """Default form of a fit of this table; see `mmm_bayes.data.form.Form`.

    Attributes
    ----------
    link : {"identity", "log"}
        Contributions add up or multiply.
    likelihood : {"normal", "student_t", "lognormal"}
        Distribution of the outcome around its location.
    max_lag : int
        Number of lags of carryover, in steps of the table, lag 0 included; by default a quarter of
        a year, 13 weeks.
    adstock, saturation : str
        Names of the carryover and saturation transforms; see `mmm_bayes.model.transforms`.
    sign : {"positive", "free"}
        Prior support of the channels' own effects on the outcome.
    floor : float, optional
        Lowest possible value of the outcome, if some weeks are at exactly that value.
    at_floor : {"censored", "hurdle"}, optional
        How weeks come to be at the floor.
    errors : {"auto", "iid", "ar1"}
        Whether the disturbance of a step is independent of those before it, or remembers the last;
        "auto" is "iid", and `fit` takes "ar1" if independent disturbances leave autocorrelation.
    """

    link: Literal["identity", "log"] = "identity"
    likelihood: Literal["normal", "student_t", "lognormal"] = "normal"
    max_lag: int = Field(default=13, ge=1)
    adstock: Name = "geometric"
    saturation: Name = "hill"
    sign: Literal["positive", "free"] = "positive"
    floor: FiniteFloat | None = None
    at_floor: Literal["censored", "hurdle"] | None = None
    errors: Literal["auto", "iid", "ar1"] = "auto"


class Description(_Frozen):
    """Description of a table: its columns and their roles, and the defaults of a fit.

    Attributes
    ----------
    file : str
        Path of the table, relative to the description's folder.
    sheet : str, optional
        Sheet of an xlsx file; the first if left out.
    decimal, thousands : str, optional
        Signs in numbers that are written as text; see `mmm_bayes.data.numbers.NumberFormat`.
    date, outcome : str
        Columns of the dates and of the outcome.
    unit : str, optional
        Column of a panel's units.
    units : tuple of str, optional
        Units of the panel to use; all if left out.
    duplicates : {"error", "sum", "mean"}
        Treatment of rows with the same unit and date: refused; or the outcome, spends and exposures
        summed and the controls averaged ("sum": the sum of two prices is not a price); or all
        columns averaged ("mean").
    channels : dict of str to Channel
        In the order of tables and figures.
    mediators : dict of str to Mediator
        By name of the channel; at most one.
    priors : dict of str to Prior
        By name of the model's parameter.
    demand : Demand
        Only used with a mediator, or a channel that is set by demand.
    """

    file: Name
    sheet: Name | None = None
    decimal: Literal[".", ","] | None = None
    thousands: Literal[".", ",", " ", "'"] | None = None
    date: Name
    outcome: Name
    unit: Name | None = None
    units: tuple[Name, ...] | None = Field(default=None, min_length=1, strict=False)
    duplicates: Literal["error", "sum", "mean"] = "error"
    channels: dict[Label, Channel] = Field(min_length=1)
    mediators: dict[Label, Mediator] = {}
    controls: dict[Label, Control] = {}
    interactions: dict[Label, Interaction] = {}
    calendar: Calendar = Calendar()
    experiments: Experiments | None = None
    model: ModelDefaults = ModelDefaults()
    priors: dict[Name, Prior] = {}
    demand: Demand = Demand()

    @property
    def stated_priors(self) -> dict[str, Prior]:
        """Stated priors by name of the parameter, the strength of demand (``rho``) among them."""
        strength = self.demand.strength
        return self.priors if strength is None else self.priors | {"rho": strength}

    @model_validator(mode="after")
    def _strength_of_demand_has_its_place(self) -> Self:
        if "rho" in self.priors:
            raise ValueError("[priors] names rho; state it as strength under [demand]")
        if self.demand.strength is not None and not (self.mediators or self.demanded):
            raise ValueError(
                "[demand] states a strength, but nothing under [mediators] is moved by it, and no "
                "channel is set by demand; name the mediator, write set_by = 'demand' where it is "
                "so, or remove the strength"
            )
        return self

    @model_validator(mode="after")
    def _tests_and_shifters_are_of_spends_that_demand_moves(self) -> Self:
        for name, channel in self.channels.items():
            keys = [key for key in ("designed", "shifters") if getattr(channel, key)]
            if keys and name not in (*self.mediators, *self.demanded):
                raise ValueError(
                    f"[channels.{name}] names {keys[0]}, which tell the spend that demand moves "
                    "from the spend that it does not, but the planner sets it anyway; add "
                    f"set_by = 'demand', or remove {keys[0]}"
                )
            if repeated := _repeated(channel.shifters):
                raise ValueError(
                    f"[channels.{name}] names {repeated} more than once under shifters; name each "
                    "once"
                )
        return self

    @model_validator(mode="before")
    @classmethod
    def _has_no_outdated_keys(cls, content: Any) -> Any:
        if isinstance(content, dict) and "mediation" in content:
            mediation = content["mediation"]
            name = mediation.get("mediator", "NAME") if isinstance(mediation, dict) else "NAME"
            raise ValueError(
                f"[mediation] is now [mediators.{name}] with causes as its only key; rename the "
                "table, with the mediator's name in the header"
            )
        return content

    @model_validator(mode="after")
    def _signs_in_numbers_differ(self) -> Self:
        if self.thousands is not None and self.thousands == self.numbers.sign:
            raise ValueError(
                f"thousands is {self.thousands!r}, which is also the decimal sign; name the other "
                "decimal sign under decimal, or remove thousands"
            )
        return self

    @model_validator(mode="after")
    def _mediators_name_channels(self) -> Self:
        if len(self.mediators) > 1:
            raise ValueError(
                f"[mediators] has {len(self.mediators)}, {', '.join(self.mediators)}; keep one, "
                "because only one is modelled"
            )
        for mediator, mediation in self.mediators.items():
            for name in (mediator, *mediation.causes):
                if name not in self.channels:
                    raise ValueError(
                        f"[mediators.{mediator}] names {name!r}, which is not a channel"
                        f"{suggestion(name, self.channels)}; the channels are "
                        f"{', '.join(self.channels)}"
                    )
            if mediator in mediation.causes:
                raise ValueError(
                    f"[mediators.{mediator}] has the mediator among its own causes; remove it from "
                    "causes"
                )
        return self

    @model_validator(mode="after")
    def _units_belong_to_a_panel(self) -> Self:
        if self.units is None:
            return self
        if self.unit is None:
            raise ValueError(
                "units selects units of a panel, but no column of units is named; add "
                "unit = the column of units, or remove units"
            )
        if repeated := _repeated(self.units):
            raise ValueError(f"units names {repeated} more than once; name each unit once")
        return self

    @model_validator(mode="after")
    def _interactions_are_valid(self) -> Self:
        pairs: dict[frozenset[str], str] = {}
        for name, interaction in self.interactions.items():
            where = f"[interactions.{name}]"
            if name in self.channels or name in self.controls:
                raise ValueError(f"{where} has the name of a channel or control; rename it")
            self._check_pair(where, interaction.between)
            pair = frozenset(interaction.between)
            if pair in pairs:
                raise ValueError(
                    f"{where} is between {' and '.join(interaction.between)}, as is "
                    f"[interactions.{pairs[pair]}]; keep one of them"
                )
            pairs[pair] = name
        return self

    def _check_pair(self, where: str, between: tuple[str, ...]) -> None:
        known = [*self.channels, *self.controls, SEASON]
        for name in between:
            if name not in known:
                raise ValueError(
                    f"{where} names {name!r}, which is neither a channel nor a control"
                    f"{suggestion(name, known)}; they are {', '.join(known[:-1])}, and {SEASON!r} "
                    "for the calendar's season"
                )
        channels = [name for name in between if name in self.channels]
        if len(channels) == 2:
            raise ValueError(
                f"{where} is between two channels, {' and '.join(between)}, which a table of this "
                "kind cannot identify; name a channel and a control, or two controls"
            )
        if SEASON not in between:
            return
        if SEASON in (*self.channels, *self.controls):
            raise ValueError(
                f"{where} names {SEASON!r}, which stands for the calendar's season but is also the "
                "name of a channel or control; rename that one"
            )
        if not channels:
            raise ValueError(
                f"{where} is between a control and {SEASON!r}; only a channel can interact with "
                "the season"
            )
        if self.calendar.fourier == 0:
            raise ValueError(
                f"{where} needs a season, but calendar.fourier is 0; set it to 1 or more, or "
                "remove the interaction"
            )

    @model_validator(mode="after")
    def _national_channels_are_of_a_panel(self) -> Self:
        national = [name for name, channel in self.channels.items() if channel.national]
        if national and self.unit is None:
            raise ValueError(
                f"channels.{national[0]}.national is for a panel; remove it, or name the column of "
                "units with the key 'unit'"
            )
        return self

    @model_validator(mode="after")
    def _names_and_columns_are_distinct(self) -> Self:
        if ALL_MEDIA in self.channels:
            raise ValueError(
                f"a channel has the name {ALL_MEDIA!r}, which is that of all channels together in "
                "the tables of results; rename it"
            )
        for kind, names in (("a control", self.controls), ("an interaction", self.interactions)):
            if shared := [name for name in names if name in self.calendar.columns]:
                raise ValueError(
                    f"{shared[0]!r} names both a column of the calendar and {kind}; rename the "
                    f"{kind.partition(' ')[2]}"
                )
        if shared := sorted(set(self.channels) & set(self.controls)):
            raise ValueError(
                f"{shared[0]!r} names both a channel and a control; rename one of them"
            )
        uses: dict[str, str] = {}
        shared_keys = ("designed", "shifters")
        for key, column in self.columns():
            kind = key.rpartition(".")[2]
            if column in uses and kind in shared_keys and uses[column].endswith(kind):
                continue  # one test, or one price, may be that of several channels
            if column in uses:
                raise ValueError(
                    f"column {column!r} is used twice, as {uses[column]} and as {key}; use each "
                    "column once"
                )
            uses[column] = key
        return self

    def columns(self) -> Iterator[tuple[str, str]]:
        """Pairs of key path and column of the table, in the order of the description."""
        yield "date", self.date
        if self.unit is not None:
            yield "unit", self.unit
        yield "outcome", self.outcome
        for name, channel in self.channels.items():
            if channel.spend is not None:
                yield f"channels.{name}.spend", channel.spend
            if channel.exposure is not None:
                yield f"channels.{name}.exposure", channel.exposure
            if channel.designed is not None:
                yield f"channels.{name}.designed", channel.designed
            for shifter in channel.shifters:
                yield f"channels.{name}.shifters", shifter
        for name, control in self.controls.items():
            yield f"controls.{name}.column", control.column

    @property
    def numbers(self) -> NumberFormat:
        """Decimal and thousands signs of the table."""
        return NumberFormat(self.decimal, self.thousands)

    @property
    def mediator(self) -> str | None:
        """Channel that others raise, if there is one."""
        return next(iter(self.mediators), None)

    @property
    def causes(self) -> tuple[str, ...]:
        """Channels that raise the mediator; empty without one."""
        return () if self.mediator is None else self.mediators[self.mediator].causes

    @property
    def demanded(self) -> tuple[str, ...]:
        """Channels, other than the mediator, whose spend unseen demand may move."""
        return tuple(
            name
            for name, channel in self.channels.items()
            if channel.set_by == "demand" and name not in self.mediators
        )

    @property
    def shifters(self) -> tuple[str, ...]:
        """Columns that move spends, and the outcome through these alone."""
        return tuple(
            dict.fromkeys(name for channel in self.channels.values() for name in channel.shifters)
        )

    @property
    def products(self) -> dict[str, tuple[str, str]]:
        """Pair of controls of each interaction between two controls, by its name."""
        return {
            name: (interaction.between[0], interaction.between[1])
            for name, interaction in self.interactions.items()
            if all(control in self.controls for control in interaction.between)
        }

    @property
    def modulations(self) -> dict[str, tuple[str, str]]:
        """Channel and its modulator for each interaction of a channel, by its name."""
        return {
            name: (interaction.between[0], interaction.between[1])
            if interaction.between[0] in self.channels
            else (interaction.between[1], interaction.between[0])
            for name, interaction in self.interactions.items()
            if name not in self.products
        }


def read_description(path: str | Path) -> Description:
    """Description of a dataset, read from a TOML file and checked.

    Raises
    ------
    InputError
        If the file is missing, is not TOML, or has a key or value that is not allowed.
    """
    path = Path(path)
    with error_context(path):
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
                f"not valid TOML ({error}); give a TOML description, or correct that line"
            ) from None
        try:
            return Description.model_validate(content)
        except ValidationError as error:
            # A mistyped key also leaves the right one missing: the mistyped one is reported first.
            problems = error.errors(include_url=False)
            first, *others = sorted(problems, key=lambda e: e["type"] != "extra_forbidden")
            more = f" (and {len(others)} more problem{'s' * (len(others) > 1)})" if others else ""
            raise InputError(f"{_error_message(first)}{more}") from None


_MODELS: dict[str, type[BaseModel]] = {
    "channels": Channel,
    "mediators": Mediator,
    "controls": Control,
    "interactions": Interaction,
    "calendar": Calendar,
    "experiments": Experiments,
    "model": ModelDefaults,
    "priors": Prior,
}


def _error_message(error: ErrorDetails) -> str:
    """Message of one Pydantic error: the key, its value, and what is allowed."""
    *parents, last = error["loc"] or ("",)
    key = ".".join(str(part) for part in error["loc"] if part != "[key]")
    value = error["input"]
    match error["type"]:
        case "extra_forbidden":
            model = _MODELS[str(parents[0])] if parents else Description
            allowed = list(model.model_fields)
            hint = suggestion(str(last), allowed)
            return f"unknown key '{key}'{hint}; allowed here: {', '.join(allowed)}"
        case "missing":
            return f"key '{key}' is missing; add it"
        case "value_error":
            return f"{key}: {error['ctx']['error']}" if key else str(error["ctx"]["error"])
        case "literal_error":
            return f"{key} is {value!r}; allowed: {error['ctx']['expected']}"
        case "model_type" | "dict_type":
            return f"{key} is {value!r}; it must be a table of keys, such as [{key}]"
        case "tuple_type":
            return f"{key} is {value!r}; it must be a list of names"
        case "too_short":
            return f"{key} is empty; name at least one"
    # Pydantic's messages begin with "Input", "String" and the like.
    return f"{key} is {value!r}; it {error['msg'].partition(' ')[2]}"


def suggestion(name: str, allowed: Iterable[str]) -> str:
    """A "did you mean" to append after `name`; empty if no allowed name is similar."""
    close = get_close_matches(name, list(allowed), n=1)
    return f" (did you mean '{close[0]}'?)" if close else ""


def _repeated(names: tuple[str, ...]) -> str:
    return ", ".join(repr(name) for name, times in Counter(names).items() if times > 1)
