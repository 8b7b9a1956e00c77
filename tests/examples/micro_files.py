"""examples/micro, and those of its modules that need no torch."""

import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "micro"
sys.path.insert(0, str(EXAMPLE))

import families  # noqa: E402
import generate  # noqa: E402
import students  # noqa: E402

__all__ = ["EXAMPLE", "families", "generate", "students"]
