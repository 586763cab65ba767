"""The command line: parse, call, exit code.

Each command imports its worker inside itself, so that `--help` and a mistyped option answer at
once. A worker raises `InputError` for what the user can mend; everything else is a fault and keeps
its traceback.
"""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from mmm_bayes.errors import InputError

# Plain help: loading rich for it would cost more than everything else here together.
app = typer.Typer(
    help="Bayesian marketing-mix models with an explicit mediation path.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

DataToml = Annotated[Path, typer.Argument(metavar="DATA.toml", help="The description of a table.")]


Model = Annotated[str, typer.Argument(metavar="MODEL", help="A member's name or a model file.")]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")]
Out = Annotated[Path | None, typer.Option(metavar="DIR", help="Folder to write into.")]
ModelFile = Annotated[
    Path | None,
    typer.Option("--model", metavar="PATH", help="The model file, if not a member of the family."),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        metavar="N|tcp://...", help="So many processes, or a Dask cluster; this process if not."
    ),
]
Seed = Annotated[int, typer.Option(min=0, help="The same seed gives the same result.")]


@app.command()
def demo(out: Out = None) -> None:
    """Simulated data, a fit and its report; nothing else is needed."""
    from mmm_bayes.demo import demo

    _done(demo(out or _free_folder(Path("results"), "demo"), _say))


@app.command()
def simulate(
    out: Annotated[Path, typer.Argument(metavar="OUT.csv", help="Where the table goes.")],
    scenario: Annotated[str, typer.Option(metavar="NAME", help="Kind of market.")] = "mediated",
    weeks: Annotated[int | None, typer.Option(help="Length of the table.")] = None,
    seed: Seed = 0,
) -> None:
    """Write a simulated table, its description and its truth."""
    from mmm_bayes.simulate import save, simulate

    for path in save(simulate(scenario, weeks=weeks, seed=seed), out):
        print(path)


@app.command()
def check(data: DataToml) -> None:
    """Validate a table and print what was found."""
    from mmm_bayes.dataset import load, profile, show

    show(profile(load(data)))


@app.command()
def fit(
    model: Model,
    data: DataToml,
    out: Out = None,
    draws: Annotated[int, typer.Option(help="Draws kept of each chain.")] = 1000,
    tune: Annotated[int, typer.Option(help="Draws to adapt with, not kept.")] = 1000,
    chains: Annotated[int, typer.Option(help="Independent chains.")] = 4,
    seed: Seed = 1,
    link: Annotated[str | None, typer.Option(help="identity or log.")] = None,
    likelihood: Annotated[str | None, typer.Option(help="normal, student_t or lognormal.")] = None,
    floor: Annotated[
        float | None, typer.Option(help="Lowest value of the outcome, where weeks stand at it.")
    ] = None,
    at_floor: Annotated[
        str | None, typer.Option(help="How weeks come there: hurdle or censored.")
    ] = None,
    stream: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write the draws here while they are made."),
    ] = None,
) -> None:
    """Fit a model to a table: a run folder with draws, effects, checks and a report."""
    folder = out or _free_folder(Path("results"), f"{data.stem}-{Path(model).stem}")
    _choice("--link", link, ("identity", "log"))
    _choice("--likelihood", likelihood, ("normal", "student_t", "lognormal"))
    _choice("--at-floor", at_floor, ("hurdle", "censored"))
    from mmm_bayes.dataset import load
    from mmm_bayes.files import refuse_taken

    refuse_taken(folder)
    if stream is not None:
        refuse_taken(stream)
    load(data)  # a table's faults are told before the seconds that importing PyMC takes
    from mmm_bayes.fitting import fit, prepare
    from mmm_bayes.report import render
    from mmm_bayes.sampling import Settings

    settings = Settings(draws=draws, tune=tune, chains=chains, seed=seed)
    job = prepare(
        model, data, folder, settings,
        link=link, likelihood=likelihood, floor=floor, at_floor=at_floor,
    )  # fmt: skip
    _say(f"rendering {fit(job, _say, stream=stream)}")
    _done(render(folder))


@app.command()
def report(
    folders: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of runs.")],
    out: Annotated[
        Path | None, typer.Option(metavar="PAGE.html", help="Page for several runs side by side.")
    ] = None,
) -> None:
    """Render a run's report anew, or several runs side by side, from saved results."""
    if len(folders) == 1 and out is not None:
        raise InputError("--out is for several runs; the report of one goes into its own folder")
    if len(folders) > 1 and out is None:
        raise InputError(
            "several runs side by side are a page of its own: name it by --out PAGE.html"
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
        bool, typer.Option("--lfo", help="Leave-future-out too; refits several times.")
    ] = False,
    refits: Annotated[int, typer.Option(min=0, help="Most exact refits of a run.")] = 20,
    model: ModelFile = None,
) -> None:
    """Compare runs on the same data: LOO, stacking weights, holdout scores."""
    folder = out or _free_folder(Path("results"), "comparison")
    from mmm_bayes.comparison import compare as work

    table = work(folders, folder, future=lfo, refits=refits, model=model, say=_say)
    print(table.round(3).to_string(index=False))
    told = json.loads((folder / "compare.json").read_text(encoding="utf-8"))
    for says in [*told["sentences"], *told["notes"]]:
        print(says)
    _done(folder / "compare.csv")


