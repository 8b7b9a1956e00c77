"""The errors a user can meet, and the exit code of each.

    FusemillError                1   something in the input or the state is not right
    ├── DeclarationError         1   a YAML or SQL file of the project
    ├── SourceError              1   a file or Hub set that is read
    ├── WarehouseError           1   parts or snapshot
    │   ├── PartError            1   a part that is altered, torn or of a newer schema
    │   └── StorageError         1   a disk that is full or read-only
    ├── EngineError              1   a sampling, scoring or checking engine
    ├── SandboxError             1   code cannot be run safely here
    ├── ReleaseError             1   a release that may not be written
    │   └── RemoteError          1   a Hub refuses, or does not answer
    ├── TrainError               1   a model cannot be trained as asked
    ├── HubError                 1   a served Hub, or a request to it
    ├── LockError                4   another run has a warehouse, stage, Hub or output
    └── AuditFailure             3   a suite or the composition contract failed

Every message says where, what was expected, what was found, and what to do next.
Exit code 2 is the command line's own (unknown option or argument), 130 an interrupt.
"""


class FusemillError(Exception):
    """What a user can act on. `exit_code` is what the command line returns."""

    exit_code = 1


class DeclarationError(FusemillError):
    """A declaration (YAML, SQL) cannot be read or does not fit."""


class SourceError(FusemillError):
    """A source of prompts, answers or scores cannot be read."""


class WarehouseError(FusemillError):
    """The warehouse cannot be read or written."""


class PartError(WarehouseError):
    """A part does not match its name, or was written by a newer schema."""


class StorageError(WarehouseError):
    """The disk refused a write: full, read-only, or not permitted."""


class EngineError(FusemillError):
    """An engine cannot do what was asked."""


class SandboxError(FusemillError):
    """The sandbox cannot start, or the system lacks what makes it safe."""


class ReleaseError(FusemillError):
    """A release may not be written."""


class RemoteError(ReleaseError):
    """A Hub refuses or does not answer; `may_pass`: another try may succeed."""

    def __init__(self, message: str, *, may_pass: bool = False) -> None:
        super().__init__(message)
        self.may_pass = may_pass


class HubError(FusemillError):
    """The folder of a Hub cannot be served, or a request cannot be met."""


class TrainError(FusemillError):
    """A model cannot be trained as asked."""


class LockError(FusemillError):
    """Another run has the warehouse, the same part of a stage, a Hub or an output."""

    exit_code = 4


class AuditFailure(FusemillError):
    """A suite or the composition contract failed; nothing is released."""

    exit_code = 3
