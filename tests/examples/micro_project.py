"""A copy of examples/micro with few prompts, after `fusemill run`."""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from micro_files import EXAMPLE, generate

from small_project import SmallProject

MADE = ("data", "warehouse", "releases", "cache", "hub", "trained", "__pycache__")


def run(root: Path, n: Mapping[str, int]) -> SmallProject:
    """The project in `root` with n prompts a family; its answers are asked now."""
    shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns(*MADE))
    project = SmallProject(root)
    for family, n_prompts in n.items():
        rows = generate.project_rows(family, n_prompts)
        project.rows(f"data/{family}.jsonl", rows)
    declared = project.read("fusemill.yaml")
    whole = re.search(r"contract:\n(?:  .*\n)+", declared)
    assert whole
    project.write("fusemill.yaml", declared.replace(whole[0], ""))
    project.ok("run")
    return project
