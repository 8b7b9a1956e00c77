"""Telling exceptions that the sandbox caused from those of the program's own."""

import errno

_REFUSALS = {errno.EPERM, errno.EACCES}
_DEPTH = 20


def refused(error: BaseException | None) -> str | None:
    """What was refused, when `error` or a cause of it is a refusal; else None.

    >>> refused(PermissionError(13, "Permission denied", "/etc/passwd"))
    "PermissionError: [Errno 13] Permission denied: '/etc/passwd'"
    >>> refused(ValueError("wrong")) is None
    True
    """
    try:
        return _refusal(error)
    except BaseException:  # texts and attributes may be the program's own code
        return None


def _refusal(error: BaseException | None) -> str | None:
    for _ in range(_DEPTH):
        if error is None:
            return None
        if _is_refusal(error):
            return f"{type(error).__name__}: {error}"[:500]
        reason = getattr(error, "reason", None)  # urllib's URLError
        inner = reason if isinstance(reason, BaseException) else None
        error = inner or error.__cause__ or error.__context__
    return None


def exhausted(error: BaseException) -> bool:
    """Whether `error` says that memory ran out.

    >>> exhausted(OSError(12, "Cannot allocate memory"))
    True
    """
    return isinstance(error, MemoryError) or (
        isinstance(error, OSError) and error.errno == errno.ENOMEM
    )


def _is_refusal(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in _REFUSALS
    # CPython says no more where a thread is refused.
    return type(error) is RuntimeError and str(error) == "can't start new thread"
