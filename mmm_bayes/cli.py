"""The command line: parse, call, exit code.

Each command imports its worker inside itself, so that `--help` and a mistyped option answer at
once. A worker raises `InputError` for what the user can mend; everything else is a fault and keeps
its traceback.
"""

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


@app.callback()
def _commands() -> None:
    """Keep `check` a command of its own even while it is the only one."""


@app.command()
def check(data: DataToml) -> None:
    """Validate a table and print what was found."""
    from mmm_bayes.dataset import load, profile, show

    show(profile(load(data)))


def main() -> None:
    """Run the command line: exit status 0 done, 2 bad input in one line, 1 anything else."""
    try:
        app()
    except InputError as error:
        print(f"mmm-bayes: error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
