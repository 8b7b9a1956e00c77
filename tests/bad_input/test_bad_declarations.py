"""YAML that is not as declared: file, line, key, what was found, what is expected."""

from pathlib import Path

import pytest

from small_project import SmallProject, fusemill, refused

TALK = "builders/talk.yaml"
SOURCE = "source: {files: data/talk.jsonl, format: jsonl}\n"

# file, old text, new text, what the message holds
MISTAKES = {
    "unknown key": (
        TALK,
        "title: Talk",
        "title: Talk\ncolour: red",
        ("talk.yaml:3: unknown key `colour`; known keys here: answers, category",),
    ),
    "unknown key in a block": (
        TALK,
        "n_prompts: null",
        "n_prompts: null, n_promts: 5",
        ("talk.yaml:7: unknown key `prompts.n_promts`", "n_prompts, params, sql"),
    ),
    "unknown key in a list": (
        TALK,
        "    sql: sql/answers/plain.sql",
        "    sql: sql/answers/plain.sql\n    draws: 3",
        ("talk.yaml:12: unknown key `answers.0.draws`", "engine, models, params"),
    ),
    "missing key": (
        TALK,
        "title: Talk\n",
        "",
        ("talk.yaml:1: key `title` is missing",),
    ),
    "missing key in a block": (
        TALK,
        ", n_prompts: null",
        "",
        ("talk.yaml:7: key `prompts.n_prompts` is missing",),
    ),
    "missing kind": (
        TALK,
        "- engine: recorded\n    source: {files: data/talk_ans",
        "- source: {files: data/talk_ans",
        ("talk.yaml:9: key `answers.0.engine` is missing",),
    ),
    "unknown kind": (
        TALK,
        "- engine: recorded\n    source: {files: data/talk_ans",
        "- engine: magic\n    source: {files: data/talk_ans",
        ("key `answers.0.engine`: expected one of 'recorded', 'openai'", "found magic"),
    ),
    "text for a number": (
        TALK,
        "n_prompts: null",
        'n_prompts: "5"',
        ('talk.yaml:7: key `prompts.n_prompts`: expected a valid integer; found "5"',),
    ),
    "list for a text": (
        TALK,
        "title: Talk",
        "title: [Talk]",
        ('talk.yaml:2: key `title`: expected a valid string; found ["Talk"]',),
    ),
    "mapping for a parameter": (
        TALK,
        "n_prompts: null",
        "n_prompts: null, params: {most: {a: 5}}",
        ("talk.yaml:7: key `prompts.params.most`: expected", 'or a list; found {"a"'),
    ),
    "number out of range": (
        "fusemill.yaml",
        "split_seed: 7",
        "split_seed: -7",
        ("fusemill.yaml:5: key `split_seed`: expected a number greater", "found -7"),
    ),
    "true for a number": (
        "fusemill.yaml",
        "split_seed: 7",
        "split_seed: true",
        ("fusemill.yaml:5: key `split_seed`: expected a valid integer; found true",),
    ),
    "a version without quotes": (
        "fusemill.yaml",
        "version: 1.0.0",
        "version: 1.0",
        ("fusemill.yaml:8: key `release.version`: expected a valid string; found 1.0",),
    ),
    "NaN": (
        TALK,
        "gap_min: 0.01",
        "gap_min: .nan",
        ("talk.yaml:23: key `select.params.gap_min`: expected a finite number",),
    ),
    "a list as key": (
        TALK,
        "title: Talk",
        "title: Talk\n? [a, b]\n: c",
        ("talk.yaml:1: expected a name as key",),
    ),
    "duplicate key": (
        TALK,
        "title: Talk",
        "title: Talk\ntitle: Tolk",
        ("talk.yaml:3: not valid YAML", 'duplicate key "title"', "Tolk", "Talk"),
    ),
    "not YAML": (TALK, "title: Talk", "title: [Talk", ("talk.yaml:3: not valid YAML",)),
    "a tab": (
        TALK,
        "    gap_min: 0.01",
        "\tgap_min: 0.01",
        ("talk.yaml:23: not valid YAML", "'\\t'"),
    ),
    "a Python object": (
        TALK,
        "title: Talk",
        "title: !!python/object/apply:os.system ['true']",
        ("talk.yaml:2: not valid YAML", "python/object"),
    ),
    "a path out of the project": (
        TALK,
        "sql/prompts/talk.sql",
        "../talk.sql",
        ("talk.yaml:7: key `prompts.sql`: expected a path inside the project",),
    ),
    "the same set twice": (
        "fusemill.yaml",
        "[talk, sums, zh]",
        "[talk, sums, talk]",
        ("fusemill.yaml:3: key `sets`: `talk` is named twice",),
    ),
    "a builder under another name": (
        TALK,
        "set: talk",
        "set: tolk",
        ("talk.yaml: key `set`: expected 'talk'", "found 'tolk'"),
    ),
    "a scorer that is not there": (
        TALK,
        "score: given",
        "score: giwen",
        ("talk.yaml:1: select.score names `giwen`", "['given']"),
    ),
    "a model that is not there": (
        TALK,
        "b: model-b",
        "b: model-c",
        ("model `model-c` is not in registry/models.yaml", "model-a, model-b"),
    ),
    "another fusemill": (
        "fusemill.yaml",
        '">=0.1,<0.2"',
        '">=7"',
        (
            "fusemill.yaml: key `requires`",
            "requires fusemill >=7; this is 0.",
            "Install",
        ),
    ),
    "no version specifier": (
        "fusemill.yaml",
        '">=0.1,<0.2"',
        "latest",
        ("fusemill.yaml: key `requires`", "'>=0.1,<0.2'", "found 'latest'"),
    ),
    "a short revision": (
        TALK,
        SOURCE,
        "source: {hub: a/b, revision: abc1234, files: x, format: jsonl}\n",
        ("talk.yaml:6: key `source.revision`", "40 hex digits", 'found "abc1234"'),
    ),
    "a branch": (
        TALK,
        SOURCE,
        "source: {hub: a/b, revision: main, files: x, format: jsonl}\n",
        ("talk.yaml:6: key `source.revision`", "40 hex digits", 'found "main"'),
    ),
    "an unpinned Hub set": (
        TALK,
        SOURCE,
        "source: {hub: a/b, revision: null, files: x, format: jsonl}\n",
        ("talk.yaml: source: a/b is not pinned", "full commit", "40 hex digits"),
    ),
    "a revision of nothing": (
        TALK,
        SOURCE,
        f"source: {{revision: {'a' * 40}, files: x, format: jsonl}}\n",
        ("talk.yaml:6: key `source`: `revision` and `stream` belong to a Hub set",),
    ),
    "a share beyond one": (
        TALK,
        "sft_share: 0.4",
        "sft_share: 4",
        ("talk.yaml", "`sft_share`: expected a number from 0 to 1, found 4"),
    ),
    "a choice that is none": (
        TALK,
        "pair_choice: best_eligible",
        "pair_choice: best",
        ("`pair_choice`: expected best_eligible or global_best, found 'best'",),
    ),
    "a window that ends before it begins": (
        TALK,
        "gap_min: 0.01",
        "gap_min: 0.5",
        ("`gap_min` 0.5 is greater than `gap_max` 0.1",),
    ),
    "a text for a truth": (
        TALK,
        "allow_truncated: false",
        "allow_truncated: nein",
        ("`allow_truncated`: expected true or false, found 'nein'",),
    ),
    "an unknown format": (
        TALK,
        SOURCE,
        "source: {files: x, format: xlsx}\n",
        ("talk.yaml:6: key `source.format`: expected 'parquet', 'jsonl'", '"xlsx"'),
    ),
    "data without --data": (
        TALK,
        "files: data/talk.jsonl",
        "files: '${data}/talk.jsonl'",
        ("talk.yaml: source: `${data}/talk.jsonl` needs a data folder", "--data DIR"),
    ),
    "another variable": (
        TALK,
        "files: data/talk.jsonl",
        "files: '${HOME}/talk.jsonl'",
        ("talk.yaml: source: `${HOME}/talk.jsonl`: only ${data}",),
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake_is_told(small: SmallProject, name: str) -> None:
    file, old, new, needles = MISTAKES[name]
    before = small.read(file)
    small.change(file, old, new)
    refused(small.cli("prompts"), *needles)
    assert small.parts() == {}
    small.write(file, before)
    small.ok("doctor")


def test_every_mistake_of_a_file_is_told_at_once(small: SmallProject) -> None:
    small.change("builders/talk.yaml", "title: Talk\n", "")
    small.change("builders/talk.yaml", "n_prompts: null", "n_prompts: 0")
    said = small.cli("doctor")
    refused(said, "key `title` is missing", "key `prompts.n_prompts`", "found 0")
    assert len(said.err.splitlines()) == 2


@pytest.mark.parametrize(
    ("content", "needles"),
    [
        (b"", ("talk.yaml:1: expected a mapping of keys to values; found null",)),
        (b"- a\n", ('talk.yaml:1: expected a mapping of keys to values; found ["a"]',)),
        (
            b"set: Gr\xfcn\n",
            ("talk.yaml: byte 7 is not UTF-8; save the file as UTF-8",),
        ),
        (b"a: b\n---\na: c\n", ("talk.yaml:2: not valid YAML: but found another",)),
        (b"title: a\x07b\n", ("talk.yaml: not valid YAML", "#x0007")),
    ],
)
def test_file_that_is_no_declaration(
    small: SmallProject, content: bytes, needles: tuple[str, ...]
) -> None:
    small.write("builders/talk.yaml", content)
    refused(small.cli("doctor"), *needles)


def test_line_ends_and_byte_order_mark_of_other_systems(small: SmallProject) -> None:
    text = small.read("builders/talk.yaml").replace("\n", "\r\n")
    small.write("builders/talk.yaml", b"\xef\xbb\xbf" + text.encode())
    small.ok("prompts", "--only", "talk")
    assert small.ask("select count(*) as n from plan") == [{"n": 12}]


def test_files_that_are_not_there(small: SmallProject, tmp_path: Path) -> None:
    refused(
        fusemill("doctor", "--project", tmp_path),
        f"{tmp_path / 'fusemill.yaml'}: no such file",
        "is not a fusemill project",
        "fusemill init DIR",
        "--project DIR",
    )
    refused(small.cli("run", "--data", "/nowhere"), "--data /nowhere: no such folder")
    refused(
        small.cli("run", "--only", "tolk"),
        "fusemill.yaml: no set named tolk",
        "talk, sums, zh",
    )
    (small.root / "builders/talk.yaml").unlink()
    refused(small.cli("doctor"), "builders/talk.yaml: no such file")
    (small.root / "builders/talk.yaml").mkdir()
    refused(small.cli("doctor"), "talk.yaml: cannot be read: Is a directory")


def test_shard_that_is_none(small: SmallProject) -> None:
    for shard in ("4/4", "0/0", "1", "a/b", "-1/2"):
        said = small.cli("sample", "--shard", shard)
        refused(said, f"--shard {shard}: expected i/n with 0 <= i < n")


def test_init_overwrites_nothing(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    refused(fusemill("init", mine), str(mine), "a new or empty folder", "nothing was")
    assert [path.name for path in mine.iterdir()] == ["thesis.txt"]
    refused(fusemill("init", mine / "thesis.txt"), "a new or empty folder")
    assert (mine / "thesis.txt").read_text() == "years of work"
