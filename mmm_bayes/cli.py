"""The command line: parses arguments, calls the library, and sets the exit status.

Each command imports what it needs inside its function, so that `--help` and a mistyped option are
answered at once. The library raises `InputError` for errors that the user can correct; any other
exception is a bug and keeps its traceback.
"""

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from mmm_bayes.errors import InputError


class Commands(TyperGroup):
    """Commands that report an invalid argument or option in one line, like any input error."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command, with a bad parameter raised as an `InputError`, and a Ctrl-C in one line.

        Raises
        ------
        InputError
            It names the parameter and, where the choices are fixed, the allowed values.
        typer.Exit
            With status 1, if the command was stopped.
        """
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            message = error.format_message().replace("Value error, ", "")  # Pydantic's prefix
            raise InputError(message) from error
        except KeyboardInterrupt as stop:
            kept = str(stop) or "nothing unfinished is kept"
            print(f"mmm-bayes: stopped; {kept}", file=sys.stderr)
            raise typer.Exit(1) from None


# Plain help: importing rich for it would take longer than everything else here together.
app = typer.Typer(
    cls=Commands,
    help="Bayesian marketing-mix models with an explicit mediation path.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

DataToml = Annotated[Path, typer.Argument(metavar="DATA.toml", help="TOML description of a table.")]
Model = Annotated[
    str, typer.Argument(metavar="MODEL", help="Member of the family, or path of a model file.")
]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")]
Out = Annotated[Path | None, typer.Option(metavar="DIR", help="Folder to write to.")]
ModelFile = Annotated[
    Path | None,
    typer.Option("--model", metavar="PATH", help="Model file, if not a member of the family."),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        metavar="N|tcp://...",
        help="Number of processes, or address of a Dask cluster; this process by default.",
    ),
]
Seed = Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Random seed.")]
Draws = Annotated[int, typer.Option(help="Posterior draws per chain.")]
Tune = Annotated[int, typer.Option(help="Tuning draws per chain, discarded.")]
Chains = Annotated[int, typer.Option(help="Number of chains.")]
Link = Annotated[
    Literal["identity", "log"] | None,
    typer.Option(help="Whether contributions add up or multiply; as described by default."),
]


@app.command()
def demo(out: Out = None) -> None:
    """Simulate a market, fit it and render the report."""
    from mmm_bayes.demo import run_demo

    page = run_demo(out or _free_folder(Path("results"), "demo"), _say)
    _done(page, run=page.parent)


@app.command()
def simulate(
    out: Annotated[Path, typer.Argument(metavar="OUT.csv", help="File to write the table to.")],
    scenario: Annotated[str, typer.Option(metavar="NAME", help="Kind of market.")] = "mediated",
    weeks: Annotated[int | None, typer.Option(help="Number of weeks.")] = None,
    seed: Seed = 0,
) -> None:
    """Write a simulated table, its description and its truth."""
    from mmm_bayes.studies.simulate import save, simulate

    for path in save(simulate(scenario, weeks=weeks, seed=seed), out):
        print(path)


@app.command()
def check(data: DataToml) -> None:
    """Validate a table and its model, and print its profile."""
    from mmm_bayes.data import load, profile, show

    dataset = load(data)
    found = profile(dataset)
    from mmm_bayes.inference.trial import check_buildable  # PyMC, for a table that is valid

    check_buildable(dataset)
    show(found)


