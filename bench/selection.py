"""Selection at the recipe's size: SQL beside fetching and looping in Python.

    python bench/selection.py [--folder DIR] [--share 1.0]

1. choosing: the same ids by the rules' SQL, and by fetching every candidate and looping
   over it in Python, as annotation scripts do; both from the rules' inputs;
2. for information, an orjson script that reads the same candidates from JSON lines;
3. building the snapshot from the parts;
4. a full release beside one bare scan and write of the same bytes (the files it made),
   with the peak memory of each (own processes).
"""

import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from decimal import Decimal
from hashlib import md5
from pathlib import Path

import paper_scale
from fusemill import identity
from fusemill.project import Project
from fusemill.selection.select import make_inputs, run_rule
from fusemill.warehouse.parts import list_parts

FIELDS = "prompt_id, source, response_id, finish_reason, score, verdict"
TIMES = 5


def best(function, *arguments):
    """(seconds of the fastest of a few runs, its result)."""
    fastest, result = float("inf"), None
    for _ in range(TIMES):
        started = time.perf_counter()
        result = function(*arguments)
        fastest = min(fastest, time.perf_counter() - started)
    return fastest, result


def in_sql(con, project, builder):
    """prompt_id, outcome, answer, chosen, rejected as Arrow, by the rule itself."""
    run_rule(con, project, builder)
    return con.sql(
        "select prompt_id, outcome, response_id, chosen_id, rejected_id from selected"
    ).to_arrow_table()


def fetched(con):
    """Every candidate, as Python tuples."""
    return con.execute(f"select {FIELDS} from candidates").fetchall()


def in_python(con, builder, seed):
    """The same, by fetching and looping."""
    rule = Path(builder.select.sql).stem
    prompts = defaultdict(list)
    for row in fetched(con):
        if row[3] != "length":
            prompts[row[0]].append(row)
    return LOOPS[rule](prompts, builder.select.params, seed)


def loop_instruction(prompts, params, seed):
    """Eligible prompts by window, split by hash, best answer or best pair."""
    low, high = micro(params["gap_min"]), micro(params["gap_max"])
    chosen, eligible = {}, []
    for prompt, rows in prompts.items():
        answer, pair = None, None
        best_of, worst_of = {}, {}
        for _, source, response, _, score, _ in rows:
            points = round(score * 1_000_000)
            up, down = (-points, response), (points, response)
            if source not in best_of or up < best_of[source]:
                best_of[source] = up
            if source not in worst_of or down < worst_of[source]:
                worst_of[source] = down
        for source, up in best_of.items():
            down = worst_of[source]
            if answer is None or up < answer:
                answer = up
            gap = -up[0] - down[0]
            if (
                up[1] != down[1]
                and low <= gap <= high
                and (pair is None or up < pair[0])
            ):
                pair = (up, down)
        if pair is None:
            chosen[prompt] = ("no_pair_in_window", None, None, None)
        else:
            place = md5(f"{seed}:{prompt}".encode()).hexdigest()
            eligible.append((place, prompt, answer, pair))
    eligible.sort()
    n_sft = int(Decimal(str(params["sft_share"])) * len(eligible))
    for i, (_, prompt, answer, pair) in enumerate(eligible):
        ids = (pair[0][1], pair[1][1])
        chosen[prompt] = ("sft", answer[1], *ids) if i < n_sft else ("dpo", None, *ids)
    return chosen


def loop_mathematics(prompts, params, seed):
    """Best correct against worst incorrect of one source, else the best correct."""
    low, high = micro(params["gap_min"]), micro(params["gap_max"])
    rejected = set(params["rejected_statuses"])
    chosen = {}
    for prompt, rows in prompts.items():
        best_of, worst_of = {}, {}
        for _, source, response, _, score, verdict in rows:
            points = round(score * 1_000_000)
            if verdict == "passed":
                up = (-points, response)
                if source not in best_of or up < best_of[source]:
                    best_of[source] = up
            elif verdict in rejected:
                down = (points, response)
                if source not in worst_of or down < worst_of[source]:
                    worst_of[source] = down
        answer, pair = None, None
        for source, up in best_of.items():
            if answer is None or up < answer:
                answer = up
            down = worst_of.get(source)
            inside = down is not None and low <= -up[0] - down[0] <= high
            if inside and (pair is None or up < pair[0]):
                pair = (up, down)
        if answer is None:
            chosen[prompt] = ("all_incorrect", None, None, None)
        elif pair is None:
            chosen[prompt] = ("sft", answer[1], None, None)
        else:
            chosen[prompt] = ("dpo", None, pair[0][1], pair[1][1])
    return chosen


