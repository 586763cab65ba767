"""Tidy tables, two figures and a page of the measurements: ``results/benchmarks/``.

python benchmarks/summary.py [--out FOLDER]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from ledger import MACHINE, RESULTS, Ledger
from scipy import stats

from mmm_bayes.files import write_bytes, write_text

NAMES = {
    ("mmm_bayes", "no_mediation"): "mmm_bayes, no_mediation",
    ("mmm_bayes", "partial_mediation"): "mmm_bayes, partial_mediation",
    ("pymc_marketing", "nutpie"): "pymc-marketing, nutpie",
    ("pymc_marketing", "pymc"): "pymc-marketing, PyMC's NUTS",
    ("meridian", "default"): "Meridian",
}
OURS, THEIRS = "mmm_bayes, no_mediation", ("pymc-marketing, nutpie", "pymc-marketing, PyMC's NUTS")
#: Keys of a line that are not measured.
ABOUT = ("keys", "load", "made")
PARTS = ("import", "compile", "sampling", "effects")
GROWTH = ("weeks", "channels", "lags", "units")
EXPONENT_NOTE = "n^0.9 means that the cost grows as that power of the size, over all sizes shown."
#: Targets: ESS a second relative to theirs, at least; seconds of a fit and of a window relative to
#: theirs, and of a gradient relative to the floor, at most.
ESS, FIT, WINDOW, FLOOR = 20.0, 0.25, 1 / 12, 2.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=RESULTS)
    folder = parser.parse_args().out
    ledger = Ledger(folder)
    tables = {
        name: table
        for name, make in (
            ("fits", fits), ("effects", effects), ("windows", windows), ("growth", growth),
            ("floor", floor),
        )
        if len(table := make(ledger))
    }  # fmt: skip
    for name, table in tables.items():
        text = table.to_csv(index=False, lineterminator="\n", float_format="%.6g")
        write_text(folder / f"{name}.csv", text)
    if "fits" in tables and "windows" in tables:
        save_figure(folder, "race", lambda: race_figure(tables["fits"], tables["windows"]))
    if "growth" in tables:
        save_figure(folder, "growth", lambda: growth_figure(tables["growth"]))
    machine = json.loads((folder / MACHINE).read_text())
    page = "\n".join(page_lines(tables, machine, made_at(ledger))) + "\n"
    write_text(folder / "README.md", page)
    print(page)


# --- tidy tables ----------------------------------------------------------------------------------


def fits(ledger: Ledger) -> pd.DataFrame:
    """One row for each fit."""
    return pd.DataFrame(
        {
            "contender": _name(line),
            "table": line["keys"]["table"],
            "start": line["start"],
            "round": line["keys"]["round"],
            **{f"{part}_s": line["seconds"][part] for part in (*PARTS, "whole")},
            **{
                key: line[key]
                for key in (
                    "parameters", "ess", "worst", "ess_per_second", "rhat", "divergences", "steps",
                    "peak_mb",
                )
            },
        }
        for line in ledger.lines(benchmark="fit")
    )  # fmt: skip


def effects(ledger: Ledger) -> pd.DataFrame:
    """Total effect with a 90% interval, and the true effect, by fit and channel."""
    return pd.DataFrame(
        {
            "contender": _name(line),
            "start": line["start"],
            "round": line["keys"]["round"],
            "channel": index,
            **effect,
        }
        for line in ledger.lines(benchmark="fit")
        for index, effect in enumerate(line["effects"])
    )


def windows(ledger: Ledger) -> pd.DataFrame:
    """One row for each window, in the order in which they were fitted."""
    return pd.DataFrame(
        {
            "contender": _name(line),
            "window": index,
            "seconds": window["seconds"],
            "sampling_s": window["sampling"],
            "ess": window["ess"],
            "divergences": window["divergences"],
        }
        for line in ledger.lines(benchmark="windows")
        for index, window in enumerate(line["each"])
    )


def growth(ledger: Ledger) -> pd.DataFrame:
    """One row for each size."""
    return pd.DataFrame(
        {key: value for key, value in line["keys"].items() if key != "benchmark"}
        | {key: value for key, value in line.items() if key not in ABOUT}
        for line in ledger.lines(benchmark="growth")
    )


def floor(ledger: Ledger) -> pd.DataFrame:
    """One row for each model."""
    return pd.DataFrame(
        {"model": line["keys"]["model"]}
        | {key: value for key, value in line.items() if key not in ABOUT}
        for line in ledger.lines(benchmark="floor")
    )


def _name(line: dict[str, Any]) -> str:
    return NAMES[line["keys"]["package"], line["keys"]["variant"]]


# --- growth ---------------------------------------------------------------------------------------


def rows_along(table: pd.DataFrame, axis: str) -> pd.DataFrame:
    """Rows in which only this size varies, sorted by it."""
    rows = table[(table["model"] == "panel") == (axis == "units")]
    for other in GROWTH:
        if other not in (axis, "units"):
            rows = rows[rows[other] == rows[other].mode()[0]]
    return rows.sort_values(axis)


def exponent(size: pd.Series, cost: pd.Series) -> tuple[float, float, float]:
    """Slope of log cost on log size, with its 90% interval."""
    fit = stats.linregress(np.log(size), np.log(cost))
    if len(size) < 3:
        return fit.slope, np.nan, np.nan
    half = stats.t.ppf(0.95, len(size) - 2) * fit.stderr
    return fit.slope, fit.slope - half, fit.slope + half


# --- figures --------------------------------------------------------------------------------------


def save_figure(folder: Path, name: str, make: Callable[[], Any]) -> None:
    """Save a figure as PNG and SVG."""
    from mmm_bayes.plots.style import figure_style

    with figure_style():
        figure = make()
        for kind in ("png", "svg"):
            buffer = BytesIO()
            options = {"metadata": {"Date": None}} if kind == "svg" else {}
            figure.savefig(buffer, format=kind, **options)
            write_bytes(folder / f"{name}.{kind}", buffer.getvalue())


def race_figure(runs: pd.DataFrame, rolled: pd.DataFrame) -> Any:
    """Figure of effective draws a second, seconds of a fit by part, and seconds of a window."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch
    from matplotlib.ticker import FuncFormatter

    from mmm_bayes.plots.style import INK, OKABE_ITO

    names = [name for name in NAMES.values() if name in set(runs["contender"])]
    position = {name: len(names) - 1 - place for place, name in enumerate(names)}
    figure = Figure(figsize=(12, 4.2), layout="constrained")
    left, middle, right = figure.subplots(1, 3, sharey=True, width_ratios=(1, 1.4, 1))

    def dots(axes: Any, rows: pd.DataFrame, column: str, unit: str) -> None:
        for name, group in rows.groupby("contender"):
            colour = OKABE_ITO[0] if name.startswith("mmm_bayes") else OKABE_ITO[1]
            axes.plot(
                group[column], [position[name]] * len(group), "o", color=colour, alpha=0.5, ms=5
            )
            median = group[column].median()
            axes.plot(median, position[name], "|", color=INK, ms=16, mew=1.6)
            axes.annotate(
                f"{_short_number(median)} {unit}".strip(), (median, position[name] + 0.22),
                ha="center", fontsize=8,
            )  # fmt: skip
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _short_number(value)))
        low, high = rows[column].min(), rows[column].max()
        axes.set_xlim(low / 2.5, high * 2.5)

    dots(left, runs, "ess_per_second", "")
    left.set_title("Effective draws a second of sampling")
    left.set_xlabel("minimum bulk-ESS / s (log scale)")
    left.set_yticks(list(position.values()), list(position))
    left.set_ylim(-0.6, len(names) - 0.4)

    colours = dict(zip(PARTS, OKABE_ITO[2:], strict=False))
    for start, shift in (("cold", 0.2), ("warm", -0.2)):
        group = runs[runs["start"] == start].groupby("contender")
        medians = group[[f"{part}_s" for part in PARTS]].median()
        whole = group["whole_s"].median()
        for name, row in medians.iterrows():
            left_edge = 0.0
            for part, colour in colours.items():
                middle.barh(position[name] + shift, row[f"{part}_s"], 0.32, left_edge, color=colour)
                left_edge += row[f"{part}_s"]
            middle.annotate(
                f" {whole[name]:.0f} s {start}",
                (max(left_edge, whole[name]), position[name] + shift),
                va="center", fontsize=8,
            )  # fmt: skip
    middle.set_xlim(0, 1.22 * runs["whole_s"].max())
    middle.set_title("A fit, from the command to every channel's effect")
    middle.set_xlabel("seconds (medians, by part)")
    figure.legend(
        handles=[Patch(color=colour, label=part) for part, colour in colours.items()],
        loc="outside lower center", ncols=len(PARTS),
    )  # fmt: skip

    dots(right, rolled, "seconds", "s")
    right.set_title("A rolling window")
    right.set_xlabel("seconds a window (log scale)")
    return figure