@app.command()
def calibrate(
    model: Model,
    simulations: Annotated[int, typer.Option(help="Simulated tables.")] = 200,
    out: Out = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="DATA.toml", help="Table whose spends the simulated ones have."),
    ] = None,
    truth: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="Member whose equations make the tables."),
    ] = None,
    seed: Seed = 1,
    scheduler: Scheduler = None,
) -> None:
    """Simulation-based calibration and coverage; may be stopped and goes on where it was."""
    folder = out or Path("results") / "calibration" / Path(model).stem
    from mmm_bayes.calibration.job import calibrate as work
    from mmm_bayes.report.calibration import render_calibration

    work(
        model, folder, simulations, truth=truth, data=data, seed=seed, scheduler=scheduler, say=_say
    )
    _done(render_calibration(folder))


@app.command()
def sensitivity(
    run: Run,
    placebo: Annotated[
        bool, typer.Option("--placebo", help="Also ask for effects of channels that never ran.")
    ] = False,
    model: ModelFile = None,
) -> None:
    """What a run's answers rest on: priors, and nothing unseen moving mediator and outcome."""
    from mmm_bayes.report import render
    from mmm_bayes.sensitivity.job import sensitivity as work

    work(run, placebo=placebo, model=model, say=_say)
    _say(f"rendering {run}")
    _done(render(run))


@app.command()
def rolling(
    model: Model,
    data: DataToml,
    window: Annotated[
        int | None, typer.Option(help="Weeks of a window: two years, or half of the table.")
    ] = None,
    step: Annotated[
        int | None, typer.Option(help="Weeks from one window to the next: an eighth of it.")
    ] = None,
    horizon: Annotated[int, typer.Option(help="Most weeks that each window predicts.")] = 13,
    expanding: Annotated[
        bool, typer.Option("--expanding", help="Every window begins with the table.")
    ] = False,
    out: Out = None,
    scheduler: Scheduler = None,
    draws: Annotated[int, typer.Option(help="Draws kept of each chain.")] = 1000,
    tune: Annotated[int, typer.Option(help="Draws to adapt with, not kept.")] = 500,
    chains: Annotated[int, typer.Option(help="Independent chains.")] = 4,
    seed: Seed = 1,
) -> None:
    """Refit over windows: stability, forecasts; may be stopped and goes on where it was."""
    folder = out or Path("results") / f"{data.stem}-{Path(model).stem}-rolling"
    from mmm_bayes.dataset import load

    load(data)  # a table's faults are told before the seconds that importing PyMC takes
    from mmm_bayes.report.rolling import render_rolling
    from mmm_bayes.rolling.job import plan_for, roll
    from mmm_bayes.sampling import Settings

    settings = Settings(draws=draws, tune=tune, chains=chains, seed=seed)
    plan = plan_for(
        model, data, settings, window=window, step=step, horizon=horizon, expanding=expanding
    )
    roll(plan, folder, scheduler=scheduler, say=_say)
    _done(render_rolling(folder))


@app.command()
def forecast(
    run: Run,
    spends: Annotated[
        Path, typer.Option(metavar="TABLE", help="Spends and controls of the weeks to come.")
    ],
    out: Out = None,
    model: ModelFile = None,
) -> None:
    """Predict the weeks after a run's, their spends given: forecast.csv in the run, or in --out."""
    from mmm_bayes.forecasting import TABLE
    from mmm_bayes.forecasting import forecast as work

    folder = out or run
    for says in work(run, spends, folder, model):
        _say(says)
    _done(folder / TABLE)


@app.command()
def refresh(
    run: Run,
    data: DataToml,
    out: Out = None,
    model: ModelFile = None,
) -> None:
    """Fit a run again with the newest weeks, and say what they changed."""
    folder = out or _free_folder(Path("results"), f"{run.resolve().name}-refreshed")
    from mmm_bayes.refreshing import refresh as work
    from mmm_bayes.report import render

    for says in work(run, data, folder, model=model, say=_say):
        print(says)
    _say(f"rendering {folder}")
    _done(render(folder))


