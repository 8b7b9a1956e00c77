"""The small project publishing to a Hub that runs, and what other clients see there."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from hub_server import HubServer
from huggingface_hub import HfApi

from fusemill.project.declaration import parse
from small_project import Said, SmallProject

REPO = "team/small"
KILLED = -9


@dataclass(frozen=True)
class Publisher:
    """A finished small project that declares a repository, and a Hub that runs."""

    project: SmallProject
    hub: HubServer

    @property
    def api(self) -> HfApi:
        return self.hub.api

    @property
    def entry(self) -> Path:
        return self.project.root / "registry/releases/small/1.0.0.yaml"

    @property
    def release(self) -> Path:
        return self.project.root / "releases/small/1.0.0"

    @property
    def environment(self) -> dict[str, str]:
        return {"HF_ENDPOINT": self.hub.url, "HF_TOKEN": self.hub.token}

    def publish(self, *more: str, env: dict[str, str] | None = None) -> Said:
        """`fusemill release --to hub`; no token may be in what it says."""
        environment = {**self.environment, **(env or {})}
        said = self.project.cli("release", "--to", "hub", *more, env=environment)
        for token in (self.hub.token, environment["HF_TOKEN"] or self.hub.token):
            assert token not in said.out + said.err
        return said

    def publish_killed(self, point: str) -> None:
        """Publish in a process that SIGKILL ends at a named moment."""
        command = [sys.executable, "-m", "fusemill", "release", "--to", "hub"]
        killed = subprocess.run(
            [*command, "--project", str(self.project.root)],
            env={**os.environ, **self.environment, "FUSEMILL_FAULT": point},
            capture_output=True,
            check=False,
            timeout=120,
        )
        assert killed.returncode == KILLED, killed.stderr

    def alter_object(self, name: str) -> None:
        """Change one byte of a large file on the server's disk."""
        files = parse(self.entry.read_text(), self.entry)["files"]
        [path] = self.hub.folder.rglob(files[name]["sha256"])
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.chmod(0o644)
        path.write_bytes(content)

    def published(self) -> list[dict[str, str]]:
        """What the entry says of places."""
        return [
            dict(one) for one in parse(self.entry.read_text(), self.entry)["published"]
        ]

    def files(self) -> dict[str, bytes]:
        """The release's files on disk, by name."""
        return {
            str(path.relative_to(self.release)): path.read_bytes()
            for path in self.release.rglob("*")
            if path.is_file()
        }

    def on_hub(self, revision: str) -> dict[str, bytes]:
        """What another client gets at a revision."""
        names = self.api.list_repo_files(REPO, revision=revision, repo_type="dataset")
        return {
            name: Path(
                self.api.hf_hub_download(
                    REPO, name, revision=revision, repo_type="dataset"
                )
            ).read_bytes()
            for name in names
            if name != ".gitattributes"
        }

    def commits(self) -> list[str]:
        """Commits of main with their titles, newest first."""
        found = self.api.list_repo_commits(REPO, repo_type="dataset")
        return [commit.title for commit in found]


def declare(project: SmallProject) -> None:
    """Say where the small project is published."""
    text = project.read("fusemill.yaml")
    project.write("fusemill.yaml", text + f"  hub: {{repo: {REPO}, private: true}}\n")
