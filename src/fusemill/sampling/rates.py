"""How fast answers come, model by model, for people who wait for them."""

import time
from collections import deque
from collections.abc import Callable, Mapping

from fusemill.sampling.engine import Tally

OVER_S = 60.0  # what a rate is taken over


class Rates:
    """Answers and tokens a second of each model over the last minute."""

    def __init__(
        self,
        missing: Mapping[str, int],
        tallies: Mapping[str, Tally],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._missing, self._tallies, self._clock = missing, tallies, clock
        now = clock()
        # (time, answers, output tokens), at most one a second.
        self._seen = {name: deque([(now, 0, 0)]) for name in missing}

    def said(self) -> str:
        """Each model that is not done: rates, minutes left; then failures by kind."""
        models = [self._model(name) for name in self._missing]
        return "; ".join(model for model in models if model)

    def _model(self, name: str) -> str:
        tally, seen, now = self._tallies[name], self._seen[name], self._clock()
        left = self._missing[name] - tally.answers
        if not left or tally.limit is not None:
            return ""
        if now - seen[-1][0] >= 1:
            seen.append((now, tally.answers, tally.n_output_tokens))
        while len(seen) > 2 and now - seen[1][0] >= OVER_S:
            seen.popleft()
        since, answers, tokens = seen[0]
        seconds = max(now - since, 1e-9)
        rate = (tally.answers - answers) / seconds
        said = f"{name} {rate:,.1f} answers/s"
        said += f" {(tally.n_output_tokens - tokens) / seconds:,.0f} tokens/s"
        if rate:
            said += f" {left / rate / 60:,.0f} minutes left"
        failed = ", ".join(f"{kind} {n:,}" for kind, n in sorted(tally.faults.items()))
        return f"{said} ({failed})" if failed else said