def _short_number(value: float) -> str:
    """A number with three significant digits, or whole from 100 on."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def growth_figure(table: pd.DataFrame) -> Any:
    """Figure of the seconds of a gradient, of 1,000 draws and of compiling, against each size."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, NullFormatter

    from mmm_bayes.plots.style import OKABE_ITO

    shown = {
        "gradient_s": ("a gradient, s", OKABE_ITO[0]),
        "thousand_draws_s": ("1,000 draws of a chain, s", OKABE_ITO[1]),
        "compile_s": ("compiling from nothing, s", OKABE_ITO[2]),
    }
    varied = [axis for axis in GROWTH if len(rows_along(table, axis)) > 1]
    figure = Figure(figsize=(12, 3.6), layout="constrained")
    grid = figure.subplots(1, len(varied), sharey=True, squeeze=False)[0]
    for axes, axis in zip(grid, varied, strict=True):
        rows = rows_along(table, axis)
        for column, (label, colour) in shown.items():
            slope, _, _ = exponent(rows[axis], rows[column])
            axes.plot(rows[axis], rows[column], "o-", ms=4, color=colour, label=label)
            axes.annotate(
                f"n^{slope:.2f}", (rows[axis].iloc[-1], rows[column].iloc[-1]),
                xytext=(5, 0), textcoords="offset points", va="center", fontsize=8, color=colour,
            )  # fmt: skip
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xticks(rows[axis], [f"{size:,}" for size in rows[axis]])
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlim(rows[axis].min() / 1.3, rows[axis].max() * 2.2)
        axes.set_title(f"{axis}" + (" of a panel" if axis == "units" else ""))
        axes.set_xlabel(f"{axis} (log scale)")
    grid[0].yaxis.set_major_formatter(FuncFormatter(lambda value, _: _short_number(value)))
    grid[0].set_ylabel("seconds (log scale)")
    figure.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


