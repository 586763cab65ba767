"""Job of the classical models: from the description of a table to a folder of tables."""

from __future__ import annotations

import importlib.util
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from mmm_bayes.data import Dataset, load, profile
from mmm_bayes.errors import InputError
from mmm_bayes.files import check_free, taken_note, write_folder
from mmm_bayes.inference import runs

TABLE, RECORD, SUMMARY = "baselines.csv", "baselines.json", "summary.csv"
PACKAGES = {
    "sklearn": "scikit-learn", "lightgbm": "LightGBM", "optuna": "Optuna", "shap": "SHAP",
}  # fmt: skip


def check_installed() -> None:
    """Check that the packages of the extra `baselines` are installed.

    Raises
    ------
    InputError
        If some are missing.
    """
    missing = [name for module, name in PACKAGES.items() if not importlib.util.find_spec(module)]
    if missing:
        raise InputError(
            f"the classical models need {', '.join(missing)}; "
            "install mmm-bayes[baselines], for example: pip install 'mmm-bayes[baselines]'"
        )


def run_baselines(
    data: Path,
    folder: Path,
    *,
    models: Sequence[str] = (),
    bayes: Sequence[str] = (),
    link: str | None = None,
    trials: int = 12,
    bootstrap: int = 50,
    seed: int = 1,
    say: Callable[[str], None] = print,
) -> Path:
    """Fit, validate and explain the classical models, and members of the Bayesian family.

    Parameters
    ----------
    data : pathlib.Path
        Description of the table.
    folder : pathlib.Path
        Folder to create.
    models : sequence of str
        Some of `mmm_bayes.baselines.members.model_names`; all if empty.
    bayes : sequence of str
        Members of the Bayesian family, by name or file.
    link : {"identity", "log"}, optional
        By default that of the description.
    trials : int
        Sets of hyperparameters that a tuning of trees tries; linear models try three times as many.
    bootstrap : int
        Number of bootstrap refits, 20 or more.

    Returns
    -------
    pathlib.Path
        The folder, complete except for its page.

    Raises
    ------
    InputError
        If packages are missing, the folder is not free, an option or a model is unknown or too
        small, the table is unusable, or the log link meets an outcome that is not positive.
    """
    check_installed()
    check_free(folder)
    for name, value, least in (("trials", trials, 1), ("bootstrap", bootstrap, 20)):
        if value < least:
            raise InputError(f"--{name} {value} is too few; take {least} or more")
    dataset = load(data)
    words = dataset.wording
    from mmm_bayes.baselines.classical import Results, Task, evaluate_models
    from mmm_bayes.baselines.members import model_names
    from mmm_bayes.baselines.rows import row_layout
    from mmm_bayes.baselines.validation import validation_splits
    from mmm_bayes.data.form import form_for
    from mmm_bayes.model.family import load_member

    form = form_for(dataset, link=link)  # type: ignore[arg-type]
    outcome = dataset.data["outcome"].values
    if form.link == "log" and (outcome <= 0).any():
        raise InputError(
            f"{data}: {(outcome <= 0).sum()} values of the outcome are zero, and the log link of "
            "the classical models takes their logarithm; use --link identity"
        )
    known = model_names(row_layout(dataset))
    for model in models:
        if model not in known:
            raise InputError(f"--models names {model!r}, which is not one of {', '.join(known)}")
    for name in bayes:
        load_member(name)
    splits = validation_splits(dataset.data.sizes["time"], words)
    start = time.perf_counter()
    results = Results()
    task = Task(dataset, form.link, splits, trials=trials, bootstrap=bootstrap, seed=seed)
    evaluate_models(task, models or known, results, lambda line: say(words(line)))
    _evaluate_members(
        results, dataset, splits, bayes, link=link, seed=seed, say=lambda line: say(words(line))
    )
    record = runs.provenance() | {
        "data_file": dataset.description.file,
        "data_sha256": dataset.sha256,
        "description": dataset.description.model_dump(mode="json"),
        "link": form.link,
        "trials": trials,
        "bootstrap": bootstrap,
        "seed": seed,
        "splits": {name: _split_dates(dataset, split) for name, split in splits.items()},
        "choices": results.params,
        "notes": [
            *profile(dataset).warnings,
            *(words(note) for note in (*dataset.notes, *results.notes)),
        ],
        "wall_seconds": round(time.perf_counter() - start, 1),
    }
    written = _write(folder, results, dataset, record)
    if written != folder:
        say(taken_note(folder, written))
    return written


def _evaluate_members(
    results: Any,
    dataset: Dataset,
    splits: Any,
    members: Sequence[str],
    *,
    link: str | None,
    seed: int,
    say: Callable[[str], None],
) -> None:
    if not members:
        return
    from mmm_bayes.baselines.family import evaluate_member

    for name in members:
        evaluated = evaluate_member(name, dataset, splits, link=link, seed=seed, say=say)
        results.add_metrics(Path(name).stem, evaluated.metrics)
        for table in ("contributions", "reallocation", "predictions"):
            results.add_rows(table, getattr(evaluated, table))
        results.add_rows("windows", evaluated.windows)
        results.notes += evaluated.notes


def _write(folder: Path, results: Any, dataset: Dataset, record: dict[str, Any]) -> Path:
    from mmm_bayes.baselines import summary
    from mmm_bayes.baselines.words import sentences

    tables = results.tables
    contributions = tables["contributions"]
    truth = summary.compare_with_truth(contributions, dataset.path.with_suffix(".truth.json"))
    for name, values in (
        ("stability", summary.window_stability(tables["windows"])),
        ("agreement", summary.rank_agreement(contributions)),
    ):
        results.metrics += [(model, "all", name, value) for model, value in values.items()]
    results.metrics += summary.truth_metrics(truth, float(dataset.data["outcome"].sum()))
    if len(truth):
        tables["truth"] = truth
    metrics = pd.DataFrame(results.metrics, columns=["model", "split", "metric", "value"])
    metrics["value"] = metrics["value"].astype(float)
    by_model = summary.summarise_models(metrics)
    told = sentences(by_model, metrics, tables, dataset, link=record["link"])
    record["sentences"] = dataset.wording.of_record(told)

    def write(draft: Path) -> None:
        for name, table in {"baselines": metrics, "summary": by_model, **tables}.items():
            table.to_csv(
                draft / f"{name}.csv", index=False, lineterminator="\n", float_format="%.6g"
            )
        text = json.dumps(record, indent=1, ensure_ascii=False, default=str)
        (draft / RECORD).write_text(text + "\n", encoding="utf-8")

    return write_folder(folder, write)


def _split_dates(dataset: Dataset, split: Any) -> dict[str, str]:
    """Dates of the training and the test weeks of a split."""
    days = [str(day)[:10] for day in dataset.data["time"].values]
    return {
        "train": f"{days[split.train.start]} to {days[split.train.stop - 1]}",
        "test": f"{days[split.test.start]} to {days[split.test.stop - 1]}",
    }
