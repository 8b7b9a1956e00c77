"""The answer's end of the channel: runs its code, then does what the tester asks.

Standard library only: this runs inside the sandbox, and what runs here is not trusted.
It sees arguments of calls, never what a test expects.
"""

import builtins
import operator
from collections.abc import Callable
from typing import Any

from fusemill.sandbox.peer import Peer, PeerGone
from fusemill.sandbox.refusal import refused
from fusemill.verify.code.recorder import last_line
from fusemill.verify.code.remote import FORWARDED, ORDERED
from fusemill.verify.code.values import Encoder, Unencodable, decode

_MUTABLE = (list, dict, set, bytearray)


class Objects:
    """What the tester holds handles of."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self._namespace = namespace
        self._objects: list[Any] = []
        self._numbers: dict[int, int] = {}  # by identity

    def number(self, value: Any) -> int:
        """The handle of an object, the same each time."""
        found = self._numbers.get(id(value))
        if found is None:
            found = self._numbers[id(value)] = len(self._objects)
            self._objects.append(value)
        return found

    def encode(self, value: Any) -> Any:
        """The message for a value, or for the handle of what is none."""
        return Encoder(self._handle).encode(value)

    def decode(self, message: Any) -> Any:
        """The value of a message; a handle is the object itself again."""
        return decode(message, lambda body: self._objects[body[0]])

    def _handle(self, value: Any) -> Any:
        is_error = isinstance(value, type) and issubclass(value, BaseException)
        return {"h": [self.number(value), self.bases(value) if is_error else ""]}

    def bases(self, kind: type[BaseException]) -> list[Any]:
        """An exception class as remote.Channel rebuilds it."""
        found: list[Any] = []
        for base in kind.__mro__:
            if getattr(builtins, base.__name__, None) is base:
                return [*found, base.__name__]
            found.append([self.number(base), base.__name__])
        return [*found, "Exception"]

    def perform(self, name: str, arguments: list[Any], named: dict[str, Any]) -> Any:
        """Do one operation."""
        if name == "name":
            return self._namespace[arguments[0]]
        if name == "call":
            return arguments[0](*arguments[1:], **named)
        return _OPERATIONS[name](*arguments)


def _reflected(name: str) -> Callable[[Any, Any], Any]:
    function = getattr(operator, f"__{name[1:]}__")
    return lambda own, other: function(other, own)


def _operation(name: str) -> Callable[..., Any]:
    found = getattr(builtins, name, None) or getattr(operator, f"__{name}__", None)
    return found or _reflected(name)


_OPERATIONS: dict[str, Callable[..., Any]] = {
    **{name: _operation(name) for name in (*FORWARDED, *ORDERED) if name != "enter"},
    "get": getattr,
    "set": setattr,
    "delete": delattr,
    "eq": operator.eq,
    "ne": operator.ne,
    "hash": hash,
    "truth": operator.truth,
    "isinstance": isinstance,
    "enter": lambda own: own.__enter__(),
    "exit": lambda own: own.__exit__(None, None, None),
}


def serve(peer: Peer, namespace: dict[str, Any]) -> int:
    """Answer requests until the tester goes; returns how many there were."""
    objects = Objects(namespace)
    n_requests = 0
    while True:
        try:
            name, sent, keyed = peer.receive()
        except PeerGone:
            return n_requests
        n_requests += 1
        arguments = [objects.decode(message) for message in sent]
        named = {key: objects.decode(message) for key, message in keyed.items()}
        try:
            reply = {"value": objects.encode(objects.perform(name, arguments, named))}
        except Unencodable as error:
            reply = {"large": str(error)}
        except MemoryError:
            raise
        except BaseException as error:
            if isinstance(error, SystemExit) or refused(error):
                raise
            reply = {"raised": _raised(error, objects)}
        changed = _changed(objects, arguments, sent) + _changed(objects, named, keyed)
        if changed:
            reply["changed"] = changed
        try:
            _send(peer, reply)
        except PeerGone:
            return n_requests


def _send(peer: Peer, reply: dict[str, Any]) -> None:
    try:
        peer.send(reply)
    except ValueError as error:
        peer.send({"large": str(error)})


def _changed(objects: Objects, values: Any, sent: Any) -> list[Any]:
    """[place, message] of each mutable argument that is no longer what was sent."""
    found: list[Any] = []
    places = values if isinstance(values, dict) else range(len(values))
    for place in places:
        if isinstance(values[place], _MUTABLE) or hasattr(values[place], "appendleft"):
            try:
                now = objects.encode(values[place])
            except Unencodable:
                continue
            if now != sent[place]:
                found.append([place, now])
    return found


def _raised(error: BaseException, objects: Objects) -> dict[str, Any]:
    """An exception as remote.Channel raises it again."""
    arguments = []
    for argument in error.args[:20]:
        try:
            arguments.append(objects.encode(argument))
        except Unencodable:
            arguments.append(last_line(error))
    fields = []
    for name, value in list(vars(error).items())[:20]:
        try:
            fields.append({"t": [name, objects.encode(value)]})
        except Unencodable:
            continue
    return {
        "bases": objects.bases(type(error)),
        "arguments": arguments,
        "fields": fields,
        "said": last_line(error),
    }
