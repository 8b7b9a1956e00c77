"""Somebody who pulls: has the registry entry and a cache, and no release."""

import os
import subprocess
import sys
from pathlib import Path

from publisher import Publisher

from small_project import Said, fusemill

DATA = "sft/train.parquet"


class Reader:
    def __init__(self, published: Publisher, root: Path, cache: Path) -> None:
        self.published, self.root, self.cache = published, root, cache
        self.commit = published.published()[0]["commit"]
        self.folder = cache / "small" / self.commit
        self.entry = root / "registry/releases/small/1.0.0.yaml"

    def environment(self, **more: str) -> dict[str, str]:
        return {
            **os.environ,
            **self.published.environment,
            "FUSEMILL_CACHE": str(self.cache),
            **more,
        }

    def pull(self, pin: str = "small@1.0.0", *more: str, **env: str) -> Said:
        where = () if "--entry" in more else ("--project", self.root)
        return fusemill("pull", pin, *where, *more, env=self.environment(**env))

    def started(self, **env: str) -> subprocess.Popen[str]:
        """A pull in a process of its own."""
        command = [sys.executable, "-m", "fusemill", "pull", "small@1.0.0"]
        return subprocess.Popen(
            [*command, "--project", str(self.root)],
            env=self.environment(**env),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ok(self, *more: str, **env: str) -> Said:
        """A pull that must give the published bytes and nothing else."""
        said = self.pull("small@1.0.0", *more, **env)
        assert said.code == 0, said.err
        self.assert_right()
        return said

    def assert_right(self) -> None:
        found = {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file()
        }
        assert found == self.published.files()
        modes = {path.stat().st_mode & 0o777 for path in self.folder.rglob("*")}
        assert modes == {0o444, 0o555}

    def left(self) -> list[str]:
        """What lies in the cache beside whole folders, their locks and stamps."""
        names = {path.name for path in (self.cache / "small").iterdir()}
        expected = {self.commit, f".{self.commit}.lock", f".{self.commit}.checked"}
        return sorted(names - expected)


def make_writable(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)


def damage_bytes(folder: Path) -> None:
    path = folder / DATA
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)
