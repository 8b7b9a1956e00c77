"""The other side of bench/sampling.py: distilabel's OpenAI client, in its own venv.

    python bench/peers/distilabel_sampling.py URL PROMPTS BATCH

Calls OpenAILLM.generate for the prompts (a JSON list), batch by batch, as its
TextGeneration step does; the pipeline's processes and its data set are left out, so
this is the client alone. Prints one line of JSON: seconds, CPU seconds, answers.
"""

import json
import resource
import sys
import time
from pathlib import Path

from distilabel.models.llms import OpenAILLM


def main() -> None:
    url, prompts, batch = sys.argv[1], sys.argv[2], int(sys.argv[3])
    asks = json.loads(Path(prompts).read_text())
    llm = OpenAILLM(model="made-up/a", base_url=url, api_key="none", max_retries=0)
    llm.load()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    cpu, started = usage.ru_utime + usage.ru_stime, time.perf_counter()
    n = 0
    for start in range(0, len(asks), batch):
        inputs = [
            [{"role": "user", "content": ask}] for ask in asks[start : start + batch]
        ]
        found = llm.generate(inputs=inputs, num_generations=1, temperature=0.5)
        n += sum(len(one["generations"]) for one in found)
    seconds = time.perf_counter() - started
    usage = resource.getrusage(resource.RUSAGE_SELF)
    cpu = usage.ru_utime + usage.ru_stime - cpu
    print(json.dumps({"seconds": seconds, "cpu_s": cpu, "answers": n}))


if __name__ == "__main__":
    main()
