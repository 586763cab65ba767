"""Write environment.yml: the project's direct dependencies at the locked versions, for conda.

requirements.lock is the only place where versions are chosen; environment.yml repeats them for
conda users. Run by `make environment`.
"""

import re
import tomllib
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PYTHON = "3.13"

# Packages with another name on conda-forge. Both variants leave out what the project does not use:
# Qt for matplotlib's windows, and pandera's support for data frames other than pandas.
CONDA_NAMES = {"matplotlib": "matplotlib-base", "pandera": "pandera-base"}

HEADER = """\
# For conda users: conda env create -f environment.yml && conda activate mmm_bayes
# Made from pyproject.toml and requirements.lock by `make environment`; edit those, not this.
# The lock also fixes the dependencies of these dependencies, with hashes; conda solves for them
# anew. Everything the package asks for is listed, so that the last step, pip installing the
# package itself, brings nothing of its own.
"""


def direct_dependencies(pyproject: str, extras: tuple[str, ...] = ("dev",)) -> list[str]:
    """Normalised names of the direct dependencies of the project and its extras, sorted."""
    project = tomllib.loads(pyproject)["project"]
    declared = list(project["dependencies"])
    for extra in extras:
        declared += project["optional-dependencies"][extra]
    return sorted({canonicalize_name(Requirement(line).name) for line in declared})


def locked_versions(lock: str, python: str = PYTHON) -> dict[str, str]:
    """Version by name, of every entry of the lock that applies to this Python on Linux."""
    target = {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "sys_platform": "linux",
        "os_name": "posix",
    }
    entry = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)\s*(?:;\s*([^\\]+?))?\s*\\?$", re.MULTILINE)
    return {
        canonicalize_name(name): version
        for name, version, marker in entry.findall(lock)
        if not marker or Marker(marker).evaluate(target)
    }


def environment(pyproject: str, lock: str) -> str:
    """Text of environment.yml."""
    versions = locked_versions(lock)
    pins = [
        f"  - {CONDA_NAMES.get(name, name)}={versions[name]}"
        for name in direct_dependencies(pyproject)
    ]
    return HEADER + "\n".join(
        [
            "name: mmm_bayes",
            "channels:",
            "  - conda-forge",
            "dependencies:",
            f"  - python={PYTHON}",
            "  - pip",
            *pins,
            "  - pip:",
            "      - -e .",
            "",
        ]
    )


if __name__ == "__main__":
    text = environment(
        (ROOT / "pyproject.toml").read_text("utf-8"),
        (ROOT / "requirements.lock").read_text("utf-8"),
    )
    (ROOT / "environment.yml").write_text(text, "utf-8", newline="\n")