@app.command()
def fit(
    model: Model,
    data: DataToml,
    out: Out = None,
    draws: Annotated[
        int | None,
        typer.Option(
            help="Posterior draws per chain; 1000 by default, and 2000 if these have not converged."
        ),
    ] = None,
    tune: Annotated[
        int | None,
        typer.Option(help="Tuning draws per chain, discarded; likewise."),
    ] = None,
    chains: Chains = 4,
    seed: Seed = 1,
    link: Link = None,
    likelihood: Annotated[
        Literal["normal", "student_t", "lognormal"] | None,
        typer.Option(help="Distribution of the outcome; as described by default."),
    ] = None,
    floor: Annotated[
        float | None,
        typer.Option(help="Lowest value of the outcome, if some dates are at exactly that value."),
    ] = None,
    at_floor: Annotated[
        Literal["hurdle", "censored"] | None,
        typer.Option(help="How dates come to be at the floor; as described by default."),
    ] = None,
    errors: Annotated[
        Literal["auto", "iid", "ar1"] | None,
        typer.Option(help="Disturbances: independent, remembering the last, or as residuals ask."),
    ] = None,
    demand: Annotated[
        Literal["unseen", "none"] | None,
        typer.Option(
            help="Demand in no column that moves a mediator too; as described by default."
        ),
    ] = None,
    stream: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder to write the draws to while sampling."),
    ] = None,
) -> None:
    """Fit a model to a table, into a run folder with a report."""
    folder = out or _free_folder(Path("results"), f"{data.stem}-{Path(model).stem}")
    from mmm_bayes.data import load
    from mmm_bayes.files import check_free

    check_free(folder)
    if stream is not None:
        check_free(stream)
    load(data)  # report errors of the table before spending seconds on importing PyMC
    from mmm_bayes.inference.fit import prepare, run_fit
    from mmm_bayes.inference.sampling import Settings
    from mmm_bayes.report import render

    chosen = {
        name: number for name, number in (("draws", draws), ("tune", tune)) if number is not None
    }
    settings = Settings(**chosen, chains=chains, seed=seed)
    job = prepare(
        model, data, folder, settings,
        link=link, likelihood=likelihood, floor=floor, at_floor=at_floor, errors=errors,
        demand=demand, lengthen=not chosen,
    )  # fmt: skip
    folder = run_fit(job, _say, stream=stream)
    _say(f"rendering {folder}")
    _done(render(folder), run=folder)


@app.command()
def report(
    folders: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of runs.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="PAGE.html", help="Page to write for several runs side by side."),
    ] = None,
) -> None:
    """Render the report of a run, or of several side by side.

    Everything comes from the saved results: nothing is fitted.
    """
    if len(folders) == 1 and out is not None:
        raise InputError(
            "--out is for several runs; the report of a single run is written to its own folder"
        )
    if len(folders) > 1 and out is None:
        raise InputError(
            "several runs side by side need a page of their own: name it with --out PAGE.html"
        )
    if out is None:
        from mmm_bayes.report import render

        _done(render(folders[0]))
    else:
        from mmm_bayes.report.side_by_side import render_side_by_side

        _done(render_side_by_side(folders, out))


@app.command()
def compare(
    folders: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of runs.")],
    out: Out = None,
    lfo: Annotated[
        bool, typer.Option("--lfo", help="Also leave-future-out, which refits several times.")
    ] = False,
    refits: Annotated[int, typer.Option(min=0, help="Most exact refits per run.")] = 20,
    model: ModelFile = None,
) -> None:
    """Compare runs on the same data: LOO, stacking, holdout scores."""
    folder = out or _free_folder(Path("results"), "comparison")
    from mmm_bayes.comparison import compare
    from mmm_bayes.comparison.ranking import LOG_UNITS

    table = compare(folders, folder, future=lfo, refits=refits, model=model, say=_say)
    folder = Path(table.attrs["folder"])
    _print_table(table, in_log_units=LOG_UNITS)
    record = json.loads((folder / "compare.json").read_text(encoding="utf-8"))
    for message in [*record["sentences"], *record["notes"]]:
        print(message)
    from mmm_bayes.diagnostics.check import verdict_line

    for name, run in record["runs"].items():
        _say(f"{name}: {verdict_line(run)}")
    _done(folder / "compare.csv")


@app.command()
def calibrate(
    model: Model,
    simulations: Annotated[int, typer.Option(help="Number of simulated tables.")] = 200,
    out: Out = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="DATA.toml", help="Table to take the spends from."),
    ] = None,
    truth: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="Member that simulates the tables; MODEL by default."),
    ] = None,
    seed: Seed = 1,
    scheduler: Scheduler = None,
) -> None:
    """Check by simulation that a model's intervals are calibrated.

    A job that was interrupted continues where it stopped.
    """
    folder = out or Path("results") / "calibration" / Path(model).stem
    from mmm_bayes.report.calibration import render_calibration
    from mmm_bayes.studies.calibration.job import calibrate

    calibrate(
        model, folder, simulations, truth=truth, data=data, seed=seed, scheduler=scheduler, say=_say
    )
    _done(render_calibration(folder))


@app.command()
def sensitivity(
    run: Run,
    placebo: Annotated[
        bool, typer.Option("--placebo", help="Also placebo tests with channels that never ran.")
    ] = False,
    model: ModelFile = None,
) -> None:
    """Test a run's effects against unobserved confounding.

    Refits under an assumed correlation of the mediator's and the outcome's disturbances.
    """
    from mmm_bayes.report import render
    from mmm_bayes.sensitivity.job import analyse_sensitivity

    analyse_sensitivity(run, placebo=placebo, model=model, say=_say)
    _say(f"rendering {run}")
    _done(render(run), run=run)


