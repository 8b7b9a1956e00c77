"""How well worked examples of real LeetCode statements become tests.

    python bench/extraction.py [--mutants N] [--show N]

Prints, for the statements with recorded solutions in the data folder (../shared/data
or FUSEMILL_SHARED_DATA):

    statements    as recorded (plain text), and the same as Markdown and as HTML, as
                  exports write them: how many have a test, how many tests, what is lost
    references    how many pass all tests made of their own statement; the same without
                  their annotations, as some sets have theirs
    answers       the recorded written answers, and
    mutants       references with one change (`--mutants N` a problem): of those that
                  pass the recorded hidden tests how many pass the made ones, and of
                  the others how many are caught
    contests      English and Chinese statements: made tests beside the recorded ones

`--show N` lists up to N of each kind of loss.
"""

import argparse
import ast
import html
import json
import os
import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from fusemill.prompts.tests import Extracted, NoTests, Raw, extract
from fusemill.prompts.tests.reference import code_of
from fusemill.sandbox import Limits, Sandbox
from fusemill.verify.code import CodeRow, Verdict, check_many

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("FUSEMILL_SHARED_DATA", ROOT.parent / "shared" / "data"))
LABELS = re.compile(r"^( *)(Input|Output|Explanation|Example \d+|Constraints):", re.M)
LIMITS = Limits(cpu_s=5)  # changed programs may never end
Statuses = dict[tuple[str, int], Verdict]
PACKAGES = ("numpy", "sortedcontainers")  # those of builders/leetcode.yaml
SWAPS = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
}


@dataclass(frozen=True)
class Problem:
    """One recorded problem, and what was made of its statement."""

    slug: str
    statement: str
    reference: str
    answer: str
    head: str
    hidden: str
    entry_point: str

    def made(self, statement: str) -> Extracted | NoTests:
        """Tests of a statement of this problem, in whatever notation."""
        return extract(
            "worked_examples", Raw(statement, self.reference, self.reference)
        )


def problems() -> list[Problem]:
    rows = duckdb.sql(
        "select task_id, meta ->> 'question_title', completion, response, prompt, "
        "test, entry_point from read_parquet($files)",
        params={"files": str(DATA / "leetcode" / "v0.2.0_*.parquet")},
    ).fetchall()
    return [Problem(*row) for row in rows]


# --- the same statement in other notations ------------------------------------------


def markdown(text: str) -> str:
    """As a Markdown export writes it: labels bold, the rest escaped, texts padded."""
    padded = re.sub(r'"([^"\n]+)"', r'"\1 "', text)
    lines = [re.sub(r"([\\\[\]*_`#<>~])", r"\\\1", line) for line in padded.split("\n")]
    return LABELS.sub(r"\1**\2:**", "\n\n".join(lines))


def as_html(text: str) -> str:
    marked = LABELS.sub(r"\1<strong>\2:</strong>", html.escape(text))
    return f"<p>Problem</p>\n<pre>\n{marked}\n</pre>"


def notations(found: list[Problem], show: int) -> None:
    plain = {p.slug: p.made(p.statement) for p in found}
    for name, change in (("plain", str), ("Markdown", markdown), ("HTML", as_html)):
        made = {p.slug: p.made(change(p.statement)) for p in found}
        tested = [m for m in made.values() if isinstance(m, Extracted)]
        n_tests = sum(len(m.tests) for m in tested)
        n_lost = sum(len(m.lost) for m in tested)
        same = sum(
            getattr(made[s], "tests", None) == getattr(plain[s], "tests", None)
            for s in made
        )
        print(
            f"{name:10} {len(tested)}/{len(found)} problems have a test "
            f"({len(tested) / len(found):.4f}), {n_tests} tests, {n_lost} more "
            f"examples lost; {same} as in plain text"
        )
    refused = {s: m.why for s, m in plain.items() if not isinstance(m, Extracted)}
    for why, n in Counter(refused.values()).most_common():
        slugs = [slug for slug, said in refused.items() if said == why][:show]
        print(f"    {n:4} no tests: {why}   {' '.join(slugs)}")


# --- what passes --------------------------------------------------------------------


def ours(made: dict[str, Extracted], texts: dict[tuple[str, int], str]) -> Statuses:
    """Each text's verdict by the tests made of its problem's statement."""
    rows = (
        CodeRow(key, text, m.tests, m.entry_point, m.stub)
        for key, text in texts.items()
        if (m := made.get(key[0]))
    )
    return verdicts(rows)


def hidden(found: list[Problem], texts: dict[tuple[str, int], str]) -> Statuses:
    """Each text's verdict by the recorded tests of its problem."""
    by_slug = {p.slug: p for p in found}
    rows = (
        CodeRow(key, text, (p.hidden,), p.entry_point, p.head)
        for key, text in texts.items()
        if (p := by_slug[key[0]])
    )
    return verdicts(rows)


def verdicts(rows: Iterator[CodeRow]) -> Statuses:
    with Sandbox(LIMITS, packages=PACKAGES) as sandbox:
        return dict(check_many(rows, sandbox))


def references(
    name: str, made: dict[str, Extracted], show: int
) -> dict[str, Extracted]:
    """Problems whose reference passes what was made of their statement."""
    said = ours(made, {(slug, 0): m.reference for slug, m in made.items()})
    failed = {key[0]: v for key, v in said.items() if v.status != "passed"}
    n_passed = len(said) - len(failed)
    print(f"{name:10} {n_passed}/{len(said)} pass ({n_passed / len(said):.4f})")
    for slug, verdict in list(failed.items())[:show]:
        print(f"    {slug}: {verdict.status}: {(verdict.reason or '')[:160]}")
    return {slug: m for slug, m in made.items() if slug not in failed}


