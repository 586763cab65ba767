"""What the documents say can be done: commands parse, links and files exist, names import.

Sources are read and nothing is run, so a command that samples for an hour is checked in a moment.
"""

import ast
import importlib
import inspect
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
import typer
from pydantic import BaseModel
from test_layers import LAYERS

from mmm_bayes.cli import app
from mmm_bayes.data import Description

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "notebooks").glob("*.md")),
    *sorted((ROOT / "notebooks").glob("*.py")),
]
FOLDERS = {
    "mmm_bayes", "models", "docs", "tests", "scripts", "data", "results", "benchmarks",
    "notebooks", ".ci",
}  # fmt: skip
#: What runs make is named and is not part of the repository.
MADE = {"notebooks/.runs"}
FILES = (".py", ".toml", ".csv", ".json", ".md", ".nc", ".html")


def prose(page: Path) -> str:
    """A page's text; of a notebook, its text cells."""
    text = page.read_text("utf-8")
    if page.suffix == ".md":
        return text
    cells = re.findall(r"^# %% \[markdown\]\n((?:#.*\n)+)", text, re.MULTILINE)
    return "\n".join(re.sub("^# ?", "", cell, flags=re.MULTILINE) for cell in cells)


def blocks(text: str) -> list[tuple[str, str]]:
    """Language and text of the fenced blocks."""
    return re.findall(r"^```(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def inline(text: str) -> list[str]:
    """What stands between single backticks, outside of fenced blocks."""
    rest = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return [" ".join(code.split()) for code in re.findall(r"(?<!`)`([^`]+)`(?!`)", rest)]


def commands(text: str) -> Iterator[str]:
    """Every `mmm-bayes` command line, in blocks, in indented text and inline."""
    lines = [line for _, block in blocks(text) for line in block.splitlines()]
    lines += [line for line in text.splitlines() if line.startswith("    ")]
    for line in [*lines, *inline(text)]:
        found = re.search(r"mmm-bayes( [^'|]*)", line.split("  #")[0])
        if found and not found[1].strip().startswith("="):
            yield found[0].strip()


def refusal(line: str) -> str | None:
    """Why the command line would not take a command; None if it would."""
    _, *words = shlex.split(re.sub(r"\$\([^)]*\)", "X", line))  # what a shell would put there
    group: Any = typer.main.get_command(app)
    if words == ["--help"]:
        return None
    command = group.commands.get(words[0])
    if command is None:
        return f"no command {words[0]!r}"
    context = command.make_context(words[0], [], resilient_parsing=True)
    context.resilient_parsing = False
    try:
        values, rest, _ = command.make_parser(context).parse_args(words[1:])
    except Exception as problem:
        # An option that is only named, as in "see mmm-bayes fit --stream", has no value.
        named = words[-1].startswith("--") and "requires an argument" in str(problem)
        return None if named else str(problem)
    kinds = get_type_hints(inspect.unwrap(command.callback))
    for name, value in values.items():
        numeric = {int, float} & {kinds[name], *get_args(kinds[name])}
        if numeric and isinstance(value, str) and not re.fullmatch(r"-?[\d.]+", value):
            return f"{name} takes a number, not {value!r}"
    return f"too many arguments: {rest}" if rest else None


ALL_COMMANDS = sorted({line for page in PAGES for line in commands(prose(page))})


def test_there_are_commands_to_check():
    assert len(ALL_COMMANDS) > 30


@pytest.mark.parametrize("line", ALL_COMMANDS)
def test_a_quoted_command_parses(line):
    assert refusal(line) is None, line


@pytest.mark.parametrize(
    "line",
    ["mmm-bayes predict RUN", "mmm-bayes fit no_mediation a.toml --links log",
     "mmm-bayes fit no_mediation a.toml --draws many", "mmm-bayes check a.toml b.toml"],
)  # fmt: skip
def test_a_wrong_command_is_found(line):
    assert refusal(line) is not None


def options() -> set[str]:
    group: Any = typer.main.get_command(app)
    return {
        name
        for command in group.commands.values()
        for parameter in command.params
        for name in getattr(parameter, "opts", [])
    } | {"--help"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_quoted_option_exists(page):
    quoted = {code.split()[0].split("=")[0] for code in inline(prose(page)) if code[:2] == "--"}
    assert quoted <= options()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_make_target_exists(page):
    text = prose(page)
    quoted = re.findall(r"`make(?: -k)? ([a-z]+)", text) + re.findall(
        r"^    make(?: -k)? ([a-z]+)", text, re.MULTILINE
    )
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert set(quoted) <= set(targets)


def anchor(heading: str) -> str:
    """A heading's anchor, as GitHub makes it."""
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return kept.replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_link_leads_somewhere(page):
    wrong = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match("https?:", target):
            continue
        name, _, part = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        if not path.exists():
            wrong.append(f"{target}: no such file")
        elif part and path.suffix == ".md":
            headings = re.findall(r"^#+ (.*)$", path.read_text("utf-8"), re.MULTILINE)
            if part not in map(anchor, headings):
                wrong.append(f"{target}: no such heading")
    assert not wrong


def is_path(code: str) -> bool:
    return bool(re.fullmatch(r"[\w.\-]+(/[\w.\-*]+)+/?|\w+/", code)) and "NAME" not in code


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_file_that_is_named_exists(page):
    wrong = []
    for code in inline(prose(page)):
        first = code.split("/")[0]
        if not is_path(code) or code in MADE or "RUN" in code or "OTHER" in code:
            continue
        if first in FOLDERS:
            place = ROOT
        elif first in LAYERS:
            place = ROOT / "mmm_bayes"
        else:
            continue
        if not list(place.glob(code.rstrip("/"))):
            wrong.append(code)
    assert not wrong


def importable(dotted: str) -> bool:
    """Whether a dotted name is a module, or a chain of attributes of one."""
    parts = dotted.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for name in parts[cut:]:
            fields = getattr(found, "__dataclass_fields__", {})
            if not hasattr(found, name) and name not in fields:
                return False
            found = getattr(found, name, None)
        return True
    return False


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_name_can_be_imported(page):
    wrong = []
    for code in inline(prose(page)):
        dotted = re.match(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+(?=\(|$)", code)
        if dotted is None or dotted[0].endswith(
            (".py", ".toml", ".csv", ".json", ".md", ".nc", ".html")
        ):
            continue
        first = dotted[0].split(".")[0]
        full = {"mmm": dotted[0].replace("mmm.", "mmm_bayes.", 1), "mmm_bayes": dotted[0]}.get(
            first, f"mmm_bayes.{dotted[0]}" if first in LAYERS else ""
        )
        if full and not importable(full):
            wrong.append(code)
    assert not wrong


def test_a_wrong_name_is_found():
    assert importable("mmm_bayes.data.design.Scaling.intensity")
    assert importable("mmm_bayes.data.design.Scaling.outcome")
    assert not importable("mmm_bayes.data.design.Scale")
    assert not importable("mmm_bayes.no_such_module.thing")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_python_in_a_page_imports_what_there_is(page):
    wrong = []
    for language, block in blocks(prose(page)):
        if language != "python":
            continue
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mmm_bayes"):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
                wrong += [name for name in names if not importable(name)]
    assert not wrong


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_description_in_a_page_is_one(page):
    for language, block in blocks(prose(page)):
        if language == "toml" and "file" in tomllib.loads(block):
            Description.model_validate(tomllib.loads(block))


def sections(model: type[BaseModel]) -> set[type[BaseModel]]:
    """A model and all that its fields hold."""
    found = {model}
    for field in model.model_fields.values():
        for kind in (field.annotation, *get_args(field.annotation)):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                found |= sections(kind)
    return found


def test_every_key_of_a_description_is_described():
    """The example has every key there is, and says of each choice what is allowed."""
    ((_, block),) = blocks((ROOT / "docs/describing-a-table.md").read_text("utf-8"))
    kinds = sections(Description)
    assert len(kinds) > 8
    for kind in kinds:
        for name, field in kind.model_fields.items():
            if name in ("dist", "q05", "q95"):
                assert f"{name} =" in block
                continue
            assert re.search(rf"^(\[?){name}\b", block, re.MULTILINE), f"{kind.__name__}.{name}"
            for part in (field.annotation, *get_args(field.annotation)):
                if get_origin(part) is Literal:
                    lines = re.findall(rf"^{name} .*$", block, re.MULTILINE)
                    assert lines, name
                    missing = [
                        one for one in get_args(part) for line in lines if f'"{one}"' not in line
                    ]
                    assert not missing, f"{name}: {missing}"


def test_the_architecture_names_every_room():
    rooms = {
        path.stem
        for path in (ROOT / "mmm_bayes").iterdir()
        if not path.stem.startswith("_") and path.suffix != ".typed"
    }
    assert sorted(LAYERS) == sorted(rooms)


def test_a_prior_of_the_method_is_one(build):
    from mmm_bayes.model.terms.priors import default_priors

    text = (ROOT / "docs/method.md").read_text("utf-8")
    table = text.split("| parameter | prior | in words |")[1].split("\n\n")[0]
    named = [
        name
        for line in table.splitlines()[2:]
        for name in re.findall("`([a-z_]+)`", line.split("|")[1])
    ]
    assert len(named) > 10
    known = {
        name
        for link in ("identity", "log")
        for name in default_priors(
            build("panel", units=2, link=link, likelihood="student_t", owned=True).design, 1.0, 1.0
        )
    }
    assert set(named) <= known


def test_every_reference_of_the_method_can_be_found():
    text = (ROOT / "docs/method.md").read_text("utf-8")
    body, references = text.split("## References\n")
    lines = [line for line in references.splitlines() if line.startswith("* ")]
    assert len(lines) > 30
    for line in lines:
        assert re.search(r"doi:\[(10\.\S+)\]\(https://doi\.org/\1\)$|Google Research|DFVLR", line)
    # Whoever is cited stands in the list: by the first name and the year.
    cited = set(re.findall(r"([A-Z][\w\-äáíö]+)(?:,? [A-Z][\w\-äáíö]+| et al\.)* (\d{4})", body))
    listed = {
        (re.split(r"[, ]", line[2:])[0], year)
        for line in lines
        for year in re.findall(r" (\d{4}),", line)
    }
    assert cited, "the pattern finds no citation"
    assert cited <= listed
