"""The declared limits of a model for one run."""

from collections.abc import Sequence
from dataclasses import dataclass

from fusemill.project.endpoints import Limits
from fusemill.project.models import Price
from fusemill.sampling.engine import Answer, Tally


@dataclass
class Budget:
    """Says when a limit is reached, counting what is under way at the mean so far."""

    limits: Limits
    price: Price | None
    tally: Tally
    in_flight: int = 0

    def is_blind(self, found: Sequence[Answer]) -> bool:
        """Whether texts came without the counts that a limit needs."""
        if self.limits.tokens is None and self.limits.usd is None:
            return False
        return any(
            answer.text is not None
            and None in (answer.n_input_tokens, answer.n_output_tokens)
            for answer in found
        )

    def reached(self) -> str | None:
        """The limit that another request would pass, None where there is none."""
        done = max(1, self.tally.requests - self.in_flight)
        ahead = (self.in_flight + 1) / done  # under way and the next, in means
        limits, tally = self.limits, self.tally
        if limits.requests is not None and tally.requests >= limits.requests:
            return f"{limits.requests:,} requests"
        tokens = tally.n_input_tokens + tally.n_output_tokens
        if limits.tokens is not None and tokens * (1 + ahead) > limits.tokens:
            return f"{limits.tokens:,} tokens"
        if limits.usd is not None and self.price is not None:
            usd = tally.usd(self.price.input_usd, self.price.output_usd)
            if usd * (1 + ahead) > limits.usd:
                return f"{limits.usd:,.2f} US dollars"
        return None
