"""Running code that models wrote: isolated, limited, and without trusting its word.

    parent ── supervisor (one a core) ── zygote (warm, forks) ── child (one a run)

docs/security.md says against what this protects and against what it does not.
"""

from fusemill.sandbox.jobs import Job, Limits, Outcome, Role, Status
from fusemill.sandbox.peer import Peer, PeerGone
from fusemill.sandbox.pool import Sandbox, layers
from fusemill.sandbox.refusal import exhausted, refused

__all__ = [
    "Job",
    "Limits",
    "Outcome",
    "Peer",
    "PeerGone",
    "Role",
    "Sandbox",
    "Status",
    "exhausted",
    "layers",
    "refused",
]
