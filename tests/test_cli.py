"""The command line: what it prints, what it refuses, and its exit codes."""

import csv
import json
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from fusemill.warehouse import Warehouse
from small_files import N_ANSWERS, N_ROWS, OUTCOMES
from small_project import ROOT, SmallProject, fusemill, refused

COUNTS = 'select "set", count(*) as n from plan group by 1 order by 1'
COUNTED = [{"set": "sums", "n": 6}, {"set": "talk", "n": 12}, {"set": "zh", "n": 4}]
# prompt_id of the conversation with the one turn `Name a tree.`, by sha256sum.
TREE = "275097e934230d70081e373ef8aff7df"
HEAVY = ("duckdb", "pyarrow", "great_expectations", "datasets", "polars", "pydantic")


def test_help_imports_nothing_heavy() -> None:
    code = "import sys, fusemill.cli; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "fusemill" in loaded
    assert loaded.isdisjoint(HEAVY), loaded.intersection(HEAVY)


def test_sql_formats(finished: SmallProject, tmp_path: Path) -> None:
    assert finished.ask(COUNTS) == COUNTED
    said = finished.ok("sql", COUNTS, "--csv").out
    assert said == "set,n\nsums,6\ntalk,12\nzh,4\n"
    file = tmp_path / "counts.parquet"
    finished.ok("sql", COUNTS, "--parquet", file)
    assert pq.read_table(file).to_pylist() == COUNTED
    grid = finished.ok("sql", COUNTS).out
    assert "(3 rows)" in grid
    both = finished.cli("sql", COUNTS, "--csv", "--json")
    assert both.code == 2


def test_sql_writes_a_parquet_file_whole_or_not_at_all(
    finished: SmallProject, tmp_path: Path
) -> None:
    target = tmp_path / "out.parquet"
    target.write_bytes(b"there before")
    interval = "select interval 1 month as one"
    refused(finished.cli("sql", interval, "--parquet", target), "cannot be written")
    assert target.read_bytes() == b"there before"
    finished.ok("sql", "select 1 as one", "--parquet", target)
    assert pq.read_table(target).to_pylist() == [{"one": 1}]
    assert [path.name for path in tmp_path.iterdir()] == ["out.parquet"]


def test_sql_values(finished: SmallProject) -> None:
    """What JSON and CSV have no form for: infinities, decimals, lists, quotes."""
    query = (
        "select 'a\"b,c' as t, 'inf'::double as f, 0.05::decimal(18, 6) as d, "
        "[1, 2] as l, null as n, '你好' as z, chr(27) || '[31m' as escape, "
        "sum(9007199254740993) as big"
    )
    [row] = finished.ask(query)
    expected = {"t": 'a"b,c', "f": None, "d": 0.05, "l": [1, 2], "n": None, "z": "你好"}
    assert row == {**expected, "escape": "\x1b[31m", "big": 9007199254740993}
    [read] = csv.DictReader(StringIO(finished.ok("sql", query, "--csv").out))
    assert (read["t"], read["d"], read["l"]) == ('a"b,c', "0.050000", "[1, 2]")
    assert "\x1b" not in finished.ok("sql", query).out


def test_sql_of_every_table(finished: SmallProject) -> None:
    """The tables that `fusemill sql --help` names."""
    rows = {
        "prompts": 22,
        "plan": 22,
        "configs": 2,
        "responses": 22,
        "scores": 20,
        "verdicts": 5,
        "selections": 3,
        "outcomes": 22,
        "sft": 5,
        "dpo": 6,  # 4 pairs for DPO, and 2 of prompts that went to SFT
        "retractions": 0,
        "prompt_texts": 22,
        "response_texts": 22,
        "answers": 22,
    }
    query = " union all ".join(
        f"select '{name}' as name, count(*) as n from {name}" for name in rows
    )
    assert {row["name"]: row["n"] for row in finished.ask(query)} == rows


@pytest.mark.parametrize(
    ("query", "needle"),
    [
        ("create table t (a int)", "found create"),
        ("insert into plan select * from plan", "found insert"),
        ("update plan set status = 'ready'", "found update"),
        ("delete from responses", "found delete"),
        ("drop table plan", "found drop"),
        ("attach '/etc/passwd' as p", "found attach"),
        ("copy plan to 'warehouse/parts/x.parquet'", "found copy"),
        ("install httpfs", "found load"),
        ("load httpfs", "found load"),
        ("set enable_external_access = true", "found set"),
        ("pragma database_list", "this command only asks"),
        ("select 1; select 2", "expected one statement, found 2"),
        ("", "expected one statement, found 0"),
        ("explain analyze select 1", "only asks"),
        ("from read_csv('/etc/passwd')", "/etc/passwd"),
        ("from read_text('/etc/passwd')", "/etc/passwd"),
        ("from '/etc/passwd.parquet'", "/etc/passwd"),
        ("select * from glob('/etc/*')", "/etc"),
        ("from read_csv('http://127.0.0.1:9/x.csv')", "127.0.0.1:9"),
        ("select getenv('HOME')", "getenv"),
        ("select text from responses", "texts are in the view response_texts"),
        ("select nothing from plan", "nothing"),
        ("select 1 as a, 2 as a", "two columns are named `a`"),
        ("selec 1", "expected a question such as `select "),
    ],
)
def test_sql_refuses(finished: SmallProject, query: str, needle: str) -> None:
    before = finished.parts()
    refused(finished.cli("sql", query), needle)
    assert finished.parts() == before


