"""A real vLLM on the CPU, in the environment that `make test-vllm` sets up."""

import os
import re
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError

import pytest

from small_project import ROOT

PYTHON = Path(os.environ.get("FUSEMILL_VLLM", ROOT / ".venv-vllm/bin/python"))
START_S = 540  # a busy machine takes minutes
# The smallest heads that vLLM's attention on CPUs computes.
HEADS = {"hidden_size": 128, "num_attention_heads": 2, "num_key_value_heads": 2}


def environment() -> dict[str, str]:
    """Variables of processes with vLLM: little memory, nothing sent anywhere."""
    if not PYTHON.exists():
        pytest.skip(f"no {PYTHON}: `make test-vllm` sets it up")
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    return {
        **inherited,
        "VLLM_CPU_KVCACHE_SPACE": "1",  # GiB
        "VLLM_NO_USAGE_STATS": "1",
        "HF_HUB_OFFLINE": "1",
    }


class Server:
    """vLLM's server over one model."""

    def __init__(self, port: int) -> None:
        self.root = f"http://127.0.0.1:{port}"
        self.url = f"{self.root}/v1"

    def get(self, path: str) -> str:
        with urllib.request.urlopen(self.root + path, timeout=10) as answer:
            return answer.read().decode()

    def n_answers(self) -> int:
        """How many draws it has finished since it started, by its own count."""
        found = re.findall(
            r"^vllm:request_success_total\{.*\} (\S+)$", self.get("/metrics"), re.M
        )
        return int(sum(float(count) for count in found))


@contextmanager
def served(folder: Path, name: str, log: Path, *options: str) -> Iterator[Server]:
    """A server of the model in this folder, under this name, while the block lasts."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # The command `vllm` looks for a distribution of that name; the build has another.
    module = "vllm.entrypoints.openai.api_server"
    command = [PYTHON, "-m", module, "--model", folder, "--served-model-name", name]
    command += ["--host", "127.0.0.1", "--port", str(port), "--dtype", "float32"]
    command += ["--enforce-eager", "--generation-config", "vllm", *options]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [str(word) for word in command], env=environment(), stdout=out, stderr=out
        )
    server = Server(port)
    try:
        _wait(server, process, log)
        yield server
    finally:
        process.terminate()
        process.wait()


def _wait(server: Server, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < until:
        try:
            server.get("/health")
            return
        except (URLError, OSError):
            time.sleep(0.5)
    pytest.fail(f"vLLM did not start:\n{log.read_text()[-4000:]}")
