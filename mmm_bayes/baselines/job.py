"""The classical models on a described table: from the TOML file to a folder of tables."""

from __future__ import annotations

import importlib.util
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from mmm_bayes import runs
from mmm_bayes.dataset import Dataset, load
from mmm_bayes.errors import InputError
from mmm_bayes.files import new_folder, refuse_taken

TABLE, RECORD, SUMMARY = "baselines.csv", "baselines.json", "summary.csv"
NEEDED = {
    "sklearn": "scikit-learn", "lightgbm": "LightGBM", "optuna": "Optuna", "shap": "SHAP",
}  # fmt: skip


def refuse_missing() -> None:
    """Refuse to start without the extra's packages.

    Raises
    ------
    InputError
    """
    missing = [name for module, name in NEEDED.items() if not importlib.util.find_spec(module)]
    if missing:
        raise InputError(
            f"the classical models need {', '.join(missing)}; "
            "install mmm-bayes[baselines], for example: pip install 'mmm-bayes[baselines]'"
        )


def baselines(
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
    """Fit, validate and explain the classical models, and members of the family if asked.

    Parameters
    ----------
    data : pathlib.Path
        The description.
    folder : pathlib.Path
        To be made.
    models : sequence of str
        Some of `mmm_bayes.baselines.members.names`; all if empty.
    bayes : sequence of str
        Members of the Bayesian family, by name or file.
    link : {"identity", "log"}, optional
        The description's if left out.
    trials : int
        Choices that a tuning of trees tries; linear models try three times as many.
    bootstrap : int
        Refits behind an interval.
    seed : int
    say : callable

    Returns
    -------
    pathlib.Path
        The folder, finished but for its page.

    Raises
    ------
    InputError
    """
    refuse_missing()
    refuse_taken(folder)
    for name, value, least in (("trials", trials, 1), ("bootstrap", bootstrap, 20)):
        if value < least:
            raise InputError(f"--{name} {value} is too few; take {least} or more")
    dataset = load(data)
    from mmm_bayes.baselines.classical import Task, classical
    from mmm_bayes.baselines.findings import Findings
    from mmm_bayes.baselines.members import names
    from mmm_bayes.baselines.rows import layout_of
    from mmm_bayes.baselines.validation import splits
    from mmm_bayes.design import form_for
    from mmm_bayes.family import member

    form = form_for(dataset, link=link)  # type: ignore[arg-type]
    outcome = dataset.data["outcome"].values
    if form.link == "log" and (outcome <= 0).any():
        raise InputError(
            f"{data}: {(outcome <= 0).sum()} values of the outcome are zero, and the classical "
            "models would take their logarithm; use --link identity"
        )
    known = names(layout_of(dataset))
    for model in models:
        if model not in known:
            raise InputError(f"--models names {model!r}; they are {', '.join(known)}")
    for name in bayes:
        member(name)
    spans = splits(dataset.data.sizes["time"])
    start = time.perf_counter()
    found = Findings()
    task = Task(dataset, form.link, spans, trials=trials, bootstrap=bootstrap, seed=seed)
    classical(task, models or known, found, say)
    _family(found, dataset, spans, bayes, link=link, seed=seed, say=say)
    record = runs.provenance() | {
        "data_file": dataset.description.file,
        "data_sha256": dataset.sha256,
        "description": dataset.description.model_dump(mode="json"),
        "link": form.link,
        "trials": trials,
        "bootstrap": bootstrap,
        "seed": seed,
        "splits": {name: _spoken(dataset, span) for name, span in spans.items()},
        "choices": found.choices,
        "notes": [*dataset.notes, *found.notes],
        "wall_seconds": round(time.perf_counter() - start, 1),
    }
    _write(folder, found, dataset, record)
    return folder


def _family(
    found: Any,
    dataset: Dataset,
    spans: Any,
    members: Sequence[str],
    *,
    link: str | None,
    seed: int,
    say: Callable[[str], None],
) -> None:
    if not members:
        return
    from mmm_bayes.baselines.family import answers

    for name in members:
        said = answers(name, dataset, spans, link=link, seed=seed, say=say)
        label = Path(name).stem
        found.score(label, said.metrics)
        for table in ("contributions", "reallocation", "predictions"):
            found.add(table, getattr(said, table))
        found.add("windows", said.rolling)
        found.notes += said.notes


def _write(folder: Path, found: Any, dataset: Dataset, record: dict[str, Any]) -> None:
    from mmm_bayes.baselines import summary
    from mmm_bayes.baselines.words import sentences

    tables = found.tables
    contributions = tables["contributions"]
    truth = summary.against_truth(contributions, dataset.path.with_suffix(".truth.json"))
    for name, values in (
        ("stability", summary.stability(tables["windows"])),
        ("agreement", summary.agreement(contributions)),
    ):
        found.metrics += [(model, "all", name, value) for model, value in values.items()]
    found.metrics += summary.truth_metrics(truth, float(dataset.data["outcome"].sum()))
    if len(truth):
        tables["truth"] = truth
    metrics = pd.DataFrame(found.metrics, columns=["model", "split", "metric", "value"])
    metrics["value"] = metrics["value"].astype(float)
    one = summary.summarise(metrics)
    record["sentences"] = sentences(one, metrics, tables, dataset, link=record["link"])
    with new_folder(folder) as draft:
        for name, table in {"baselines": metrics, "summary": one, **tables}.items():
            table.to_csv(
                draft / f"{name}.csv", index=False, lineterminator="\n", float_format="%.6g"
            )
        text = json.dumps(record, indent=1, ensure_ascii=False, default=str)
        (draft / RECORD).write_text(text + "\n", encoding="utf-8")


def _spoken(dataset: Dataset, span: Any) -> dict[str, str]:
    """A split by its dates."""
    days = [str(day)[:10] for day in dataset.data["time"].values]
    return {
        "train": f"{days[span.train.start]} to {days[span.train.stop - 1]}",
        "test": f"{days[span.test.start]} to {days[span.test.stop - 1]}",
    }
