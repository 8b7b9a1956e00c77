"""A generated warehouse large enough that DuckDB works on it with several threads.

DuckDB shares out tables by row groups of 122,880 rows and Parquet by those of its file
(16,384 here): 245,000 answers make two and fifteen. Everything is made by SQL from row
numbers and md5, so a quarter of a million answers take a second or two.

    set            prompts   models   draws   answers   texts about   scores
    instruction      8,000        4       5   160,000     120 bytes   in steps: many tie
    mathematics      4,250        4       5    85,000     120 bytes   and verdicts
"""

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb

from fusemill import ids
from fusemill.fresh import fresh
from fusemill.identity import checker_hash, configs, scorer_hash
from fusemill.pipeline import prompts
from fusemill.progress import Progress
from fusemill.project.project import Project
from fusemill.warehouse.schema import TABLES

ROOT = Path(__file__).resolve().parent.parent.parent
SIZES = {"instruction": 8_000, "mathematics": 4_250}
N_MODELS, DRAWS = 4, 5
ROWS_A_PART = 50_000
WINDOW = {"gap_min": 0.01, "gap_max": 0.1, "pair_choice": "best_eligible"}
PARAMS: dict[str, dict[str, Any]] = {
    "instruction": {**WINDOW, "sft_share": 0.4, "allow_truncated": False},
    "mathematics": {
        **WINDOW,
        "rejected_statuses": ["failed"],
        "allow_truncated": False,
    },
}


def declare(folder: Path) -> None:
    """The project's declarations (JSON is YAML) and its prompts."""
    for name in ("builders", "registry", "scores", "data", "sql/prompts"):
        (folder / name).mkdir(parents=True)
    shutil.copytree(ROOT / "sql" / "select", folder / "sql" / "select")
    shutil.copytree(ROOT / "sql" / "macros", folder / "sql" / "macros")
    release = {"name": "made", "version": "1.0.0", "title": "Generated"}
    file = {
        "name": "made",
        "requires": ">=0.1",
        "sets": list(SIZES),
        "sampling_seed": 1,
        "split_seed": 1,
        "release": {**release, "allowed_licences": ["cc0-1.0"]},
    }
    _write(folder / "fusemill.yaml", file)
    names = [f"m{i}" for i in range(N_MODELS)]
    model = {"role": "source", "hosted": True, "licence": "cc0-1.0"}
    sampling = {"sampling": {"temperature": 0.8}}
    models = {name: {"model": f"made/{name}", **model, **sampling} for name in names}
    _write(folder / "registry" / "models.yaml", {"models": models})
    (folder / "scores" / "none.py").write_text("def score(rows):\n    return []\n")
    (folder / "sql" / "prompts" / "plain.sql").write_text(
        "select source_row, user_turn(ask) as messages, gold from raw\n"
    )
    for name, n in SIZES.items():
        rows = [{"ask": f"{name} {i}?", "gold": str(i)} for i in range(n)]
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / "data" / f"{name}.jsonl").write_text(lines)
        _write(folder / "builders" / f"{name}.yaml", _builder(name, names))


def _builder(name: str, models: list[str]) -> dict[str, Any]:
    mathematics = name == "mathematics"
    scorer = {"engine": "python", "name": "given", "function": "scores/none.py:score"}
    return {
        "set": name,
        "title": name,
        "category": "mathematics" if mathematics else "instruction_following",
        "language": "en",
        "licence": "cc0-1.0",
        "source": {"files": f"data/{name}.jsonl", "format": "jsonl"},
        "prompts": {"sql": "sql/prompts/plain.sql", "n_prompts": None},
        "answers": [{"engine": "vllm", "models": models, "draws": DRAWS}],
        "scores": [scorer],
        "verify": "mathematics" if mathematics else None,
        "select": {
            "sql": f"sql/select/{name}.sql",
            "score": "given",
            "params": PARAMS[name],
        },
    }


def _write(path: Path, data: dict[str, Any]) -> None:
    path.write_text(json.dumps(data), "utf-8")


# One row an answer; scores in steps of 0.005, so that a third of the best ones tie.
ANSWERS = """
    select
        p.prompt_id,
        p.check_id,
        c.config_hash,
        c.model,
        d.draw,
        md5(p.prompt_id || c.config_hash || d.draw) as response_id,
        -- Some models say the same thing twice.
        repeat(md5(p.prompt_id || c.model || d.draw % 4) || ' ', 4) as text,
        md5(text) as text_id,
        if(hash(response_id) % 50 = 0, 'length', 'stop') as finish_reason,
        (hash(text_id) % 40) * 0.005 as score,
        if(hash(text) % 3 = 0, 'failed', 'passed') as status,
    from asked as p cross join c cross join range($draws) as d(draw)
"""
WRITTEN = {
    "responses": "select *, 'made' as engine from answers",
    "scores": "select distinct prompt_id, text_id, $scorer as scorer_hash, "
    "'given' as scorer, score, 'ok' as status from answers",
    "verdicts": "select distinct text_id, check_id, $checker as checker_hash, "
    "'mathematics' as checker, status from answers where check_id is not null",
}


def fill_warehouse(project: Project) -> None:
    """Read the prompts, then write every answer, score and verdict as parts."""
    prompts(project, Progress())
    for builder in project.builders.values():
        with project.warehouse.connect() as con:
            query = 'select prompt_id, check_id from prompts where "set" = $set'
            asked = con.sql(query, params={"set": builder.set}).to_arrow_table()
            hash_ = scorer_hash(project, builder, builder.scores[0], con)
        given = {"scorer": hash_, "checker": checker_hash(builder) or ""}
        with duckdb.connect() as con:
            con.register("asked", asked)
            con.execute("create table c (config_hash varchar, model varchar)")
            for config in configs(project, builder):
                row = [config.config_hash, config.model]
                con.execute("insert into c values (?, ?)", row)
                text = ids.canonical_json(config.config)
                row_of = {"config_hash": config.config_hash, "config": text}
                project.warehouse.write("configs", [row_of])
            con.execute(f"create table answers as {ANSWERS}", {"draws": DRAWS})
            for table, query in WRITTEN.items():
                params = {k: v for k, v in given.items() if f"${k}" in query}
                _parts(project, con, table, query, params)
    with fresh(project):
        pass


def _parts(
    project: Project,
    con: duckdb.DuckDBPyConnection,
    table: str,
    query: str,
    params: dict[str, str],
) -> None:
    con.execute(f"create or replace table t as {query}", params)
    there = {row[0] for row in con.execute("describe t").fetchall()}
    columns = ", ".join(
        f'"{name}"' if name in there else f'null as "{name}"'
        for name in TABLES[table].names
    )
    data = con.sql(f"select {columns} from t").to_arrow_table()
    for start in range(0, data.num_rows, ROWS_A_PART):
        block = data.slice(start, ROWS_A_PART)
        project.warehouse.write_arrow(table, block.cast(TABLES[table]))
