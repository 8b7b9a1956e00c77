"""Publishing and pulling 500 MB beside a plain copy and a server that keeps nothing.

    python bench/hub.py [--rounds 4] [--megabytes 500] [--folder DIR]

The sides take turns, each in a process of its own; imports are not counted, and dirty
pages are flushed before each.

- copy: the files of a release, each copied and flushed;
- bare client: what huggingface_hub does alone, one `create_commit` or one
  `hf_hub_download` a file, with neither reading back nor digests of what came;
- publish, pull: ours, every file read back and its sha256 compared. Against
  peers/bare_hub.py, which throws uploads away and serves the same files, this is what
  our client costs; `fusemill hub serve` hashes, keeps and flushes them besides;
- second pull: the folder is there; what has not changed is not hashed again.

Each round publishes other bytes: what a Hub has already, a client does not send.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BARE = Path(__file__).with_name("peers") / "bare_hub.py"
NAME, VERSION = "bench", "1.0.0"
SHARES = {  # of the bytes, by file; the rest is a card
    "responses/train-00000-of-00002.parquet": 0.4,
    "responses/train-00001-of-00002.parquet": 0.3,
    "sft/train.parquet": 0.1,
    "dpo/train.parquet": 0.1,
    "llama_factory/dpo.parquet": 0.1,
}
CARD = "---\nlicense: cc0-1.0\n---\n\n# Random bytes\n"
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Took:
    """What one side of a round took."""

    seconds: float
    client_cpu_s: float
    server_cpu_s: float = 0.0

    @property
    def cpu_s(self) -> float:
        """CPU seconds of both."""
        return self.client_cpu_s + self.server_cpu_s


@dataclass(frozen=True)
class Place:
    """Folders of one round."""

    root: Path

    @property
    def repo(self) -> str:
        """Where this round's bytes are published."""
        return f"bench/{self.root.name}"

    @property
    def release(self) -> Path:
        """What is published."""
        return self.root / "release"

    @property
    def entry(self) -> Path:
        """Its registry entry."""
        return self.root / "registry/releases" / NAME / f"{VERSION}.yaml"

    @property
    def cache(self) -> Path:
        """What is copied, downloaded or pulled."""
        return self.root / "cache"

    def make(self, n_bytes: int) -> None:
        """A release of random bytes, and its registry entry."""
        from fusemill.release.registry import files_of, write_entry

        for name, share in SHARES.items():
            path = self.release / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(path, "wb") as file:
                for _ in range(round(n_bytes * share / 1e6)):
                    file.write(os.urandom(1_000_000))
        (self.release / "README.md").write_text(CARD)
        entry = {
            "name": NAME,
            "version": VERSION,
            "release_id": self.root.name,
            "created_at": "2026-01-01T00:00:00+00:00",
            "published": [],
            "files": files_of(self.release, {}),
        }
        write_entry(self.entry, entry)

    def forget(self) -> None:
        """Remove what was pulled; releases that were pulled cannot be written."""
        for path in self.cache.rglob("*"):
            if path.is_dir():
                path.chmod(0o755)
        shutil.rmtree(self.cache, ignore_errors=True)


# --- jobs, each in a process of its own ---------------------------------


def copy(place: Place) -> None:
    """Every file copied and flushed."""
    from fusemill.durable import fsync

    for name in SHARES:
        target = place.cache / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(place.release / name, target)
        fsync(target)
        fsync(target.parent)


def upload(place: Place) -> None:
    """One commit by the bare client."""
    from huggingface_hub import CommitOperationAdd

    from fusemill.release.repository import Repository

    Repository.named(place.repo).api.create_commit(
        place.repo,
        [CommitOperationAdd(name, place.release / name) for name in SHARES],
        commit_message="bench",
        repo_type="dataset",
    )


def download(place: Place) -> None:
    """Every file by the bare client."""
    from fusemill.release.repository import Repository

    api, commit = Repository.named(place.repo).api, "5" * 40
    for name in SHARES:
        api.hf_hub_download(
            place.repo,
            name,
            repo_type="dataset",
            revision=commit,
            cache_dir=place.cache,
        )


def publish(place: Place) -> None:
    """Ours: commit, read back, tag, register."""
    from rich.console import Console

    from fusemill.progress import Progress
    from fusemill.release import publish as publishing
    from fusemill.release.registry import read_entry
    from fusemill.release.repository import Repository

    entry = read_entry(place.entry)
    assert entry is not None
    candidate = publishing.Candidate(
        repository=Repository.named(place.repo),
        private=False,
        folder=place.release,
        entry=place.entry,
        name=NAME,
        version=VERSION,
        release_id=str(entry["release_id"]),
        files=entry["files"],
    )
    publishing.publish(candidate, Progress(Console(quiet=True)))


def pull(place: Place) -> None:
    """Ours: what is missing is brought, and every digest compared."""
    from fusemill.release.pull import pull

    there = place.root / "elsewhere"  # a machine that has no release
    pull(f"{NAME}@{VERSION}", workdir=there, entry=place.entry, cache=place.cache)


JOBS: dict[str, Callable[[Place], None]] = {
    job.__name__: job for job in (copy, upload, download, publish, pull)
}


def work(name: str, place: Place) -> None:
    """Do a job and print what it took, without imports."""
    import httpx2  # noqa: F401
    import huggingface_hub.hf_api  # noqa: F401

    import fusemill.release.publish
    import fusemill.release.pull  # noqa: F401

    os.sync()
    started, cpu = time.perf_counter(), cpu_s()
    JOBS[name](place)
    print(json.dumps([time.perf_counter() - started, cpu_s() - cpu]))


