"""The documents say what is there, all of it, and what they show works."""

import json
import re
import shutil
import subprocess
import sys
import types
import typing
from pathlib import Path

import pytest
import typer
from rich.console import Console

from fusemill import errors, ids, pipeline
from fusemill.ask.query import query
from fusemill.audit import frames, suites
from fusemill.cli import app
from fusemill.progress import Progress
from fusemill.project import compositions, models, results
from fusemill.project.declaration import Declaration
from fusemill.project.project import Project
from fusemill.prompts import reading
from fusemill.sampling import recorded
from fusemill.selection import select
from fusemill.train import target as targets

ROOT = Path(__file__).parent.parent
DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ALL = sorted(
    path
    for path in ROOT.rglob("*.md")
    if not {".venv", "releases", "node_modules"} & set(path.relative_to(ROOT).parts)
    and not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
)


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def sections(text: str) -> dict[str, str]:
    """Body of each heading, up to the next one of any level."""
    parts = re.split(r"^#+ (.+)$", without_code(text), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def rows(text: str) -> list[list[str]]:
    """Cells of the lines of the tables in a section, without heads and rules."""
    lines = [line.strip("|").split(" | ") for line in text.splitlines()]
    cells = [[c.strip() for c in line] for line in lines if len(line) > 1]
    return [line for line in cells if line[0].startswith("`")]


# --- links ------------------------------------------------------------


def anchors(path: Path) -> set[str]:
    """Anchors that GitHub makes of a document's headings."""
    found = re.findall(
        r"^#+ (.+)$", without_code(path.read_text("utf-8")), re.MULTILINE
    )
    plain = [re.sub(r"&\w+;", "", heading).lower() for heading in found]
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("path", ALL, ids=lambda p: str(p.relative_to(ROOT)))
def test_relative_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", without_code(path.read_text("utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        there = (path.parent / name).resolve() if name else path
        assert there.exists(), f"{path}: {target}"
        if anchor:
            assert anchor in anchors(there), f"{path}: {target}"


def test_the_tree_of_the_readme_is_there() -> None:
    tree = next(b for b in blocks(read("README.md"), "text") if "src/fusemill/" in b)
    stack: list[str] = []
    for line in tree.splitlines():
        indent, name = len(line) - len(line.lstrip()), line.split()[0]
        stack = [*stack[: indent // 2], name.rstrip("/")]
        path = ROOT.joinpath(*stack)
        assert path.exists(), line
        assert path.is_dir() == name.endswith("/"), line


# --- commands ------------------------------------------------------------


def commands() -> dict[str, list[str]]:
    """Options of every command, by its full name."""
    found: dict[str, list[str]] = {}

    def walk(command: typing.Any, name: str) -> None:
        options = [o for p in command.params for o in p.opts if o.startswith("--")]
        found[name] = options
        for inner, one in getattr(command, "commands", {}).items():
            walk(one, f"{name} {inner}")

    walk(typer.main.get_command(app), "fusemill")
    return found


@pytest.mark.parametrize(("name", "options"), commands().items())
def test_a_command_is_documented_with_its_options(
    name: str, options: list[str]
) -> None:
    there = sections(read("docs/commands.md"))
    assert name in there
    documented = set(re.findall(r"(?<![\w-])--[a-z-]+", there[name]))
    assert documented - {"--help", "--shard"} == set(options) - {"--shard"}
    assert "--shard" not in options or "--shard" in documented


def test_documented_commands_exist() -> None:
    text = read("docs/commands.md")
    there = re.findall(r"^## (fusemill.*)$", text, re.MULTILINE)
    assert sorted(there) == sorted(commands())


def test_exit_codes_are_documented() -> None:
    codes = {
        error.exit_code
        for error in vars(errors).values()
        if isinstance(error, type) and issubclass(error, errors.FusemillError)
    }
    for document in ("README.md", "docs/commands.md"):
        documented = {int(n) for n in re.findall(r"^\| (\d+) \|", read(document), re.M)}
        assert documented == codes | {0, 2, 130}, document


# --- declarations ------------------------------------------------------------


def declared() -> list[type[Declaration]]:
    """Every YAML block."""
    # Imported: their classes exist.
    assert all((compositions, models, results, suites, targets))
    found, queue = [], [Declaration]
    while queue:
        queue += (below := queue.pop().__subclasses__())
        found += [model for model in below if model.__module__.startswith("fusemill.")]
    return found


def section_of(model: type[Declaration]) -> str:
    text = sections(read("docs/declarations.md"))
    (heading,) = [h for h in text if h.endswith(f": `{model.__name__}`")]
    return text[heading]


@pytest.mark.parametrize("model", declared(), ids=lambda m: m.__name__)
def test_a_yaml_block_is_documented_key_by_key(model: type[Declaration]) -> None:
    table = {row[0].strip("`"): row for row in rows(section_of(model))}
    assert set(table) == set(model.model_fields)
    for key, field in model.model_fields.items():
        _, kind, default, *_ = table[key]
        if field.is_required():
            assert default == "required", key
        else:
            stated = json.dumps(field.default)  # a tuple as a list
            assert default == stated, key
        for value in literals(field.annotation):
            assert f"`{value}`" in kind or value in kind.split(), (key, value)
        assert ("null" in kind or key == "revision") == accepts_none(
            field.annotation
        ), key


def literals(annotation: typing.Any) -> list[str]:
    """Words that a key takes."""
    if typing.get_origin(annotation) is typing.Literal:
        return [a for a in typing.get_args(annotation) if isinstance(a, str)]
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return [word for a in typing.get_args(annotation) for word in literals(a)]
    return []


def accepts_none(annotation: typing.Any) -> bool:
    arguments = typing.get_args(annotation)
    if typing.get_origin(annotation) is typing.Annotated:
        return accepts_none(arguments[0])
    return type(None) in arguments


def test_what_statements_take_and_give_is_documented() -> None:
    text = sections(read("docs/declarations.md"))
    for heading, names in {
        "sql/prompts: raw rows to prompts": {**reading.REQUIRED, **reading.OPTIONAL},
        "sql/answers: recorded answers": {**recorded.REQUIRED, **recorded.OPTIONAL},
        "sql/select: rules": select.COLUMNS,
    }.items():
        named = {n for row in rows(text[heading]) for n in re.findall(r"\w+", row[0])}
        assert named == set(names), heading
    for reason in reading.EXCLUSIONS:
        assert f"`{reason}`" in text["sql/prompts: raw rows to prompts"]


def test_parameters_of_the_rules_are_documented() -> None:
    text = sections(read("docs/declarations.md"))
    documented = {
        name
        for row in rows(text["Parameters of the rules in sql/select"])
        for name in re.findall(r"`(\w+)`", row[0])
    }
    for path in (ROOT / "sql/select").glob("*.sql"):
        code = re.sub(r"--.*", "", path.read_text("utf-8"))
        assert set(re.findall(r"\$(\w+)", code)) <= documented, path.name


def test_columns_of_the_frames_are_documented() -> None:
    text = sections(read("docs/declarations.md"))["Columns of the frames"]
    table = {row[0].strip("`"): row[2] for row in rows(text)}
    assert set(table) == set(typing.get_args(frames.Frame))
    for suite in suites.load_suites(ROOT):
        for expectation in suite.expectations:
            used = [v for k, v in expectation.kwargs.items() if k.startswith("column")]
            for name in [n for u in used for n in (u if isinstance(u, list) else [u])]:
                word = re.sub(r"^(chosen|rejected)_(?!id)", "", name)
                assert f"`{word}`" in table[suite.frame], (suite.suite, name)


# --- contract ------------------------------------------------------------


def test_every_outcome_is_documented() -> None:
    text = sections(read("docs/contract.md"))["Statuses"]
    documented = [n for row in rows(text) for n in re.findall(r"`(\w+)`", row[0])]
    assert sorted(documented) == sorted(select.OUTCOMES)


def test_the_vectors_of_the_contract_hold() -> None:
    table = read("docs/contract.md").split("## Test vectors")[1]
    stated = dict(re.findall(r"^\| (.+) \| `(\w+)` \|$", table, re.MULTILINE))
    prompt, config = stated_ids(stated)
    assert (
        ids.response_id(prompt, config, 0, "4")
        == stated['`H("response", prompt, config, 0, "4")`']
    )
    n_checked = 3
    for label, value in stated.items():
        found = re.fullmatch(r"`H\((.+)\)`", label)
        if found and "prompt, config" not in label:
            text = found[1].replace('"0"×40', json.dumps("0" * 40))
            assert ids.H(*json.loads(f"[{text}]")) == value, label
            n_checked += 1
    assert str(ids.seed_base(42, prompt, config)) in stated.values()
    assert str(ids.recorded_draw("4", 0)) in stated.values()
    assert n_checked == len(stated) - 1  # the md5 is DuckDB's, in test_ids.py


def stated_ids(stated: dict[str, str]) -> tuple[str, str]:
    """The first prompt's id and the configuration's hash."""
    config = next(value for label, value in stated.items() if '"config"' in label)
    return next(iter(stated.values())), config


# --- warehouse ------------------------------------------------------------


def blocks(text: str, language: str) -> list[str]:
    pattern = rf"^```{language}\n(.*?)^```$"
    return re.findall(pattern, text, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def tour(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The tour after a run, outside the checkout."""
    folder = tmp_path_factory.mktemp("docs") / "tour"
    leave = shutil.ignore_patterns("data", "warehouse", "releases")
    shutil.copytree(ROOT / "examples/tour", folder, ignore=leave)
    subprocess.run([sys.executable, folder / "generate.py"], check=True)
    project = Project.load(folder)
    pipeline.run(project, Progress(Console(quiet=True)))
    return project


SQL = [
    pytest.param(sql, id=f"{path.stem}-{i}")
    for path in DOCS
    for i, sql in enumerate(blocks(path.read_text("utf-8"), "sql"))
]


@pytest.mark.parametrize("sql", SQL)
def test_a_documented_question_has_an_answer(sql: str, tour: Project) -> None:
    with tour.warehouse.connect(locked=True) as con:
        query(con, sql)


def test_tables_and_columns_are_documented(tour: Project) -> None:
    with tour.warehouse.connect() as con:
        found = con.execute(
            "select table_name, column_name, data_type from information_schema.columns "
            "order by table_name, ordinal_position"
        ).fetchall()
    there: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in found:
        there.setdefault(table, []).append((column, kind))
    documented = {
        name: [(row[0].strip("`"), row[1]) for row in rows(body)]
        for name, body in sections(read("docs/warehouse.md")).items()
        if rows(body)
    }
    assert documented == there
