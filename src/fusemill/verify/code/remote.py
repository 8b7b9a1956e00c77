"""The answer as the tester sees it: calls and objects at the other end of a channel.

Test code runs in one process, the answer in another. ``f(2)`` in a test sends the
request ``["call", [f's handle, 2], {}]`` and gets the value back. What is no value
(values.py) comes as a handle; operations on a handle are asked for in turn. Two handles
are compared by the answer, since both are its own; a handle never equals a value.

Standard library only: this runs inside the sandbox.
"""

import builtins
from collections.abc import Callable
from typing import Any, NoReturn

from fusemill.sandbox.peer import Peer, PeerGone
from fusemill.verify.code.values import Encoder, Unencodable, decode


class Unsupported(BaseException):
    """The tests need what a channel can't carry; BaseException: no test catches it."""


class AnswerFailed(BaseException):
    """The answer raised before it could be called; `said` is what it says of that."""

    def __init__(self, said: object) -> None:
        super().__init__(said)
        self.said = said


OBSERVING = frozenset(
    (
        *("name", "call", "get", "set", "delete", "len", "iter", "next", "reversed"),
        *("getitem", "setitem", "delitem", "str", "repr", "format", "enter", "exit"),
    )
)
"""Operations that give what the answer has; in all others its own operators decide."""


class Channel:
    """Requests to the process in which the answer runs.

    n_calls: how many. n_decided: those whose result is the answer's own judgement, as
    ``5 in f(1)`` is where an object with a ``__contains__`` of its own is returned.
    """

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._errors: dict[int, type[BaseException]] = {}
        self._handles: dict[int, Handle] = {}
        self.n_calls = 0
        self.n_decided = 0

    def do(self, operation: str, *arguments: Any, **named: Any) -> Any:
        """What the operation of serving.py gave, or raises what it raised.

        Arguments that the answer changed are changed here too.
        """
        self.n_calls += operation != "name"
        self.n_decided += operation not in OBSERVING
        encoder = Encoder(self._reference)
        try:
            sent = [encoder.encode(argument) for argument in arguments]
            keyed = {key: encoder.encode(value) for key, value in named.items()}
        except Unencodable as error:
            raise Unsupported(f"the tests pass {error}") from None
        self._peer.send([operation, sent, keyed])
        reply = self._peer.receive()
        if "dead" in reply:
            raise AnswerFailed(reply["dead"])
        if "large" in reply:
            raise Unsupported(f"the answer gives {reply['large']}")
        for place, message in reply.get("changed", []):
            target = named[place] if isinstance(place, str) else arguments[place]
            _replace(target, decode(message, self._handle))
        if "raised" in reply:
            self._raise(reply["raised"])
        return decode(reply["value"], self._handle)

    def _reference(self, value: Any) -> Any:
        if isinstance(value, Handle):
            return {"h": [object.__getattribute__(value, "_number"), ""]}
        for number, error in self._errors.items():
            if value is error:
                return {"h": [number, ""]}
        raise Unencodable(f"a {type(value).__name__}")

    def _handle(self, body: Any) -> Any:
        number, bases = body
        if bases:
            return self._error_type(bases)
        return self._handles.setdefault(int(number), Handle(self, int(number)))

    def _error_type(self, bases: list[Any]) -> type[BaseException]:
        """A class of ours for an exception class of theirs, with the same ancestors.

        bases: [handle, name] of each class that is not built in, nearest first, then
        the name of the built-in one.
        """
        *own, standard = bases
        found = getattr(builtins, str(standard), Exception)
        if not (isinstance(found, type) and issubclass(found, BaseException)):
            found = Exception
        for number, name in reversed(own):
            known = self._errors.get(int(number))
            found = known or type(str(name), (found,), {})
            self._errors[int(number)] = found
        return found

    def _raise(self, raised: dict[str, Any]) -> NoReturn:
        kind = self._error_type(raised["bases"])
        if issubclass(kind, SystemExit | MemoryError):  # its own end, and never sent
            raise PeerGone(f"the answer sent a {kind.__name__}")
        arguments = decode(raised["arguments"], self._handle)
        try:
            error = kind(*arguments)
        except Exception:  # UnicodeDecodeError and its like want five
            error = Exception(str(raised["said"]))
        for name, value in decode(raised["fields"], self._handle):
            object.__setattr__(error, str(name), value)
        raise error


class Handle:
    """One object of the answer that is no value; one handle an object."""

    def __init__(self, channel: Channel, number: int, *more: object) -> None:
        if more:  # `class Own(Theirs)` calls the type of what it derives from
            raise Unsupported("the tests derive a class from the answer's")
        object.__setattr__(self, "_channel", channel)
        object.__setattr__(self, "_number", number)

    def __getattr__(self, name: str) -> Any:
        return _ask(self, "get", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        _ask(self, "set", self, name, value)

    def __delattr__(self, name: str) -> None:
        _ask(self, "delete", self, name)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """The function, class or method called at the other end."""
        channel = object.__getattribute__(self, "_channel")
        return channel.do("call", self, *arguments, **named)

    def __eq__(self, other: object) -> Any:
        return _ask(self, "eq", self, other) if _is_handle(other) else False

    def __ne__(self, other: object) -> Any:
        return _ask(self, "ne", self, other) if _is_handle(other) else True

    def __hash__(self) -> int:
        return hash(_ask(self, "hash", self))

    def __bool__(self) -> bool:
        return bool(_ask(self, "truth", self))

    def __instancecheck__(self, other: object) -> bool:
        return _is_handle(other) and bool(_ask(self, "isinstance", other, self))

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise Unsupported("the tests copy an object of the answer")

    def __exit__(self, *error: object) -> Any:
        return _ask(self, "exit", self)


def _ask(handle: Handle, operation: str, *arguments: Any) -> Any:
    channel: Channel = object.__getattribute__(handle, "_channel")
    return channel.do(operation, *arguments)


def _is_handle(value: object) -> bool:
    return type(value) is Handle


def _ordered(operation: str) -> Callable[..., Any]:
    """``<`` and its like: between handles only, else expected values would travel."""

    def compare(self: Handle, other: object) -> Any:
        if not _is_handle(other):
            raise Unsupported("the tests compare an object of the answer with a value")
        return _ask(self, operation, self, other)

    return compare


def _forwarded(operation: str) -> Callable[..., Any]:
    def forward(self: Handle, *arguments: Any) -> Any:
        return _ask(self, operation, self, *arguments)

    return forward


FORWARDED = (
    *("len", "iter", "next", "reversed", "contains", "getitem", "setitem", "delitem"),
    *("str", "repr", "format", "int", "float", "index", "abs", "neg", "enter"),
    *("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and", "or", "xor"),
    *("radd", "rsub", "rmul", "matmul", "lshift", "rshift", "invert", "round"),
    *("rtruediv", "rfloordiv", "rmod", "rpow", "rand", "ror", "rxor", "iadd", "isub"),
)
ORDERED = ("lt", "le", "gt", "ge")

for _name in FORWARDED:
    setattr(Handle, f"__{_name}__", _forwarded(_name))
for _name in ORDERED:
    setattr(Handle, f"__{_name}__", _ordered(_name))


def _replace(target: Any, changed: Any) -> None:
    """Give a mutable argument the content it has at the other end."""
    if isinstance(target, list | bytearray):
        target[:] = changed
    elif isinstance(target, dict | set):
        target.clear()
        target.update(changed)
    elif hasattr(target, "extend"):  # deque
        target.clear()
        target.extend(changed)
