"""Every public function and class says what its parameters are.

Sources are parsed, never imported. A parameter is told in a numpydoc section or named in backticks
in the text. A function of one or two parameters may leave it at one sentence if their annotations
say the rest: paths, words, and objects that carry their own labels, but no number and no bare
array, whose unit and shape an annotation can't tell.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent / "mmm_bayes"
#: Annotations that leave open what a number measures or how long an axis is.
OPEN = re.compile(r"\b(Array|Floats|ndarray|float|int|Any|object)\b|^$")

Definition = ast.FunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Public:
    """A public function, method or class, and what its docstring should tell of."""

    name: str
    node: Definition
    parameters: dict[str, str]


def public(tree: ast.Module) -> Iterator[Public]:
    """What a file defines for others: names without an underscore, and methods of such classes."""
    for node in tree.body:
        if not isinstance(node, Definition) or node.name.startswith("_"):
            continue
        yield Public(node.name, node, parameters(node))
        if isinstance(node, ast.ClassDef) and not follows_scikit_learn(node):
            told = listed(ast.get_docstring(node) or "")
            for inner in node.body:
                if not isinstance(inner, ast.FunctionDef) or inner.name.startswith("_"):
                    continue
                if inner.name not in told:  # a protocol's property is an attribute of it
                    yield Public(f"{node.name}.{inner.name}", inner, parameters(inner))


def follows_scikit_learn(node: ast.ClassDef) -> bool:
    """Whether a class has methods whose parameters scikit-learn defines: X, y and the like."""
    names = {inner.name for inner in node.body if isinstance(inner, ast.FunctionDef)}
    return bool(names & {"transform", "predict"})


def parameters(node: Definition) -> dict[str, str]:
    """Parameters of a function, or fields of a class, with their annotations."""
    if isinstance(node, ast.ClassDef):
        return {
            item.target.id: ast.unparse(item.annotation)
            for item in node.body
            if isinstance(item, ast.AnnAssign)
            and isinstance(item.target, ast.Name)
            and not item.target.id.startswith("_")
        }
    given = node.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    return {
        one.arg: ast.unparse(one.annotation) if one.annotation else ""
        for one in every
        if one is not None and one.arg not in ("self", "cls") and not one.arg.startswith("_")
    }


def listed(docstring: str) -> list[str]:
    """Names in the numpydoc sections of parameters and attributes."""
    names = []
    for title in ("Parameters", "Attributes"):
        found = re.search(rf"^{title}\n-+\n(.*?)(?=^\w[^\n]*\n-+\n|\Z)", docstring, re.M | re.S)
        heads = re.findall(r"^(\S[^:\n]*?)(?: : .*)?$", found[1], re.M) if found else []
        names += [name.strip(" *") for head in heads for name in head.split(",")]
    return names


def fault(one: Public) -> str | None:
    """What is wrong with a docstring; None if nothing is."""
    docstring = ast.get_docstring(one.node)
    if docstring is None:
        return "has no docstring"
    names = listed(docstring)
    if not isinstance(one.node, ast.ClassDef):
        unknown = [name for name in names if name not in one.parameters]
        if unknown:
            return f"tells of {', '.join(unknown)}, which it does not have"
        plain = not any(OPEN.search(annotation) for annotation in one.parameters.values())
        if not names and plain and len(one.parameters) <= 2:
            return None
    told = {*names, *re.findall(r"(?<!`)`(\w+)`", docstring)}
    missing = [name for name in one.parameters if name not in told]
    return f"does not tell what {', '.join(missing)} is" if missing else None


FILES = sorted(
    path for path in ROOT.rglob("*.py")
    if path.name != "cli.py"  # its parameters' help is what --help prints
    and "models" not in path.relative_to(ROOT).parts
)  # fmt: skip


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_docstrings_tell_of_every_parameter(path):
    tree = ast.parse(path.read_text("utf-8"))
    found = {one.name: fault(one) for one in public(tree)}
    assert {name: says for name, says in found.items() if says} == {}


@pytest.mark.parametrize(
    "source, says",
    [
        ("def f(x: float): 'Halve it.'", "does not tell what x is"),
        ("def f(x: float): 'Halve `x`.'", None),
        ("def f(path: Path): 'Read it.'", None),
        ("def f(a: Path, b: Path, c: Path): 'Read it.'", "does not tell what a, b, c is"),
        ("def f(a: Path): pass", "has no docstring"),
        ("def f(a: float):\n  '''F.\n\n  Parameters\n  ----------\n  b : float\n  '''",
         "tells of b, which it does not have"),
        ("def f(a: float, *b: float):\n  '''F.\n\n  Parameters\n  ----------\n  a, *b : float\n"
         "      Metres.\n\n  Returns\n  -------\n  float\n  '''", None),
        ("class C:\n  '''C.\n\n  Attributes\n  ----------\n  a : int\n  '''\n  a: int\n  b: int",
         "does not tell what b is"),
    ],
)  # fmt: skip
def test_a_fault_is_found(source, says):
    (one,) = public(ast.parse(source))
    assert fault(one) == says