def unannotated(problem: Problem) -> Problem:
    """The problem with a reference that says no types."""
    tree = ast.parse(problem.reference)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        elif isinstance(node, ast.arg):
            node.annotation = None
    return replace(problem, reference=ast.unparse(tree))


def tested(found: list[Problem]) -> dict[str, Extracted]:
    """What is made of the statements, where there is a test."""
    every = {p.slug: p.made(p.statement) for p in found}
    return {slug: m for slug, m in every.items() if isinstance(m, Extracted)}


def beside(
    name: str,
    found: list[Problem],
    made: dict[str, Extracted],
    texts: dict[tuple[str, int], str],
    show: int,
) -> None:
    """Verdicts by the made tests beside those by the hidden ones."""
    truth, said = hidden(found, texts), ours(made, texts)
    right = [k for k in said if truth[k].status == "passed"]
    wrong = [k for k in said if truth[k].status not in ("passed", "error")]
    refused = [k for k in right if said[k].status != "passed"]
    missed = [k for k in wrong if said[k].status == "passed"]
    n_kept, n_caught = len(right) - len(refused), len(wrong) - len(missed)
    print(
        f"{name:10} {n_kept}/{len(right)} right ones pass, "
        f"{n_caught}/{len(wrong)} wrong ones are caught"
    )
    for key in [*refused[:show], *missed[:show]]:
        print(f"    {key[0]}: {said[key].status}: {(said[key].reason or '')[:160]}")


def answers(
    found: list[Problem], made: dict[str, Extracted]
) -> dict[tuple[str, int], str]:
    texts = {(p.slug, 0): code_of(p.answer) for p in found if p.slug in made}
    return {key: text for key, text in texts.items() if text is not None}


def mutants(made: dict[str, Extracted], n: int) -> dict[tuple[str, int], str]:
    texts = {
        (slug, i): mutant(m.reference, f"{slug}{i}")
        for slug, m in made.items()
        for i in range(n)
    }
    return {key: text for key, text in texts.items() if text is not None}


def mutant(code: str, seed: str) -> str | None:
    """The code with one comparison, sum or whole number changed; None without one."""
    tree = ast.parse(code)
    places = [
        node
        for node in ast.walk(tree)
        if (isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS)
        or (isinstance(node, ast.BinOp) and type(node.op) in SWAPS)
        or (isinstance(node, ast.Constant) and type(node.value) is int)
    ]
    if not places:
        return None
    node = random.Random(seed).choice(places)
    if isinstance(node, ast.Compare):
        node.ops[0] = SWAPS[type(node.ops[0])]()
    elif isinstance(node, ast.BinOp):
        node.op = SWAPS[type(node.op)]()
    else:
        node.value += 1
    return ast.unparse(tree)


# --- contests -----------------------------------------------------------------------


def contests(name: str) -> None:
    """Made assertions beside the recorded ones of the same input."""
    rows = duckdb.sql(
        "select prompt, test from read_parquet($file)",
        params={"file": str(DATA / "leetcode" / f"contest_{name}.parquet")},
    ).fetchall()
    counts: Counter[str] = Counter()
    for prompt, test in rows:
        statement, _, code = prompt.rpartition("class Solution")
        code = f"class Solution{code.rstrip()}\n        return 0\n"
        found = extract("worked_examples", Raw(statement, code, code))
        if not isinstance(found, Extracted):
            counts[found.why] += 1
            continue
        counts["problems with a test"] += 1
        truth = recorded(test)
        for made in found.tests:
            call = ast.parse(made).body[-1]
            counts[_beside(call, truth)] += 1
    print(f"{'contest ' + name:10} {len(rows)} problems; {dict(counts)}")


def _beside(made: ast.stmt, truth: dict[str, str]) -> str:
    compare = made.test if isinstance(made, ast.Assert) else None
    if not isinstance(compare, ast.Compare) or not isinstance(compare.left, ast.Call):
        return "tests of another form"
    try:
        given = json.dumps([ast.literal_eval(a) for a in compare.left.args])
        wanted = repr(ast.literal_eval(compare.comparators[0]))
    except ValueError:
        return "tests of another form"
    if given not in truth:
        return "tests of inputs not recorded"
    return "tests as recorded" if truth[given] == wanted else "tests otherwise"


def recorded(test: str) -> dict[str, str]:
    """Input → output, of the lines of a recorded test script."""
    pattern = (
        r"test_input = (\{[^\n]*\})\s+assert my_solution\.\w+\([^\n]*\) == ([^\n]*)"
    )
    found: dict[str, str] = {}
    for given, wanted in re.findall(pattern, test):
        try:
            values = list(ast.literal_eval(given).values())
            found[json.dumps(values)] = repr(ast.literal_eval(wanted))
        except ValueError:
            continue
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mutants", type=int, default=1)
    parser.add_argument("--show", type=int, default=0)
    options = parser.parse_args()
    found = problems()
    notations(found, options.show)
    references("bare", tested([unannotated(p) for p in found]), options.show)
    made = references("references", tested(found), options.show)
    beside("answers", found, made, answers(found, made), options.show)
    beside("mutants", found, made, mutants(made, options.mutants), options.show)
    contests("en")
    contests("zh")


if __name__ == "__main__":
    main()
