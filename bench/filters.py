"""How well sql/macros/is_code.sql and is_mathematics.sql tell prompts apart.

Prints recall of code, recall of mathematics and the share of general prompts lost
(either macro says yes), each with its 95 % Wilson interval, over labelled corpora in
the data folder (`--data DIR`, else FUSEMILL_SHARED_DATA, else ../shared/data):

    pooled          just_eval (GPT-4's task tags), zh_belle_eval (classes), zh_moss
                    (categories; the first human turn)
    beside          raw_mix by label, school and contest mathematics, Python exercises,
                    trick questions; and blind, a hundred short everyday prompts
                    (blind_prompts.jsonl), written without the rules in view

`--more FILE...` judges labelled prompts of your own beside them: JSON lines with `text`
and `label` (code, mathematics, general), a corpus a file, named by the file.

The rules were written with the pooled corpora in view, so on other prompts expect
less. `--show WHAT` (code, mathematics, general) lists what was missed or lost. The last
line says what a prompt costs.
"""

import argparse
import math
import os
import time
from collections.abc import Sequence
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parent.parent
POOLED = ("just_eval", "zh_belle_eval", "zh_moss")

# One row a prompt: corpus, text, and what its label says it is.
PROMPTS = r"""
create table prompts as
select
    'just_eval' as corpus,
    instruction as text,
    contains(tags_json, '"coding"') as code,
    contains(tags_json, '"math"') as mathematics,
from read_parquet($data || '/just_eval/tags.parquet')
union all
select 'zh_belle_eval', question, class = 'code', class = 'math'
from read_parquet($data || '/zh_belle_eval/eval_set.parquet')
union all
select
    'zh_moss',
    regexp_replace(chat[1]."Human", '^<\|Human\|>: |<eoh>\s*$', '', 'g'),
    category = 'code',
    false,
from read_parquet($data || '/zh_moss/conversations.parquet')
union all
select
    'raw_mix ' || if(starts_with(domain, 'zh_'), 'zh', 'en'),
    instruction,
    domain in ('code', 'zh_code'),
    domain in ('math', 'zh_math'),
from read_parquet($data || '/raw_mix/mix.parquet')
inner join read_parquet($data || '/raw_mix/labels.parquet') using (id)
where domain not like '%unlabelled'
union all
select distinct 'zeroeval_gsm', question, false, true
from read_parquet($data || '/zeroeval_gsm/responses.parquet')
union all
select distinct 'zeroeval_math_l5', problem, false, true
from read_parquet($data || '/zeroeval_math_l5/responses.parquet')
union all
select distinct 'zh_ruozhiba', instruction, false, false
from read_parquet($data || '/zh_ruozhiba/qa2449.parquet')
union all
select 'cmath', question, false, true
from read_parquet($data || '/benchmarks/cmath.parquet')
union all
select 'gaokao2023en', question, false, true
from read_parquet($data || '/benchmarks/gaokao2023en.parquet')
union all
select 'math500', question, false, true
from read_parquet($data || '/benchmarks/math500.parquet')
union all
select 'mbpp', text, true, false
from read_parquet($data || '/benchmarks/mbpp.parquet')
union all
select 'blind', text, label = 'code', label = 'mathematics'
from read_json($blind, columns = {text: 'varchar', label: 'varchar'})
"""

MORE = """
insert into prompts
select
    $corpus,
    text,
    label = 'code',
    label = 'mathematics',
from read_json($file, columns = {text: 'varchar', label: 'varchar'})
"""

JUDGED = """
create table judged as
select *, is_code(text) as says_code, is_mathematics(text) as says_mathematics,
from prompts
"""

# What a wrong answer is, and among which prompts.
MISSES = {
    "code": ("code", "not says_code"),
    "mathematics": ("mathematics", "not says_mathematics"),
    "general": ("not code and not mathematics", "says_code or says_mathematics"),
}


def wilson(k: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """95 % Wilson score interval of k out of n.

    >>> [round(end, 4) for end in wilson(9, 10)]
    [0.5958, 0.9821]
    """
    share, denominator = k / n, 1 + z * z / n
    middle = share + z * z / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return (middle - half) / denominator, (middle + half) / denominator


def load(data: Path, more: Sequence[Path] = ()) -> duckdb.DuckDBPyConnection:
    """A connection with table `judged`: every labelled prompt and both verdicts."""
    con = duckdb.connect()
    for path in sorted((ROOT / "sql" / "macros").glob("*.sql")):
        con.execute(path.read_text(encoding="utf-8"))
    blind = ROOT / "bench" / "blind_prompts.jsonl"
    con.execute(PROMPTS, {"data": str(data), "blind": str(blind)})
    for file in more:
        con.execute(MORE, {"corpus": file.stem, "file": str(file)})
    con.execute(JUDGED)
    return con


def cost(con: duckdb.DuckDBPyConnection) -> str:
    """What both verdicts on a prompt cost, over all prompts here, on one thread."""
    con.execute("set threads = 1")
    start = time.process_time()
    row = con.execute(
        "select count(*), avg(length(text)), count(*) filter (is_code(text)), "
        "count(*) filter (is_mathematics(text)) from prompts"
    ).fetchone()
    assert row is not None  # an aggregate always has a row
    spent = time.process_time() - start
    size, each = row[1], spent / row[0] * 1e6
    return f"{row[0]:,} prompts of {size:.0f} characters: {each:.0f} µs each"


def count(
    con: duckdb.DuckDBPyConnection, corpora: tuple[str, ...], what: str
) -> tuple[int, int]:
    """How many prompts of one kind were judged wrongly, and how many there are."""
    among, wrong = MISSES[what]
    row = con.execute(
        f"select count(*) filter ({wrong}), count(*) from judged "
        f"where ({among}) and list_contains($corpora, corpus)",
        {"corpora": list(corpora)},
    ).fetchone()
    assert row is not None  # an aggregate always has a row
    return row[0], row[1]


def cell(hits: int, n: int) -> str:
    """Share, interval and count, or a dash where there is nothing to count."""
    if n == 0:
        return "-"
    low, high = wilson(hits, n)
    return f"{hits / n:.3f} [{low:.3f}, {high:.3f}] {hits}/{n}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = os.environ.get("FUSEMILL_SHARED_DATA", ROOT.parent / "shared" / "data")
    parser.add_argument("--data", type=Path, default=Path(default))
    parser.add_argument("--more", type=Path, nargs="*", default=[])
    parser.add_argument("--show", choices=sorted(MISSES))
    options = parser.parse_args()
    con = load(options.data, options.more)
    if options.show:
        among, wrong = MISSES[options.show]
        query = f"select corpus, text from judged where ({among}) and ({wrong})"
        for corpus, text in con.execute(f"{query} order by corpus, text").fetchall():
            print(f"{corpus}: {' '.join(text.split())[:300]}")
        return
    others = con.execute(
        "select distinct corpus from judged order by corpus"
    ).fetchall()
    rows = [("pooled", POOLED)] + [(name, (name,)) for name in POOLED]
    rows += [(name, (name,)) for (name,) in others if name not in POOLED]
    print(f"{'corpus':18}{'recall of code':34}{'recall of mathematics':36}general lost")
    for name, corpora in rows:
        code, n_code = count(con, corpora, "code")
        maths, n_maths = count(con, corpora, "mathematics")
        lost, n_general = count(con, corpora, "general")
        print(
            f"{name:18}{cell(n_code - code, n_code):34}"
            f"{cell(n_maths - maths, n_maths):36}{cell(lost, n_general)}"
        )
    print(cost(con))


if __name__ == "__main__":
    main()