def test_sql_reads_nothing_of_the_project(finished: SmallProject) -> None:
    file = finished.root / "fusemill.yaml"
    refused(finished.cli("sql", f"from read_text('{file}')"), file)


def test_sql_explains(finished: SmallProject) -> None:
    assert finished.ok("sql", "explain select count(*) from plan").out


def test_status(finished: SmallProject) -> None:
    said = json.loads(finished.ok("status", "--json").out)
    assert said["project"] == "small"
    assert said["n_parts"] == len(finished.parts())
    assert said["releases"] == ["small 1.0.0"]
    assert said["trial"] is None
    assert said["sets"] == [
        {
            "set": name,
            "n_rows": N_ROWS[name],
            "n_answers": N_ANSWERS[name],
            "state": "promoted",
            "rows": OUTCOMES[name],
        }
        for name in ("talk", "sums", "zh")
    ]
    shown = finished.ok("status").out
    assert "promoted" in shown
    assert "releases: small 1.0.0" in shown


def test_status_before_anything(small: SmallProject) -> None:
    refused(small.cli("status"), "no snapshot here yet", "fusemill run")


def explained(project: SmallProject, id_: str) -> dict[str, Any]:
    [one] = json.loads(project.ok("explain", id_, "--json").out)
    assert one["asked"] == id_
    return dict(one)


def id_of(project: SmallProject, text: str) -> str:
    query = f"select response_id from response_texts where text = '{text}'"
    [row] = project.ask(query)
    return str(row["response_id"])


def test_explain_an_answer(finished: SmallProject) -> None:
    """The worse half of the sums' only pair: 0.15 - 0.10."""
    id_ = id_of(finished, "0.10 | The answer is 5.")
    one = explained(finished, id_)
    assert (one["kind"], one["set"], one["source_row"]) == ("response", "sums", 0)
    raw = {k: v for k, v in one["raw_row"].items() if k != "source_row"}
    assert raw == {"question": "2 + 2?", "gold": "4"}
    assert one["messages"] == [{"role": "user", "content": "2 + 2?"}]
    answer = one["answer"]
    assert answer["text"] == "0.10 | The answer is 5."
    assert answer["config"] == {"model": "made-up/a"}
    assert answer["engine"] == "recorded"
    assert [(s[0], *s[2:]) for s in answer["scores"]] == [("tagged", 0.1, "ok")]
    found = [(a["used_as"], a["score"], a["verdict"]) for a in one["answers"]]
    assert found == [("chosen", 0.15, "passed"), ("rejected", 0.1, "failed")]
    assert one["outcome"] == "dpo"
    assert "sql/select/mathematics.sql chose chosen: model-a" in one["why"]
    assert "score 0.1, failed" in one["why"]
    [release] = one["releases"]
    row = release.pop("row")
    file = {"release": "small", "version": "1.0.0", "file": "dpo/train.parquet"}
    assert release == file
    data = pq.read_table(finished.root / "releases/small/1.0.0/dpo/train.parquet")
    rejected = data["rejected"][row].as_py()
    assert rejected == [{"role": "assistant", "content": answer["text"]}]


def test_explain_for_people(finished: SmallProject) -> None:
    id_ = id_of(finished, "0.10 | The answer is 5.")
    said = " ".join(finished.ok("explain", id_).out.split())
    for needle in (
        f"response {id_}",
        "source sums, row 0 of sums.json",
        '"question": "2 + 2?"',
        "gold 4",
        "outcome dpo",
        'request {"model": "made-up/a"}',
        "score 0.1 by tagged (ok)",
        "released small 1.0.0, dpo/train.parquet row",
        "passed stop chosen",
        "failed stop rejected",
    ):
        assert needle in said


def test_explain_a_prompt(finished: SmallProject) -> None:
    one = explained(finished, TREE)
    assert (one["kind"], one["set"], one["source_row"]) == ("prompt", "talk", 2)
    assert one["raw_row"]["ask"] == "Name a tree."
    assert one["outcome"] == "no_pair_in_window"
    assert "model-b 0.900000 - 0.100000 = 0.800000" in one["why"]
    assert [a["score"] for a in one["answers"]] == [0.9, 0.1]
    assert [a["verdict"] for a in one["answers"]] == [None, None]
    assert (one["answer"], one["releases"]) == (None, [])