# --- the page -------------------------------------------------------------------------------------


def made_at(ledger: Ledger) -> dict[str, str]:
    """Processor and commits of each benchmark's measurements, as a sentence."""
    places: dict[str, dict[str, set[str]]] = {}
    for line in ledger.lines():
        cpus = places.setdefault(line["keys"]["benchmark"], {})
        cpus.setdefault(line["made"]["cpu"], set()).add(str(line["made"]["commit"])[:7])
    return {
        name: "Measured on "
        + "; ".join(f"{cpu} (commit {', '.join(sorted(at))})" for cpu, at in cpus.items())
        + "."
        for name, cpus in places.items()
    }


def page_lines(
    tables: dict[str, pd.DataFrame], machine: dict[str, Any], made: dict[str, str]
) -> list[str]:
    """Lines of the page."""
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    lines = [
        "# Benchmarks",
        "",
        "Made by `make benchmarks`; the method is described in "
        "[benchmarks/README.md](../../benchmarks/README.md).",
        "",
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']} GB, "
        f"{machine['system']}, Python {machine['python']}; {versions}.",
    ]
    if "fits" in tables:
        lines += ["", "## Targets", "", *target_rows(tables)]
        if "windows" in tables:
            lines += ["", "![The race](race.png)"]
        lines += ["", "## One fit", "", made["fit"], "", *fit_rows(tables["fits"])]
        lines += ["", "Coverage of the truth (first fit):", "", *effect_rows(tables["effects"])]
    if "windows" in tables:
        lines += ["", "## Rolling windows", "", made["windows"], ""]
        lines += window_rows(tables["windows"])
    if "floor" in tables:
        lines += ["", "## The gradient's floor", "", made["floor"], ""]
        lines += floor_rows(tables["floor"])
    if "growth" in tables:
        lines += [
            "",
            "## Growth",
            "",
            "![Growth](growth.png)",
            "",
            made["growth"],
            EXPONENT_NOTE,
            "",
            *growth_rows(tables["growth"]),
        ]
    return lines


