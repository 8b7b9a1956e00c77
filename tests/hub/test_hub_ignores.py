"""What a .gitignore leaves out, compared with what git says."""

import subprocess
from pathlib import Path

import pytest

from fusemill.hub.ignores import Ignores

PATHS = [
    *("a", "a.tmp", "b/a.tmp", "keep.tmp", "b/keep.tmp", "build/x", "b/build/x"),
    *("build", "doc/a.txt", "doc/b/a.txt", "doc/b/c/a.txt", "x/doc/a.txt", "a b"),
    *("[x]", "x", "y", "#a", "!a", "foo/bar", "b/foo/bar", "foo/b/c/bar", "a\\b"),
]
RULES = [
    *("*.tmp", "*.tmp\n!keep.tmp", "build/", "/build", "build", "/build/*\n!/build/x"),
    *("doc/*.txt", "doc/**/*.txt", "doc/**", "**/doc", "**/doc/a.txt", "/doc/*/a.txt"),
    *("[xy]", "[!x]", "[^x]", r"\[x\]", "?", "*", "/*", "# a\n\n", r"\#a", r"\!a"),
    *("foo/**/bar", "**/foo/bar", "foo/bar", "b/**", "**", "a b", "a  ", "a\r\n"),
    *("*\n!*/\n!*.tmp", "b/\n!b/keep.tmp", "/", "!", "[", "a/", "**/", "*/", "*/b/*"),
    *("[a-c]", "a**b", "*a*", "doc/b", "/a", "./a", "**/**/a.txt", "foo/*/**"),
]


def git_says(folder: Path, path: str) -> bool:
    done = subprocess.run(
        ["git", "check-ignore", "-q", "--no-index", path], cwd=folder, check=False
    )
    return done.returncode == 0


@pytest.mark.parametrize("rules", RULES)
def test_git_says_the_same(tmp_path: Path, rules: str) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / ".gitignore").write_text(rules, newline="")
    ignores = Ignores(rules)
    ours = {path: ignores.leaves_out(path) for path in PATHS}
    assert ours == {path: git_says(tmp_path, path) for path in PATHS}
