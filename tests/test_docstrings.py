"""Every public function and class says what its signature can't.

Sources are parsed, never imported. A number has a unit, an array a shape, a table its columns: each
such parameter is told in a numpydoc section, or named in backticks in the text. An entry that only
repeats a name and its type is a fault, and so is an `InputError` that is raised and not told of.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent / "mmm_bayes"
#: Annotations that leave open what a number measures, how long an axis is, what a table holds.
OPEN = re.compile(r"\b(Array|Floats|ndarray|float|int|Any|object|xr\.\w+|pd\.\w+)\b|^$")
#: Parameters that mean the same wherever they stand.
KNOWN = {"seed"}

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


def sections(docstring: str) -> dict[str, str]:
    """Text of each numpydoc section, by its title."""
    section = r"^(\w[^\n]*)\n-+\n(.*?)(?=^\w[^\n]*\n-+\n|\Z)"
    return dict(re.findall(section, docstring, re.M | re.S))


def entries(docstring: str) -> Iterator[tuple[list[str], str, str]]:
    """Names, type and text of each entry in the sections of parameters and attributes."""
    told = sections(docstring)
    for title in ("Parameters", "Attributes"):
        for head, text in re.findall(
            r"^(\S[^\n]*)\n?((?: +[^\n]*\n?|\n)*)", told.get(title, ""), re.M
        ):
            names, _, kind = head.partition(" : ")
            yield [name.strip(" *") for name in names.split(",")], kind, text.strip()


def listed(docstring: str) -> list[str]:
    """Names in the numpydoc sections of parameters and attributes."""
    return [name for names, *_ in entries(docstring) for name in names]


def raises_input_error(node: Definition) -> bool:
    """Whether a function itself raises an error that its user can mend."""
    return isinstance(node, ast.FunctionDef) and any(
        isinstance(inner, ast.Raise)
        and inner.exc is not None
        and "InputError" in ast.unparse(inner.exc)
        for inner in ast.walk(node)
    )


def fault(one: Public) -> str | None:
    """What is wrong with a docstring; None if nothing is."""
    docstring = ast.get_docstring(one.node)
    if docstring is None:
        return "has no docstring"
    for names, kind, text in entries(docstring):
        if not text and not re.search(r"shape|dims|\{", kind):
            return f"only repeats that {', '.join(names)} is {kind}"
    names = listed(docstring)
    if not isinstance(one.node, ast.ClassDef):
        unknown = [name for name in names if name not in one.parameters]
        if unknown:
            return f"tells of {', '.join(unknown)}, which it does not have"
    if raises_input_error(one.node) and "InputError" not in sections(docstring).get("Raises", ""):
        return "does not tell of the InputError that it raises"
    told = {*names, *KNOWN, *re.findall(r"(?<!`)`(\w+)`", docstring)}
    missing = [
        name
        for name, annotation in one.parameters.items()
        if OPEN.search(annotation) and name not in told
    ]
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
    assert {name: message for name, message in found.items() if message} == {}


def documented(head: str, entry: str, text: str = "", *body: str) -> str:
    """Source of a definition with one entry in its docstring."""
    title = "Attributes" if head.startswith("class") else "Parameters"
    lines = ['"""F.', "", title, "-" * 10, entry, *([f"    {text}"] if text else []), '"""']
    return "\n  ".join([f"{head}:", *lines, *body])


@pytest.mark.parametrize(
    "source, message",
    [
        ("def f(x: float): 'Halve it.'", "does not tell what x is"),
        ("def f(x: float): 'Halve `x`.'", None),
        ("def f(a: Path, b: str, seed: int): 'Read it.'", None),
        ("def f(a: Path): pass", "has no docstring"),
        ("def f(a: pd.DataFrame): 'Sum it.'", "does not tell what a is"),
        (
            "def f(a: Path):\n  'F.'\n  raise InputError('no')",
            "does not tell of the InputError that it raises",
        ),
        (
            documented("def f(a: float)", "b : float", "Metres."),
            "tells of b, which it does not have",
        ),
        (documented("def f(a: Path)", "a : Path"), "only repeats that a is Path"),
        (documented("def f(a: Array)", "a : array, shape (time,)"), None),
        (documented("def f(a: float, *b: float)", "a, *b : float", "Metres."), None),
        (documented("class C", "a : int", "Weeks.", "a: int", "b: int"), "does not tell what b is"),
    ],
)
def test_a_fault_is_found(source, message):
    (one,) = public(ast.parse(source))
    assert fault(one) == message
