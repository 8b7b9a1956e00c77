"""The command line: one thin command a function of the package.

Heavy libraries are imported inside commands, so that `fusemill --help` is quick. Only
here do errors become exit codes; errors.py says which.
"""

import signal
import sys
from typing import NoReturn

from fusemill.cli import (
    asking,
    hub,
    project,
    pull,
    releases,
    stages,
    train,
    warehouse,
)
from fusemill.cli.common import app, printable
from fusemill.errors import FusemillError

__all__ = [
    "app",
    "asking",
    "hub",
    "main",
    "project",
    "pull",
    "releases",
    "stages",
    "train",
    "warehouse",
]


def main() -> None:
    """Run the command line; a user's mistake ends in a message, not a traceback."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: _interrupt())
    try:
        app(standalone_mode=True)
    except FusemillError as error:
        # It may quote data or another library that quotes some.
        print(f"error: {printable(str(error))}", file=sys.stderr)
        sys.exit(error.exit_code)
    except (Interrupted, KeyboardInterrupt):
        _stopped()
    except RuntimeError as error:
        if str(error) != "Query interrupted":  # what DuckDB makes of an interrupt
            raise
        _stopped()
    except BrokenPipeError:
        sys.exit(0)


class Interrupted(BaseException):
    """Ctrl-C or a polite kill; typer would end a KeyboardInterrupt without a word."""


def _interrupt() -> None:
    raise Interrupted


def _stopped() -> NoReturn:
    print("stopped; what was finished is kept, run again to go on", file=sys.stderr)
    sys.exit(130)