def test_explain_says_why_there_is_no_pair(whole: SmallProject) -> None:
    """Cut answers do not count, and global_best looks at one source only."""
    whole.change("builders/talk.yaml", "gap_max: 0.1", "gap_max: 0.9")
    line = '{"ask": "Name a tree.", "model": "b", "text": "O", "score": 0.95, '
    answers = whole.read("data/talk_answers.jsonl")
    cut = line + '"finish_reason": "length"}\n'
    a = cut.replace('"b"', '"a"').replace("0.95", "0.97").replace("length", "stop")
    whole.write("data/talk_answers.jsonl", answers + cut + a.replace('"O"', '"Elm."'))
    whole.change("builders/talk.yaml", "best_eligible", "global_best")
    for stage in ("sample", "score", "select"):
        whole.ok(stage)
    one = explained(whole, TREE)
    assert one["outcome"] == "no_pair_in_window"
    assert one["why"] == (
        "the best answer is of model-a, and with pair_choice global_best that source "
        "must have a gap in the window: model-a 0.970000 - 0.970000 = 0.000000, one "
        "answer; model-b 0.900000 - 0.100000 = 0.800000 (1 cut answers do not count)"
    )


def test_explain_what_was_taken_back(whole: SmallProject) -> None:
    id_ = id_of(whole, "Oak.")
    said = ("--reason", "asked for", "--who", "me")
    whole.ok("warehouse", "retract", "responses", id_, *said)
    assert explained(whole, id_)["retracted"] == "by me: asked for"
    assert "retracted by me: asked for" in " ".join(
        whole.ok("explain", id_).out.split()
    )
    again = whole.cli("warehouse", "retract", "responses", id_, *said)
    refused(again, "retracted already, by me: asked for")


def test_explain_a_conversation_that_stands_in_many_rows(small: SmallProject) -> None:
    small.rows("data/talk.jsonl", [{"ask": "Name a tree.", "topic": ""}] * 7)
    small.change("fusemill.yaml", "[talk, sums, zh]", "[talk]")
    small.ok("prompts")
    one = explained(small, TREE)
    assert (one["source_row"], one["n_duplicates"]) == (0, 6)
    assert "and 6 more rows with this conversation" in small.ok("explain", TREE).out


def test_explain_a_duplicate(finished: SmallProject) -> None:
    """In talk, which keeps it, first."""
    id_ = id_of(finished, "Red.")
    said = json.loads(finished.ok("explain", id_, "--json").out)
    found = [(one["set"], one["source_row"], one["outcome"]) for one in said]
    assert found[0][:2] == ("talk", 0)
    assert found[1:] == [("sums", 4, "duplicate")]
    assert said[1]["why"] == "the same conversation is kept as row 0 of talk"
    assert said[0]["releases"]
    assert said[1]["releases"] == []


def test_explain_shows_a_raw_row_only_as_it_was_read(whole: SmallProject) -> None:
    whole.change("data/talk.jsonl", "Name a tree.", "Name a plant.")
    assert explained(whole, TREE)["raw_row"] is None
    assert "not at hand as it was read" in whole.ok("explain", TREE).out


def test_explain_by_the_checker_of_today(whole: SmallProject) -> None:
    """Verdicts of a checker before stay; an answer is told once, by the present one."""
    [row] = whole.ask(
        "select response_id, text_id, check_id from verdicts "
        "inner join responses using (text_id) where extracted = '7'"
    )
    older = {"text_id": row["text_id"], "check_id": row["check_id"]}
    older |= {"checker_hash": "0" * 32, "checker": "older", "status": "passed"}
    Warehouse(whole.root / "warehouse").write("verdicts", [older])
    whole.ok("prompts")
    answers = explained(whole, row["response_id"])["answers"]
    assert [answer["verdict"] for answer in answers] == ["failed", "failed"]


@pytest.mark.parametrize("id_", ["f" * 32, "nothing", ""])
def test_explain_unknown_id(finished: SmallProject, id_: str) -> None:
    refused(finished.cli("explain", id_), "no answer and no prompt has this id")


def test_doctor_on_the_projects_of_this_repository() -> None:
    said = fusemill("doctor", "--project", ROOT)
    assert said.code == 0, said.out + said.err
    assert "0 to mend" in said.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("status", "--jsno"),
        ("nothing",),
        ("run", "--limit", "0"),
        ("run", "--limit", "many"),
        ("explain",),
    ],
)
def test_unknown_option_or_argument(small: SmallProject, arguments: Any) -> None:
    said = small.cli(*arguments)
    assert said.code == 2, said.err
    assert "Traceback" not in said.err
    assert not (small.root / "warehouse").exists()


def test_lock_held_by_another_process(whole: SmallProject) -> None:
    holder = (
        "import sys; from pathlib import Path\n"
        "from fusemill.warehouse import Warehouse\n"
        "with Warehouse(Path(sys.argv[1])).lock('fusemill sample'):\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(whole.root / "warehouse")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        said = whole.cli("run")
        refused(said, f"process {other.pid}", "(fusemill sample)", code=4)
        assert whole.ask(COUNTS) == COUNTED  # reading needs no lock
        assert whole.cli("status").code == 0
        other.communicate("")
    assert whole.cli("select").code == 0
