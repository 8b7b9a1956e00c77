"""The plainest driver: run a program and report what it calls `result`."""

from typing import Any

from fusemill.sandbox.peer import Peer
from fusemill.sandbox.refusal import exhausted, refused


def execute(payload: dict[str, Any], peer: Peer | None) -> object:
    """What the program text `payload["source"]` leaves in the name `result`.

    Its other names are `peer` and a `__name__` of "__main__". Its exceptions are the
    report {"exception": "Type: text"}, so that they are told from the driver's own.
    """
    names: dict[str, Any] = {"__name__": "__main__", "peer": peer}
    try:
        exec(compile(payload["source"], "<program>", "exec"), names)  # noqa: S102
    except Exception as error:
        if exhausted(error) or refused(error):
            raise  # the run's own status
        return {"exception": f"{type(error).__name__}: {error}"[:1000]}
    return names.get("result")