def loop_all(prompts, params, seed):
    """The smallest id of each prompt: one answer is expected."""
    return {
        prompt: ("sft", min(row[2] for row in rows), None, None)
        for prompt, rows in prompts.items()
    }


LOOPS = {
    "instruction": loop_instruction,
    "mathematics": loop_mathematics,
    "all": loop_all,
}


def micro(value) -> int:
    """A window's end in millionths."""
    return int(Decimal(str(value)) * 1_000_000)


def json_lines(con, folder: Path, builder, seed):
    """Seconds of reading the candidates from JSON lines by orjson, and looping."""
    import orjson

    path = folder / f"{builder.set}.jsonl"
    con.execute(f"copy (select {FIELDS} from candidates) to '{path}' (format json)")
    started = time.perf_counter()
    prompts = defaultdict(list)
    with path.open("rb") as file:
        for line in file:
            row = tuple(orjson.loads(line).values())
            if row[3] != "length":
                prompts[row[0]].append(row)
    LOOPS[Path(builder.select.sql).stem](prompts, builder.select.params, seed)
    return time.perf_counter() - started


def choosing(project: Project) -> None:
    """Part 1 and 2 of the table."""
    sums = dict.fromkeys(("inputs", "sql", "python", "orjson"), 0.0)
    seed = project.file.split_seed
    with project.warehouse.connect() as con, tempfile.TemporaryDirectory() as folder:
        for builder in project.builders.values():
            started = time.perf_counter()
            make_inputs(con, project, builder)
            sums["inputs"] += time.perf_counter() - started
            seconds, by_sql = best(in_sql, con, project, builder)
            sums["sql"] += seconds
            seconds, by_python = best(in_python, con, builder, seed)
            sums["python"] += seconds
            if Path(builder.select.sql).stem != "all":
                sums["orjson"] += json_lines(con, Path(folder), builder, seed)
            rows = {tuple(row.values()) for row in by_sql.to_pylist()}
            differ = [p for p, of in by_python.items() if (p, *of) not in rows]
            assert not differ, f"{builder.set}: {len(differ)} prompts differ"
    print(f"making plan and candidates    {sums['inputs']:6.2f} s  (both need them)")
    print(f"rules in SQL, ids fetched     {sums['sql']:6.2f} s")
    ratio = sums["python"] / sums["sql"]
    print(
        f"fetch and loop, same ids      {sums['python']:6.2f} s  {ratio:.1f} x the SQL"
    )
    ratio = sums["orjson"] / sums["sql"]
    print(
        f"orjson from lines, same loop  {sums['orjson']:6.2f} s  {ratio:.1f} x the SQL"
    )


def own_process(what: str, project: Project, target: Path) -> tuple[float, float]:
    """(seconds, peak GB) of one job in a process of its own."""
    started = time.perf_counter()
    done = subprocess.run(
        [
            sys.executable,
            str(Path(__file__).with_name("jobs.py")),
            what,
            str(project.root),
            str(target),
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    seconds = time.perf_counter() - started
    said = json.loads(done.stdout.strip().split("\n")[-1])
    return said.get("seconds", seconds), said["peak_gb"]


def main() -> None:
    """Print the table."""
    arguments = paper_scale.options(__doc__)
    project = paper_scale.make(arguments.folder, arguments.share)
    pipeline_state(project)
    choosing(project)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        target = Path(folder)
        seconds, peak = own_process("snapshot", project, target)
        print(f"snapshot from parts           {seconds:6.2f} s  peak {peak:.1f} GB")
        seconds, peak = own_process("release", project, target)
        bare, bare_peak = own_process("scan", project, target)
        print(f"bare scan and write           {bare:6.2f} s  peak {bare_peak:.1f} GB")
        print(
            f"full release, same bytes      {seconds:6.2f} s  peak {peak:.1f} GB  "
            f"{seconds / bare:.1f} x the bare scan"
        )


def pipeline_state(project: Project) -> None:
    """Say how much there is."""
    project.warehouse.refresh(identity.declared(project))
    parts = list_parts(project.warehouse.parts)
    size = sum(part.path.stat().st_size for part in parts) / 1e9
    with project.warehouse.connect() as con:
        n, text = con.execute(
            "select count(*), sum(strlen(text)) from response_texts"
        ).fetchall()[0]
    print(
        f"{n:,} answers, {text / 1e9:.1f} GB of text, {len(parts)} parts, {size:.1f} GB"
    )


if __name__ == "__main__":
    main()
