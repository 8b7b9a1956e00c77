"""A model that vLLM has loaded: prompts go in, answers come out as they are done."""

import json
import os
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from fusemill.checkpoints.conversations import Local
from fusemill.errors import EngineError
from fusemill.project.checkpoints import Vllm
from fusemill.sampling.local.parameters import Parameters
from fusemill.sampling.vllm.lifetime import bind_children

# vLLM reads these when it is imported; who has set one keeps it.
SETTINGS = {
    "VLLM_NO_USAGE_STATS": "1",
    # A forked child would hold the warehouse's lock after this process is killed.
    "VLLM_WORKER_MULTIPROC_METHOD": "spawn",
    "VLLM_LOGGING_STREAM": "ext://sys.stderr",  # standard output is the commands'
    "VLLM_LOGGING_LEVEL": "WARNING",
}


CLOSE_S = 10.0  # until processes that do not end are killed


class Model:
    """What vLLM has loaded. `context` is how many tokens prompt and answer may have."""

    def __init__(self, local: Local, how: Vllm, parameters: Parameters) -> None:
        """Loads it; EngineError where vLLM cannot."""
        local.require_precision("vllm")
        for name, value in SETTINGS.items():
            os.environ.setdefault(name, value)
        bind_children()
        try:
            from vllm import LLM, SamplingParams
            from vllm.inputs import tokens_input
            from vllm.sampling_params import RequestOutputKind
        except ImportError as error:
            raise EngineError(f"{local.where}: vLLM cannot start: {error}") from error
        self._where = local.where
        self._input = tokens_input
        self._params = partial(
            SamplingParams,
            **{**parameters.model_dump(), "stop": list(parameters.stop)},
            output_kind=RequestOutputKind.FINAL_ONLY,
        )
        written = how.model_dump(exclude_none=True)
        try:
            self._engine = LLM(
                model=str(local.folder),
                dtype=local.precision or _precision(local.folder),
                generation_config="vllm",  # the declared sampling keys, no others
                **written,
            ).llm_engine
        except Exception as error:  # of vLLM, torch and its processes
            said = " ".join(str(error).split())
            raise EngineError(
                f"{local.where}: vLLM cannot load {local.folder}: {said}"
            ) from error
        self.context = int(self._engine.model_config.max_model_len)
        # More would wait in vLLM's own queue without being answered sooner.
        self.most_draws = 2 * int(
            self._engine.vllm_config.scheduler_config.max_num_seqs
        )

    def ask(self, key: str, ids: Sequence[int], n: int, seed: int) -> None:
        """Hand over a prompt for n draws; draw i of them has seed + i."""
        params = self._params(n=n, seed=seed)
        self._engine.add_request(key, self._input(list(ids)), params)

    def step(self) -> Iterator[Any]:
        """vLLM's outputs of requests that are done after one more token of each.

        EngineError where its process has died.
        """
        try:
            yield from (one for one in self._engine.step() if one.finished)
        except Exception as error:  # vLLM's, without a common base
            said = " ".join(str(error).split()) or type(error).__name__
            raise EngineError(f"{self._where}: vLLM stopped: {said}") from error

    def close(self) -> None:
        """End vLLM's processes, which gives the memory back."""
        self._engine.engine_core.shutdown(timeout=CLOSE_S)


def _precision(folder: Path) -> str:
    """What the checkpoint says; vLLM's own `auto` makes float16 of float32."""
    config = json.loads((folder / "config.json").read_bytes())
    found = config.get("dtype") or config.get("torch_dtype")
    return str(found) if found else "auto"