def cpu_s() -> float:
    """CPU seconds of this process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


# --- servers ------------------------------------------------------------


@dataclass(frozen=True)
class Server:
    """A server that runs."""

    pid: int
    url: str
    token: str

    def cpu_s(self) -> float:
        """CPU seconds of its process so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def memory_mb(self, key: str) -> float:
        """VmRSS (now) or VmHWM (the most so far)."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(key):
                return int(line.split()[1]) / 1000
        raise ValueError(key)

    def measured(self, job: str, place: Place) -> Took:
        """A job with this server."""
        before = self.cpu_s()
        seconds, client = run(job, place, self)
        return Took(seconds, client, self.cpu_s() - before)


def run(job: str, place: Place, server: Server | None = None) -> tuple[float, float]:
    """Seconds and CPU seconds of a job in a process of its own."""
    hub = {"HF_ENDPOINT": server.url, "HF_TOKEN": server.token} if server else {}
    quiet = {"HF_HOME": str(place.root / "hf"), "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    done = subprocess.run(
        [sys.executable, __file__, "--job", job, "--folder", place.root],
        env={**os.environ, **hub, **quiet},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    seconds, cpu = json.loads(done.stdout.splitlines()[-1])
    return seconds, cpu


@contextmanager
def bare_hub(release: Path) -> Iterator[Server]:
    """The server that keeps nothing."""
    command = [sys.executable, BARE, release]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        try:
            yield Server(process.pid, url, "none")
        finally:
            process.kill()


@contextmanager
def embedded_hub(folder: Path) -> Iterator[Server]:
    """`fusemill hub serve`."""
    options = ["--folder", folder, "--port", "0", "--quiet"]
    command = [sys.executable, "-m", "fusemill", "hub", "serve", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        try:
            token = (folder / "token.txt").read_text().strip()
            yield Server(process.pid, url, token)
        finally:
            process.terminate()


# --- rounds -------------------------------------------------------------

PUBLISH, PULL = "publish, swallowed", "pull, served"  # what ours is compared with
AGAINST = {
    "plain copy, fsync": None,
    "bare client up, swallowed": PUBLISH,
    PUBLISH: PUBLISH,
    "publish, embedded Hub": PUBLISH,
    "bare client down, served": PULL,
    PULL: PULL,
    "pull, embedded Hub": PULL,
    "second pull": "pull, embedded Hub",
}


def one_round(place: Place, hub: Server) -> dict[str, Took]:
    """Every side once, with bytes of this round."""
    took = {"plain copy, fsync": Took(*run("copy", place))}
    place.forget()
    unpublished = place.entry.read_bytes()
    with bare_hub(place.release) as bare:
        took["bare client up, swallowed"] = bare.measured("upload", place)
        took[PUBLISH] = bare.measured("publish", place)
        took["bare client down, served"] = bare.measured("download", place)
        place.forget()
        took[PULL] = bare.measured("pull", place)
        place.forget()
    place.entry.write_bytes(unpublished)
    took["publish, embedded Hub"] = hub.measured("publish", place)
    took["pull, embedded Hub"] = hub.measured("pull", place)
    took["second pull"] = hub.measured("pull", place)
    place.forget()
    return took


def compare(options: argparse.Namespace) -> None:
    """All rounds against one embedded Hub, and its memory."""
    shutil.rmtree(options.folder, ignore_errors=True)
    options.folder.mkdir(parents=True)
    rounds = []
    with embedded_hub(options.folder / "hub") as hub:
        before = hub.memory_mb("VmRSS")
        for number in range(options.rounds):
            load = os.getloadavg()[0]
            place = Place(options.folder / f"round-{number}")
            place.make(options.megabytes * 1_000_000)
            rounds.append(one_round(place, hub))
            now = hub.memory_mb("VmRSS")
            shutil.rmtree(place.root)
            print(
                f"round {number + 1}: load {load:.1f}, server {now:.0f} MB", flush=True
            )
        most = hub.memory_mb("VmHWM")
    print(f"{options.megabytes} MB in {len(SHARES)} files, best of {options.rounds}")
    report(rounds)
    memory = f"{before:.0f} MB at first, {now:.0f} at last, {most:.0f} at most"
    print(f"server, resident: {memory}")
    shutil.rmtree(options.folder)


def report(rounds: list[dict[str, Took]]) -> None:
    """The fastest of each side, and its ratios within a round."""
    for name, other in AGAINST.items():
        took = [one[name] for one in rounds]
        seconds = min(one.seconds for one in took)
        cpu = min(took, key=lambda one: one.cpu_s)
        line = f"{name:<26}{seconds:6.2f} s   CPU {cpu.client_cpu_s:.2f}"
        line += f" + {cpu.server_cpu_s:.2f} s"
        if other not in (None, name):
            ratios = [one[name].seconds / one[other].seconds for one in rounds]
            of_cpu = min(one[name].cpu_s / one[other].cpu_s for one in rounds)
            line += f"   {min(ratios):.2f} to {max(ratios):.2f} x"
            line += f" (CPU {of_cpu:.2f} x) {other}"
        print(line)


def main() -> None:
    """Compare, or do one job of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument(
        "--folder", type=Path, default=Path("/var/tmp/fusemill-bench-hub")
    )
    parser.add_argument("--job", choices=JOBS)
    options = parser.parse_args()
    if options.job:
        work(options.job, Place(options.folder))
    else:
        compare(options)


if __name__ == "__main__":
    main()