@app.command()
def optimize(
    run: Run,
    budget: Annotated[
        float | None, typer.Option(help="Money a week; today's, the mean of the last 52 weeks.")
    ] = None,
    target_roas: Annotated[
        float | None, typer.Option(help="Instead of a budget: least return of a unit of money.")
    ] = None,
    lower: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[NAME=]X",
            help="Least spend, of all, a channel or a role, times today's.",
        ),
    ] = None,
    upper: Annotated[
        list[str] | None, typer.Option(metavar="[NAME=]X", help="Most spend, times today's.")
    ] = None,
    horizon: Annotated[int, typer.Option(help="Weeks of the plan.")] = 52,
    mediator: Annotated[
        str, typer.Option(metavar="planner|caused", help="Its spend is set, or follows its causes.")
    ] = "planner",
    objective: Annotated[
        str, typer.Option(metavar="mean|quantile|cvar", help="What of the gain is made largest.")
    ] = "mean",
    level: Annotated[
        float, typer.Option(help="Of the quantile, or the part of worst cases.")
    ] = 0.1,
    extrapolate: Annotated[
        float, typer.Option(help="Most spend, times a channel's highest observed week.")
    ] = 1.5,
    out: Out = None,
    model: ModelFile = None,
) -> None:
    """The best split of a budget, over all draws, and the chance that it beats today's."""
    bounds = {"lower": _bounds("--lower", lower), "upper": _bounds("--upper", upper)}
    _choice("--mediator", mediator, ("planner", "caused"))
    _choice("--objective", objective, ("mean", "quantile", "cvar"))
    from mmm_bayes.decisions import decide, plan_table
    from mmm_bayes.report import render

    plan = decide(
        run, out, model=model, say=_say, budget=budget, target_roas=target_roas, horizon=horizon,
        mediator=mediator, objective=objective, level=level, extrapolate=extrapolate, **bounds,
    )  # fmt: skip
    print(plan_table(plan).round(2).to_string(index=False))
    if out is None:
        _say(f"rendering {run}")
        _done(render(run))
    else:
        _done(out / "plan.json")


def _bounds(option: str, given: list[str] | None) -> dict[str, float]:
    """Multiples by channel or role; the key "" is every channel."""
    read = {}
    for one in given or []:
        name, _, value = one.rpartition("=")
        try:
            read[name] = float(value)
        except ValueError:
            raise InputError(
                f"{option} {one}: {value!r} is not a number; write for example 0.8 or tv=0.8, in "
                "multiples of today's spend"
            ) from None
    return read


@app.command()
def dashboard(
    run: Run,
    rolling: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="A rolling job; one beside the run if left out."),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to serve at; only this machine reaches the usual one.")
    ] = "localhost",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to serve at.")] = 8501,
    headless: Annotated[bool, typer.Option("--headless", help="Open no browser.")] = False,
) -> None:
    """An interactive page of a run in the browser: nothing is fitted (extra: dashboard)."""
    from mmm_bayes.dashboard.launching import launch

    launch(run, rolling=rolling, host=host, port=port, headless=headless, say=_say)


@app.command()
def baselines(
    data: DataToml,
    out: Out = None,
    models: Annotated[
        str, typer.Option(metavar="A,B,...", help="Some of the models; all if left out.")
    ] = "",
    bayes: Annotated[
        str, typer.Option(metavar="MODEL,...", help="Members of the family, on the same splits.")
    ] = "",
    link: Annotated[str | None, typer.Option(help="identity or log.")] = None,
    trials: Annotated[
        int, typer.Option(help="Choices tried for trees; linear models try 3 times as many.")
    ] = 12,
    bootstrap: Annotated[int, typer.Option(help="Refits behind an interval.")] = 50,
    seed: Seed = 1,
) -> None:
    """The classical models on the same splits: forecasts, effects, and one table over all."""
    folder = out or _free_folder(Path("results"), f"{data.stem}-baselines")
    _choice("--link", link, ("identity", "log"))
    from mmm_bayes.baselines.job import baselines as work
    from mmm_bayes.baselines.job import refuse_missing

    refuse_missing()
    work(
        data, folder, models=_names(models), bayes=_names(bayes),
        link=link, trials=trials, bootstrap=bootstrap, seed=seed, say=_say,
    )  # fmt: skip
    from mmm_bayes.report.baselines import render_baselines

    _say(f"rendering {folder}")
    _done(render_baselines(folder))


def _names(text: str) -> list[str]:
    """Names between commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def _choice(option: str, value: str | None, allowed: tuple[str, ...]) -> None:
    if value is not None and value not in allowed:
        raise InputError(f"{option} {value!r} is not one of {', '.join(allowed)}")


def _free_folder(parent: Path, name: str) -> Path:
    """NAME, or NAME-2, NAME-3, ... if runs of that name exist."""
    folder, number = parent / name, 1
    while folder.exists():
        number += 1
        folder = parent / f"{name}-{number}"
    return folder


def _say(line: str) -> None:
    """Progress goes to standard error, results to standard output."""
    print(line, file=sys.stderr, flush=True)


def _done(path: Path) -> None:
    print(path)


def main() -> None:
    """Run the command line: exit status 0 done, 2 bad input in one line, 1 anything else."""
    try:
        app()
    except InputError as error:
        print(f"mmm-bayes: error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