@app.command()
def rolling(
    model: Model,
    data: DataToml,
    window: Annotated[
        int | None,
        typer.Option(
            help="Steps of the table (weeks, days, ...) per window; by default two years, or half "
            "of the table if that is less."
        ),
    ] = None,
    step: Annotated[
        int | None,
        typer.Option(help="Steps of the table between windows; an eighth of a window by default."),
    ] = None,
    horizon: Annotated[
        int | None,
        typer.Option(
            help="Most steps of the table forecast from each window; by default a quarter's."
        ),
    ] = None,
    expanding: Annotated[
        bool, typer.Option("--expanding", help="Start every window at the first date.")
    ] = False,
    out: Out = None,
    scheduler: Scheduler = None,
    draws: Draws = 500,
    tune: Tune = 300,
    chains: Chains = 4,
    seed: Seed = 1,
) -> None:
    """Refit over rolling windows: stability and forecasts.

    A job that was interrupted continues where it stopped.
    """
    folder = out or Path("results") / f"{data.stem}-{Path(model).stem}-rolling"
    from mmm_bayes.data import load

    load(data)  # report errors of the table before spending seconds on importing PyMC
    from mmm_bayes.inference.sampling import Settings
    from mmm_bayes.report.rolling import render_rolling
    from mmm_bayes.studies.rolling.job import plan_rolling, roll

    settings = Settings(draws=draws, tune=tune, chains=chains, seed=seed)
    plan = plan_rolling(
        model, data, settings, window=window, step=step, horizon=horizon, expanding=expanding
    )
    roll(plan, folder, scheduler=scheduler, say=_say)
    page = render_rolling(folder)
    from mmm_bayes.diagnostics.check import verdict_line

    record = json.loads((folder / "rolling.json").read_text(encoding="utf-8"))
    _say(verdict_line(record, "the checks of the windows' fits"))
    _done(page)


@app.command()
def forecast(
    run: Run,
    spends: Annotated[
        Path, typer.Option(metavar="TABLE", help="Planned spends and controls of future dates.")
    ],
    out: Out = None,
    model: ModelFile = None,
) -> None:
    """Forecast the dates after those of a run.

    Writes forecast.csv and forecast.json to the run folder, or to --out.
    """
    from mmm_bayes.inference.forecast import TABLE, write_forecast

    folder = out or run
    for message in write_forecast(run, spends, folder, model):
        _say(message)
    _done(folder / TABLE, run=run)


@app.command()
def refresh(
    run: Run,
    data: DataToml,
    out: Out = None,
    model: ModelFile = None,
) -> None:
    """Refit a run with newer dates, and report what changed."""
    folder = out or _free_folder(Path("results"), f"{run.resolve().name}-refreshed")
    from mmm_bayes.inference.refresh import refresh_run
    from mmm_bayes.report import render

    folder, sentences = refresh_run(run, data, folder, model=model, say=_say)
    for message in sentences:
        print(message)
    _say(f"rendering {folder}")
    _done(render(folder), run=folder)


@app.command()
def optimize(
    run: Run,
    budget: Annotated[
        float | None,
        typer.Option(
            help="Money per step of the table (week, day, ...); by default the last year's mean."
        ),
    ] = None,
    target_roas: Annotated[
        float | None, typer.Option(help="Lowest return per unit of money, instead of a budget.")
    ] = None,
    lower: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[NAME=]X",
            help="Lowest spend of all channels, one channel or a role: times its current spend, or "
            "in money, as tv=2000/step.",
        ),
    ] = None,
    upper: Annotated[
        list[str] | None,
        typer.Option(metavar="[NAME=]X", help="Highest spend, in the same way."),
    ] = None,
    horizon: Annotated[
        int | None, typer.Option(help="Steps of the table in the plan; by default a year.")
    ] = None,
    mediator: Annotated[
        Literal["planner", "caused"],
        typer.Option(help="Whether the mediator's spend is planned, or follows its causes."),
    ] = "planner",
    objective: Annotated[
        Literal["mean", "quantile", "cvar"],
        typer.Option(help="Statistic of the gain to maximise."),
    ] = "mean",
    level: Annotated[
        float, typer.Option(help="Level of the quantile, or share of worst cases in the CVaR.")
    ] = 0.1,
    extrapolate: Annotated[
        float, typer.Option(help="Highest spend, times the highest that a channel sustained.")
    ] = 1.5,
    out: Out = None,
    model: ModelFile = None,
) -> None:
    """Optimize the split of a budget over all posterior draws.

    Also reports the probability that the plan beats the current spends.
    """
    bounds = {"lower": _bounds("--lower", lower), "upper": _bounds("--upper", upper)}
    from mmm_bayes.decisions import decide, plan_table
    from mmm_bayes.report import render

    plan = decide(
        run, out, model=model, say=_say, budget=budget, target_roas=target_roas, horizon=horizon,
        mediator=mediator, objective=objective, level=level, extrapolate=extrapolate, **bounds,
    )  # fmt: skip
    _print_table(plan_table(plan))
    if out is None:
        _say(f"rendering {run}")
        _done(render(run))
    else:
        _done(out / "plan.json")


