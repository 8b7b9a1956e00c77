"""Run by test_layers as an ordinary user, with a Python that such a user can read.

Reads {"home": folder of fusemill, "without": […], "programs": [source, …]} from
standard input; writes [layers, [[status, report, attempts], …]]. The sandbox needs
nothing but the standard library, so fusemill need not be installed for that Python.
"""

import json
import sys
import types


def main() -> None:
    asked = json.load(sys.stdin)
    package = sys.modules["fusemill"] = types.ModuleType("fusemill")
    package.__path__ = [asked["home"]]
    from fusemill.sandbox import Job, Limits, Role, Sandbox

    driver = "fusemill.sandbox.programs:execute"
    jobs = [
        Job(i, (Role(driver, {"source": source}),))
        for i, source in enumerate(asked["programs"])
    ]
    limits = Limits(cpu_s=1, memory_mb=256, scratch_mb=asked.get("scratch_mb", 0))
    with Sandbox(limits, workers=2, without=asked["without"]) as sandbox:
        found = {key: outcome for key, (outcome,) in sandbox.map(jobs)}
        rows = [found[i] for i in range(len(jobs))]
        told = [[row.status, row.report, row.attempts] for row in rows]
        json.dump([sandbox.layers, told], sys.stdout)


if __name__ == "__main__":
    main()
