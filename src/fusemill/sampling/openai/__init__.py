"""Engine `openai`: servers that speak OpenAI's chat completions, vLLM's first.

chat.py has what goes over the wire, faults.py what a failure means, lanes.py how much
is asked at once, client.py the tries of a request, engine.py the thread they run in.
"""

from fusemill.sampling.openai.engine import OpenAIEngine

__all__ = ["OpenAIEngine"]
