"""Recorded answers to code prompts with the verdicts of those who recorded them.

Each function gives one corpus of the data folder as a list of `Recorded`; nothing of
it is copied anywhere. Used by bench/agreement_code.py and by tests.
"""

import ast
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from fusemill.verify.code import CodeRow, Verdict

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("FUSEMILL_SHARED_DATA", ROOT.parent / "shared" / "data"))


@dataclass(frozen=True)
class Recorded:
    """One answer, or one check of it, and whether it was recorded as right.

    static: an expression over `names` (the entry point's name and its parameters) that
    decides instead of a run; None: the verdict does.
    """

    row: CodeRow
    passed: bool
    static: tuple[str, Any] | None = None

    def agrees(self, verdict: Verdict) -> bool:
        """Whether our verdict says what was recorded."""
        if self.static is None:
            return (verdict.status == "passed") == self.passed
        return self._static(verdict) == self.passed

    def _static(self, verdict: Verdict) -> bool:
        assert self.static is not None
        what, expected = self.static
        for node in ast.walk(ast.parse(verdict.extracted or "")):
            if isinstance(node, ast.FunctionDef) and node.name == self.row.entry_point:
                names = [node.name, *(a.arg for a in node.args.args)]
                if what == "len":
                    return len(names) - 1 == expected
                return int(what) < len(names) and names[int(what)] == expected
        return False


def query(sql: str) -> list[tuple[Any, ...]]:
    """Rows of a query over the data folder, `$data` replaced by its path."""
    with duckdb.connect() as con:
        return con.execute(sql.replace("$data", str(DATA))).fetchall()


def humaneval_tasks() -> dict[str, tuple[str, str, str, str]]:
    """task_id → (prompt, entry point, test, canonical solution)."""
    rows = query(
        "select task_id, prompt, entry_point, test, canonical_solution "
        "from '$data/benchmarks/humaneval.parquet' order by task_id"
    )
    return {row[0]: row[1:] for row in rows}


def humaneval_references() -> list[Recorded]:
    """The canonical solutions: continuations of their prompts."""
    return [
        Recorded(CodeRow(task, solution, (test,), entry, prompt), True)
        for task, (prompt, entry, test, solution) in humaneval_tasks().items()
    ]


def mbpp_references() -> list[Recorded]:
    """MBPP's own solutions with its assertions, all and sanitized."""
    found = [
        (f"mbpp/{task}", code, [setup, *tests] if setup.strip() else tests)
        for task, code, setup, tests in query(
            "select task_id, code, test_setup_code, test_list || challenge_test_list "
            "from '$data/benchmarks/mbpp.parquet' order by task_id"
        )
    ]
    found += [
        (f"sanitized/{task}", code, [*imports, *tests])
        for task, code, imports, tests in query(
            "select task_id, code, test_imports, test_list "
            "from '$data/benchmarks/mbpp_sanitized.parquet' order by task_id"
        )
    ]
    return [
        Recorded(CodeRow(key, code, tuple(tests), None, None), True)
        for key, code, tests in found
    ]


def leetcode_references(n: int | None = None) -> list[Recorded]:
    """LeetCodeDataset's solutions; `n`: the first so many by hash."""
    rows = query(
        "select task_id, completion, test, entry_point, prompt "
        "from read_parquet('$data/leetcode/v0.2.0_*.parquet') "
        f"order by md5(task_id), task_id {f'limit {n}' if n else ''}"
    )
    return [
        Recorded(CodeRow(f"{i} {task}", code, (test,), entry, stub), True)
        for i, (task, code, test, entry, stub) in enumerate(rows)
    ]


def starcoder_humaneval() -> list[Recorded]:
    """EvalPlus's verdicts by HumanEval's own tests."""
    tasks = humaneval_tasks()
    rows = query(
        "select task_id, completion, base_status "
        "from '$data/starcoder2_evalplus/results.parquet' "
        "where benchmark = 'humaneval' order by task_id"
    )
    found = []
    for task, text, status in rows:
        prompt, entry, test, _ = tasks[task]
        row = CodeRow(task, text, (test,), entry, prompt)
        found.append(Recorded(row, status == "pass"))
    return found


def reflexion() -> list[Recorded]:
    """GPT-4 and others on HumanEval and typed MBPP, with `is_solved`."""
    rows = query(
        "select run || ' ' || model || ' ' || task_id, solution, test, entry_point, "
        "prompt, is_solved from '$data/reflexion_code_runs/runs.parquet' order by 1, 2"
    )
    return [
        Recorded(CodeRow((i, key), text, (test,), entry, stub), solved)
        for i, (key, text, test, entry, stub, solved) in enumerate(rows)
    ]


def can_ai_code() -> list[Recorded]:
    """Every check of the Python interviews; the function may have another name.

    Results travelled as JSON, so tuples count as lists and keys are texts.
    """
    rows = query(
        "select model || ' ' || params || ' ' || name, answer, Signature, checks "
        "from '$data/can_ai_code/interviews.parquet' "
        "where language = 'python' order by 1, 2"
    )
    found = []
    for i, (key, text, signature, listed) in enumerate(rows):
        checks = json.loads(listed)
        entry = signature.partition("(")[0]
        for check in checks:
            if check["assert"] == "f.name":
                entry = check["got"]
        for j, check in enumerate(checks):
            found.append(_one_check((i, j, key), text, entry, check))
    return found


def _one_check(key: object, text: str, entry: str, check: dict[str, Any]) -> Recorded:
    passed = check["status"] == check.get("weight", 1)
    what = check["assert"]
    places = {"len(f.args)": "len", "f.name": "0"}
    places |= {f"f.args[{i}].name": str(i + 1) for i in range(5)}
    static = (places[what], check["eq"]) if what in places else None
    called = what.replace("f.call(", "_call(")
    wanted = f"== {check['eq']!r}" if "eq" in check else f"in {check['eq-any']!r}"
    test = (
        "import json\n"
        f"def _call(*values): return json.loads(json.dumps({entry}(*values)))\n"
        f"assert {called} {wanted}"
    )
    if static:
        test = f"assert {entry}"
    return Recorded(CodeRow(key, text, (test,), entry, None), passed, static)