def target_rows(tables: dict[str, pd.DataFrame]) -> list[str]:
    """Table of targets and measurements; ranges are from the worst to the best pair of runs."""
    warm = tables["fits"][tables["fits"]["start"] == "warm"].groupby("contender")
    rows = []
    for theirs in THEIRS:
        if theirs not in warm.groups or OURS not in warm.groups:
            continue
        for label, column, target, least in (
            ("effective draws a second of sampling", "ess_per_second", ESS, True),
            ("seconds of a warm fit", "whole_s", FIT, False),
        ):
            ours, other = (warm.get_group(name)[column] for name in (OURS, theirs))
            rows.append(
                _target_row(f"{label}, relative to {theirs}", ours, other, target, least=least)
            )
        rolled = tables.get("windows", pd.DataFrame({"contender": []})).groupby("contender")
        if theirs in rolled.groups and OURS in rolled.groups:
            ours, other = (rolled.get_group(name)["seconds"] for name in (OURS, theirs))
            mean = pd.Series([ours.mean()])
            rows.append(
                _target_row(
                    f"mean seconds of a window (compiling included), relative to {theirs}",
                    mean, other, WINDOW, least=False,
                )
            )  # fmt: skip
    for _, row in tables.get("floor", pd.DataFrame()).iterrows():
        met = "yes" if row["ratio"] <= FLOOR else "no"
        label = f"seconds of the gradient of `{row['model']}`, relative to the floor"
        rows.append(f"| {label} | at most {FLOOR:g} | {row['ratio']:.2f} | {met} |")
    return ["| quantity | target | measured | met |", "|---|---|---|---|", *rows]


def _target_row(
    label: str, ours: pd.Series, theirs: pd.Series, target: float, *, least: bool
) -> str:
    ratio = ours.median() / theirs.median()
    low, high = ours.min() / theirs.max(), ours.max() / theirs.min()
    met = ratio >= target if least else ratio <= target
    target_text = f"at {'least' if least else 'most'} {target:.3g}"
    measured = f"{ratio:.3g} ({low:.3g} to {high:.3g})"
    return f"| {label} | {target_text} | {measured} | {'yes' if met else 'no'} |"


