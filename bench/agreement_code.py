"""Agreement of our verdicts on code with recorded ones, as docs/accuracy.md shows it.

    python bench/agreement_code.py [--only CORPUS] [--show N]

Prints a table: corpus, what is compared, how many agree, the goal. `--show N` adds up
to N disagreements of each corpus with our verdict. The data folder is ../shared/data or
FUSEMILL_SHARED_DATA. NumPy may be imported where it is installed; other packages that
references need are missing, and those rows are counted apart (`error`).
"""

import argparse
import json
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable

import recorded_code
from fusemill.sandbox import Limits, Sandbox
from fusemill.verify.code import CodeRow, Verdict, check_many
from recorded_code import DATA, Recorded, query

GOALS: dict[str, tuple[Callable[[], list[Recorded]], float]] = {
    "humaneval references": (recorded_code.humaneval_references, 1.0),
    "mbpp references": (recorded_code.mbpp_references, 1.0),
    "leetcode references": (recorded_code.leetcode_references, 1.0),
    "starcoder2_evalplus": (recorded_code.starcoder_humaneval, 0.99),
    "reflexion_code_runs": (recorded_code.reflexion, 0.98),
    "can_ai_code": (recorded_code.can_ai_code, 0.95),
}

LIMITS = Limits(cpu_s=10, scratch_mb=16)

# ClassEval's names of result files that differ from its models' names.
CLASSEVAL = {
    "ChatGPT": "GPT-3.5",
    "incoder": "Incoder",
    "instruct-CodeGen(16b)": "Instruct-CodeGen",
    "instruct-StarCoder": "Instruct-StarCoder",
    "starcoder-instruct-15B": "starcoder-gpteacher-code-instruct-15B",
}


def verdicts(rows: list[CodeRow], sandbox: Sandbox) -> dict[object, Verdict]:
    """All verdicts by key."""
    found = dict(check_many(rows, sandbox))
    assert len(found) == len(rows)
    return found


def compare(name: str, sandbox: Sandbox, show: int) -> str:
    """One line of the table."""
    load, goal = GOALS[name]
    recorded = load()
    found = verdicts([one.row for one in recorded], sandbox)
    missing = Counter(
        found[one.row.key].reason
        for one in recorded
        if found[one.row.key].status == "error"
    )
    counted = [one for one in recorded if found[one.row.key].status != "error"]
    wrong = [one for one in counted if not one.agrees(found[one.row.key])]
    for one in wrong[:show]:
        verdict = found[one.row.key]
        said = f"recorded {'right' if one.passed else 'wrong'}, ours {verdict.status}"
        print(f"--- {name} {one.row.key}: {said}: {verdict.reason}")
    for reason, n in missing.items():
        print(f"--- {name}: {n} left out: {reason}")
    share = 1 - len(wrong) / len(counted)
    agree = f"{len(counted) - len(wrong):,} of {len(counted):,}"
    return f"| {name} | {agree} | {share:.2%} | {goal:.0%} |"


def classeval(sandbox: Sandbox) -> list[str]:
    """Success per result file beside pass_at_k, over classes whose reference passes.

    Answers that need a package which is not here are left out.
    """
    problems = query(
        "select task_id, class_name, import_statement, test, solution_code "
        "from '$data/classeval/problems.parquet' order by task_id"
    )
    checks = {row[0]: row[1:] for row in problems}

    def row(key: object, task: str, text: str) -> CodeRow:
        name, imports, test, _ = checks[task]
        return CodeRow(key, text, (test,), name, "\n".join(imports) + "\n")

    references = [row(task, task, checks[task][3]) for task in checks]
    known = verdicts(references, sandbox)
    sound = {task for task, verdict in known.items() if verdict.status == "passed"}
    for task in sorted(set(checks) - sound):
        print(f"--- classeval {task} left out: {known[task].reason}")
    answers = query(
        "select task_id, release, model, decoding, unnest(predict), "
        "generate_subscripts(predict, 1) "
        "from '$data/classeval/predictions.parquet' order by all"
    )
    rows = [
        row((release, model, decoding, task, i), task, text)
        for task, release, model, decoding, text, i in answers
        if task in sound
    ]
    passed: dict[tuple[str, ...], list[bool]] = defaultdict(list)
    for key, verdict in verdicts(rows, sandbox).items():
        assert isinstance(key, tuple)
        if verdict.status != "error":  # a package that is not here
            passed[key[:3]].append(verdict.status == "passed")
    lines, differences = [], []
    for (release, model, decoding), results in sorted(passed.items()):
        theirs = 100 * _published(release, model, decoding)
        ours = 100 * statistics.fmean(results)
        differences.append(ours - theirs)
        lines.append(
            f"| classeval {release} {model} {decoding} | {ours:.1f} | {theirs:.1f} "
            f"| {ours - theirs:+.1f} |"
        )
    mean = statistics.fmean(differences)
    worst = max(differences, key=abs)
    print(f"classeval, {len(sound)} of {len(checks)} classes: ", end="")
    print(f"mean difference {mean:+.2f} points (goal 3), worst {worst:+.1f} (goal 8)")
    return lines


def _published(release: str, model: str, decoding: str) -> float:
    """class_success of ClassEval's own file, whole classes at once (``H``)."""
    file = json.loads((DATA / "classeval" / f"pass_at_k_{release}.json").read_text())
    name = CLASSEVAL.get(model, model)
    greedy = decoding in ("t0", "greedy")
    if release == "original":
        name = f"{name}_H(greedy)" if greedy else f"{name}_H"
    else:
        name = f"{name}_class_H_{decoding}"
    return float(file["pass_1_greedy" if greedy else "pass_1"][name]["class_success"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", help="one corpus of the table, or classeval")
    parser.add_argument("--show", type=int, default=0, help="disagreements to print")
    arguments = parser.parse_args()
    lines = []
    with Sandbox(LIMITS, packages=("numpy",)) as sandbox:
        for name in GOALS:
            if arguments.only in (None, name):
                lines.append(compare(name, sandbox, arguments.show))
        if arguments.only in (None, "classeval"):
            lines += classeval(sandbox)
    print("\n".join(lines))


if __name__ == "__main__":
    main()
