"""Trial of a description: whether some model of it can be built and started.

What only comes out when a model is built is found here without compiling or sampling: covariates
that the weeks cannot tell apart, a form that cannot produce the outcome, a prior that is no
distribution, a density that is not finite.
"""

from __future__ import annotations

from mmm_bayes.data import Dataset
from mmm_bayes.data.design import make_design
from mmm_bayes.errors import InputError
from mmm_bayes.inference.sampling import build_model, check_start
from mmm_bayes.model.family import load_member, member_names


def check_buildable(dataset: Dataset) -> None:
    """Refuse a dataset that no member of the family can be fitted to as it is described.

    Raises
    ------
    InputError
        That of the member that the description suggests: partial_mediation if it names a mediator,
        no_mediation otherwise.
    """
    suggested = "no_mediation" if dataset.mediator is None else "partial_mediation"
    design = make_design(dataset)
    problems = []
    for name in [suggested, *(name for name in member_names() if name != suggested)]:
        try:
            check_start(build_model(load_member(name), design), design)
        except InputError as problem:
            problems.append(problem)
        else:
            return
    raise problems[0]