def fit_rows(runs: pd.DataFrame) -> list[str]:
    """Table of the medians over the fits of each contender, cold and warm."""
    lines = [
        "| | start | fits | import s | compile s | sampling s | effects s | whole s | "
        "minimum bulk-ESS | ESS / s | largest R-hat | divergences | steps a draw | peak MB |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name in NAMES.values():
        for start in ("cold", "warm"):
            rows = runs[(runs["contender"] == name) & (runs["start"] == start)]
            if len(rows):
                m = rows.median(numeric_only=True)
                lines.append(
                    f"| {name} | {start} | {len(rows)} | {m['import_s']:.1f} "
                    f"| {m['compile_s']:.1f} | {m['sampling_s']:.1f} | {m['effects_s']:.1f} "
                    f"| {m['whole_s']:.1f} | {m['ess']:,.0f} | {m['ess_per_second']:,.1f} "
                    f"| {m['rhat']:.3f} | {m['divergences']:.0f} | {m['steps']:.0f} "
                    f"| {m['peak_mb']:,.0f} |"
                )
    return lines


def effect_rows(effects: pd.DataFrame) -> list[str]:
    """Table of the coverage, error and width of the total effects."""
    lines = [
        "| | 90% intervals that contain the truth | median error, as a share of the truth | "
        "mean width of the interval, as a share of all true effects |",
        "|---|---|---|---|",
    ]
    for name in NAMES.values():
        rows = effects[(effects["contender"] == name) & (effects["start"] == "cold")]
        if len(rows):
            covered = ((rows["lower"] <= rows["truth"]) & (rows["truth"] <= rows["upper"])).sum()
            error = ((rows["median"] - rows["truth"]).abs() / rows["truth"]).median()
            width = ((rows["upper"] - rows["lower"]) / rows["truth"].sum()).mean()
            lines.append(f"| {name} | {covered} of {len(rows)} | {error:.0%} | {width:.0%} |")
    return lines


def window_rows(rolled: pd.DataFrame) -> list[str]:
    """Table of the seconds of each window."""
    lines = [
        "| | windows | first s | median of the others s | mean s | minimum bulk-ESS, median |",
        "|---|---|---|---|---|---|",
    ]
    for name in NAMES.values():
        rows = rolled[rolled["contender"] == name]
        if len(rows):
            later = f"{rows['seconds'].iloc[1:].median():.1f}" if len(rows) > 1 else "-"
            lines.append(
                f"| {name} | {len(rows)} | {rows['seconds'].iloc[0]:.1f} "
                f"| {later} | {rows['seconds'].mean():.1f} "
                f"| {rows['ess'].median():,.0f} |"
            )
    return lines


def floor_rows(table: pd.DataFrame) -> list[str]:
    """Table of the compiled gradient beside the handwritten one."""
    return [
        "| model | weeks | parameters | compiled µs | handwritten µs | ratio | "
        "largest difference |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| `{row['model']}` | {row['weeks']} | {row['parameters']} | {row['compiled_us']:.1f} "
            f"| {row['floor_us']:.1f} | {row['ratio']:.2f} | {row['apart']:.0e} |"
            for _, row in table.iterrows()
        ),
    ]


def growth_rows(table: pd.DataFrame) -> list[str]:
    """Tables of every size, and of the exponents."""
    lines = [
        "| varied | size | parameters | gradient ms | steps a draw | 1,000 draws s | compile s | "
        "peak MB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    powers = [
        "| cost grows as a power of | gradient | 1,000 draws | compiling | memory |",
        "|---|---|---|---|---|",
    ]
    for axis in GROWTH:
        rows = rows_along(table, axis)
        lines += [
            f"| {axis} | {row[axis]:,} | {row['parameters']} | {1e3 * row['gradient_s']:.3g} "
            f"| {row['steps']:.0f} | {row['thousand_draws_s']:.3g} | {row['compile_s']:.0f} "
            f"| {row['peak_mb']:,.0f} |"
            for _, row in rows.iterrows()
        ]
        if len(rows) > 1:
            exponents = [
                "{:.2f} ({:.2f} to {:.2f})".format(*exponent(rows[axis], rows[column]))
                for column in ("gradient_s", "thousand_draws_s", "compile_s", "peak_mb")
            ]
            powers.append(f"| {axis} | {' | '.join(exponents)} |")
    return [*lines, "", "Exponents, least squares on logarithms, with 90% intervals:", "", *powers]


if __name__ == "__main__":
    main()