def _bounds(option: str, texts: list[str] | None) -> dict[str, float | str]:
    """Bounds by channel or role; the key "" stands for every channel.

    A number is a multiple of the current spend; money per step stays text.
    """
    bounds: dict[str, float | str] = {}
    for text in texts or []:
        name, _, value = text.rpartition("=")
        amount, slash, _ = value.partition("/")
        try:
            bounds[name] = value if float(amount) >= 0 and slash else float(amount)
        except ValueError:
            raise InputError(
                f"{option} {text}: {amount!r} is not a number; write for example 0.8 or tv=0.8, in "
                "multiples of the current spend, or tv=2000/step, in money"
            ) from None
    return bounds


@app.command()
def dashboard(
    run: Run,
    rolling: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Folder of a rolling job; by default one beside the run."
        ),
    ] = None,
    model: ModelFile = None,
    host: Annotated[
        str, typer.Option(help="Address to serve at; by default only this machine can reach it.")
    ] = "localhost",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to serve at.")] = 8501,
    headless: Annotated[bool, typer.Option("--headless", help="Do not open a browser.")] = False,
) -> None:
    """Open an interactive page of a run (extra: dashboard)."""
    from mmm_bayes.dashboard.server import launch

    launch(run, rolling=rolling, model=model, host=host, port=port, headless=headless, say=_say)


@app.command()
def baselines(
    data: DataToml,
    out: Out = None,
    models: Annotated[
        str, typer.Option(metavar="A,B,...", help="Classical models to fit; all by default.")
    ] = "",
    bayes: Annotated[
        str,
        typer.Option(metavar="MODEL,...", help="Members of the family to fit on the same splits."),
    ] = "",
    link: Link = None,
    trials: Annotated[
        int, typer.Option(help="Tuning trials for trees; linear models get 3 times as many.")
    ] = 12,
    bootstrap: Annotated[int, typer.Option(help="Bootstrap refits per interval.")] = 50,
    seed: Seed = 1,
) -> None:
    """Fit classical models on the same splits, for comparison."""
    folder = out or _free_folder(Path("results"), f"{data.stem}-baselines")
    from mmm_bayes.baselines.job import check_installed, run_baselines

    check_installed()
    folder = run_baselines(
        data, folder, models=_names(models), bayes=_names(bayes),
        link=link, trials=trials, bootstrap=bootstrap, seed=seed, say=_say,
    )  # fmt: skip
    from mmm_bayes.report.baselines import render_baselines

    _say(f"rendering {folder}")
    _done(render_baselines(folder))


def _names(text: str) -> list[str]:
    """Names in a comma-separated list."""
    return [name.strip() for name in text.split(",") if name.strip()]


def _free_folder(parent: Path, name: str) -> Path:
    """First of NAME, NAME-2, NAME-3, ... that does not exist yet."""
    from mmm_bayes.files import numbered_names

    return next(folder for folder in numbered_names(parent / name) if not folder.exists())


def _say(line: str) -> None:
    """Print a line of progress to standard error; results go to standard output."""
    print(line, file=sys.stderr, flush=True)


def _done(path: Path, run: Path | None = None) -> None:
    """Print the path of the result, after the verdict of the run that it rests on."""
    if run is not None:
        from mmm_bayes.diagnostics.check import verdict_line, verdict_record
        from mmm_bayes.inference.runs import read_diagnostics

        _say(verdict_line(verdict_record(read_diagnostics(run))))
    print(path)


def _print_table(table: Any, in_log_units: tuple[str, ...] = ()) -> None:
    from mmm_bayes.text import MISSING, log_units, number

    def form(value: float) -> str:
        return number(value, digits=4)

    formatters = dict.fromkeys(in_log_units, log_units)
    print(table.to_string(index=False, float_format=form, formatters=formatters, na_rep=MISSING))


def main() -> None:
    """Run the command line; exit status 0 for success, 2 for bad input, 1 for any other error."""
    try:
        app()
    except InputError as error:
        print(f"mmm-bayes: error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
