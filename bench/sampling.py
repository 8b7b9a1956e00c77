"""Asking a server at full rate: ours beside a bare httpx2 loop and distilabel's client.

    python bench/sampling.py [--requests 6400] [--rounds 3] [--alone]

The server is that of the tests: 100 ms for each request, whatever comes, and no faults.
With 64 requests under way it can answer 640 a second. Prompts and answers have about
1 kB. The sides take turns, each in a process of its own; imports are not counted.

- ours: what `fusemill sample` does from finding what is missing to the last part on
  disk, every answer with its ids, retries and limits at the ready;
- bare: 64 tasks that post with httpx2 and parse the JSON, and keep nothing else;
- distilabel: OpenAILLM in batches of 64, from a virtual environment that is made in
  --folder (it needs a package index); --alone leaves it out.
"""

import argparse
import asyncio
import json
import os
import random
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
PEER = Path(__file__).with_name("peers") / "distilabel_sampling.py"
# distilabel 1.5.3 imports requests without declaring it, and is older than openai 2.
NEEDS = ("distilabel[openai]==1.5.3", "requests", "openai<2")
AT_ONCE = 64
LATENCY_S = 0.1
sys.path += [str(ROOT / "tests"), str(ROOT / "tests" / "sampling")]


def prompts(n: int) -> list[str]:
    """Texts of about 1 kB, all different."""
    dice = random.Random(1)
    words = ["sun", "river", "table", "seven", "green", "walk", "paper", "under"]
    return [f"{i} " + " ".join(dice.choices(words, k=180)) for i in range(n)]


def ours(url: str, asks: list[str]) -> tuple[float, float, int]:
    """Seconds, CPU seconds and answers of a whole sampling run."""
    from live_project import make
    from rich.console import Console

    from fusemill import pipeline
    from fusemill.fill import ALL
    from fusemill.progress import Progress
    from fusemill.project import Project
    from fusemill.sampling.live import sample_live

    with TemporaryDirectory() as folder:
        make(Path(folder) / "p", url, asks, max_concurrency=AT_ONCE)
        project = Project.load(Path(folder) / "p")
        progress = Progress(Console(quiet=True))
        pipeline.prompts(project, progress)
        started, cpu = time.perf_counter(), cpu_s()
        sample_live(project, ALL, progress)
        seconds, cpu = time.perf_counter() - started, cpu_s() - cpu
        pipeline.sample(project, progress)  # the snapshot, and nothing to ask
        with project.warehouse.connect() as con:
            n = con.execute("select count(text_id) from responses").fetchall()[0][0]
    return seconds, cpu, n


def bare(url: str, asks: list[str]) -> tuple[float, float, int]:
    """Seconds, CPU seconds and answers of the least that a client can do."""
    import httpx2

    texts: list[str] = []

    async def work(http: httpx2.AsyncClient, left) -> None:
        for ask in left:
            body = {
                "model": "made-up/a",
                "messages": [{"role": "user", "content": ask}],
                "temperature": 0.5,
            }
            response = await http.post(f"{url}/chat/completions", json=body)
            response.raise_for_status()
            texts.append(response.json()["choices"][0]["message"]["content"])

    async def main() -> None:
        limits = httpx2.Limits(max_connections=AT_ONCE)
        async with httpx2.AsyncClient(timeout=60, limits=limits) as http:
            left = iter(asks)
            await asyncio.gather(*(work(http, left) for _ in range(AT_ONCE)))

    started, cpu = time.perf_counter(), cpu_s()
    asyncio.run(main())
    return time.perf_counter() - started, cpu_s() - cpu, len(texts)


def cpu_s() -> float:
    """CPU seconds of this process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def peer(folder: Path) -> Path | None:
    """The interpreter of distilabel's environment; None where it cannot be made."""
    python = folder / "distilabel" / "bin" / "python"
    if python.exists():
        return python
    for command in (
        [sys.executable, "-m", "venv", folder / "distilabel"],
        [python, "-m", "pip", "install", "--quiet", "--retries", "0", *NEEDS],
    ):
        if subprocess.run(command, check=False).returncode:
            print("distilabel cannot be installed here; it is left out")
            return None
    return python


def measured(command: list[object]) -> dict[str, float]:
    """What a process of its own prints last."""
    done = subprocess.run(
        list(map(str, command)), check=True, capture_output=True, text=True
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert isinstance(found, dict)
    return found


def main() -> None:
    """Take turns and print a line a side: the fastest, and its ratio within a round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=6_400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--folder", type=Path, default=Path("/var/tmp/fusemill-bench-sampling")
    )
    parser.add_argument("--alone", action="store_true")
    parser.add_argument("--job", choices=["ours", "bare"])
    parser.add_argument("--url")
    options = parser.parse_args()
    if options.job:
        job = {"ours": ours, "bare": bare}[options.job]
        seconds, cpu, n = job(options.url, prompts(options.requests))
        print(json.dumps({"seconds": seconds, "cpu_s": cpu, "answers": n}))
        return
    compare(options)


def compare(options: argparse.Namespace) -> None:
    """All sides against one server."""
    from servers import served

    options.folder.mkdir(parents=True, exist_ok=True)
    asks = options.folder / "prompts.json"
    asks.write_text(json.dumps(prompts(options.requests)))
    python = None if options.alone else peer(options.folder)
    rounds: list[dict[str, dict[str, float]]] = []
    with served(latency_s=LATENCY_S) as server:
        job = [sys.executable, __file__, "--requests", options.requests]
        job += ["--url", server.url, "--job"]
        for _ in range(options.rounds):
            load = os.getloadavg()[0]
            took = {"bare httpx2 loop": measured([*job, "bare"])}
            took["fusemill, into parts"] = measured([*job, "ours"])
            if python:
                command = [python, "-W", "ignore", PEER, server.url, asks, AT_ONCE]
                took["distilabel OpenAILLM"] = measured(command)
            assert {one["answers"] for one in took.values()} == {options.requests}
            rounds.append(took)
            server.set()  # or the log of the server grows
            print(f"load {load:.1f}: " + ", ".join(map(rate, took.items())), flush=True)
    report(rounds, options.requests)


def rate(side: tuple[str, dict[str, float]]) -> str:
    """One side of a round, in short."""
    name, took = side
    return f"{name} {took['answers'] / took['seconds']:.0f}/s"


def report(rounds: list[dict[str, dict[str, float]]], n: int) -> None:
    """The fastest of each side; ratios to the bare loop of the same round."""
    ideal = AT_ONCE / LATENCY_S
    print(f"{n:,} requests, {AT_ONCE} at once, {LATENCY_S:.1f} s each: {ideal:.0f}/s")
    for name in rounds[0]:
        took = [one[name] for one in rounds]
        ratios = [
            one["bare httpx2 loop"]["seconds"] / one[name]["seconds"] for one in rounds
        ]
        best = min(took, key=lambda one: one["seconds"])
        cpu = min(one["cpu_s"] for one in took) / n * 1_000
        print(
            f"{name:<22} {n / best['seconds']:4.0f}/s   {min(ratios):.0%} to "
            f"{max(ratios):.0%} of the bare loop   {cpu:.2f} CPU s per 1,000"
        )


if __name__ == "__main__":
    main()
