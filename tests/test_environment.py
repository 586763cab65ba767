"""The places that name a version agree: pyproject.toml, requirements.lock and environment.yml."""

import re
import tomllib
from types import ModuleType

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from places import ROOT, load_script

PYPROJECT = (ROOT / "pyproject.toml").read_text("utf-8")
LOCK = (ROOT / "requirements.lock").read_text("utf-8")
ENVIRONMENT = (ROOT / "environment.yml").read_text("utf-8")


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    return load_script("make_environment")


def lock_entries() -> list[str]:
    """The lock cut before each line that is not indented: one text per package."""
    return [entry for entry in re.split(r"^(?=\S)", LOCK, flags=re.MULTILINE) if entry.strip()]


def declared() -> list[Requirement]:
    project = tomllib.loads(PYPROJECT)["project"]
    lines = list(project["dependencies"])
    for extra in project["optional-dependencies"].values():
        lines += extra
    return [Requirement(line) for line in lines]


def test_every_declared_dependency_is_locked_at_an_allowed_version(maker):
    versions = maker.locked_versions(LOCK)
    wanted = declared()
    assert len(wanted) > 20
    missing = [str(r) for r in wanted if canonicalize_name(r.name) not in versions]
    assert not missing, f"not in requirements.lock: {missing}; run `make lock`"
    outside = [
        f"{r}, locked at {versions[canonicalize_name(r.name)]}"
        for r in wanted
        if not r.specifier.contains(versions[canonicalize_name(r.name)])
    ]
    assert not outside, f"locked outside the declared range: {outside}; run `make lock`"


def test_the_build_tools_are_locked(maker):
    versions = maker.locked_versions(LOCK)
    for line in tomllib.loads(PYPROJECT)["build-system"]["requires"]:
        build_tool = Requirement(line)
        assert build_tool.specifier.contains(versions[canonicalize_name(build_tool.name)])


def test_every_locked_package_is_exact_and_has_hashes():
    entries = lock_entries()
    assert len(entries) > 50
    for entry in entries:
        first, *rest = entry.strip().splitlines()
        assert re.match(r"^[a-z0-9._-]+==[^\s;]+( ; [^\\]+)? \\$", first), f"not pinned: {first}"
        assert rest, f"no hash: {first}"
        for line in rest:
            assert re.fullmatch(r"\s+--hash=sha256:[0-9a-f]{64}( \\)?", line), f"{first}: {line}"


def test_the_lock_names_no_address():
    for word in ("http", "pypi.org", "index", "find-links", "file:", "trusted-host"):
        assert word not in LOCK, f"requirements.lock holds {word!r}: it must fit any registry"


def test_environment_yml_is_what_the_lock_makes(maker):
    assert maker.environment(PYPROJECT, LOCK) == ENVIRONMENT, "run `make environment`"


def test_environment_yml_pins_every_direct_dependency(maker):
    document = yaml.safe_load(ENVIRONMENT)
    assert document["name"] == "mmm_bayes"
    assert document["channels"] == ["conda-forge"]
    conda = dict(
        line.split("=")
        for line in document["dependencies"]
        if isinstance(line, str) and "=" in line
    )
    assert conda.pop("python") == maker.PYTHON
    versions = maker.locked_versions(LOCK)
    expected = {
        maker.CONDA_NAMES.get(name, name): versions[name]
        for name in maker.direct_dependencies(PYPROJECT)
    }
    assert conda == expected
    assert document["dependencies"][-1] == {"pip": ["-e ."]}


def test_a_marker_decides_between_two_versions(maker):
    lock = (
        "tool==1.0 ; python_full_version < '3.13' \\\n    --hash=sha256:0\n"
        "tool==2.0 ; python_full_version >= '3.13' \\\n    --hash=sha256:0\n"
        "Other_Tool==3.0 ; sys_platform == 'win32' \\\n    --hash=sha256:0\n"
        "plain==4.0 \\\n    --hash=sha256:0\n"
    )
    assert maker.locked_versions(lock, "3.13") == {"tool": "2.0", "plain": "4.0"}
    assert maker.locked_versions(lock, "3.12") == {"tool": "1.0", "plain": "4.0"}
