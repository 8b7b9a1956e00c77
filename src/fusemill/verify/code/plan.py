"""What to run for one check, compiled once and used for each of its answers."""

import ast
import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

from fusemill.sandbox.jobs import Role
from fusemill.verify.code.asserts import answered_names, watched
from fusemill.verify.code.changes import Half, Mark, changed_tests
from fusemill.verify.code.forms import BadTests, Suite, read_tests
from fusemill.verify.code.program import Program, import_statements, marshalled
from fusemill.verify.code.recorder import TEST_FILE
from fusemill.verify.code.source import (
    BUILTINS,
    EntryPoint,
    Unparsable,
    compiled_tree,
    definitions,
    imported_modules,
)
from fusemill.verify.code.stub import prelude

# Tests that use these look into the answer's process: no channel carries that.
_INTROSPECTION = frozenset(
    ("asyncio", "inspect", "mock", "pickle", "threading", "multiprocessing", "weakref")
)

# Halves of the second run: whether the second one, and whether shuffled.
_FIRST, _SHUFFLED, _IN_ORDER = (False, False), (True, True), (True, False)

_DRIVERS = "fusemill.verify.code.drivers:"


@dataclass(frozen=True)
class Stub:
    """What tests may use of the prompt's stub.

    code: it, compiled. provided: the names it binds. modules: those it imports.
    """

    code: tuple[str, ...] = ()
    provided: frozenset[str] = frozenset()
    modules: frozenset[str] = frozenset()


@dataclass
class Plan:
    """One check: its tests, compiled, and the roles of each kind of run.

    modules: first parts of what the tests import.
    """

    tests: Suite
    digest: bytes
    units: tuple[tuple[str, str], ...]
    stub: Stub
    modules: frozenset[str]
    # Of the second run, by whether it is the second half and shuffled; made when asked
    # for, since it is dear and many checks see no answer pass.
    _halves: dict[tuple[bool, bool], Half] = field(default_factory=dict)
    _changed: dict[tuple[bool, bool], str] = field(default_factory=dict)

    def entry(self) -> EntryPoint | None:
        """What an answer must define: the entry point, or the one name tests want."""
        tests = self.tests
        if tests.entry or tests.form == "stdio":
            return tests.entry
        wanted = tests.names - self.stub.provided - sys.stdlib_module_names - BUILTINS
        return EntryPoint(min(wanted)) if len(wanted) == 1 else None

    def inside(self, program: Program) -> tuple[Role, ...]:
        """One process for the answer and its tests."""
        return (self._inside(program, self.units),)

    def marks(self, alone: bool = False) -> dict[str, Mark]:
        """What the assertions of the second run must do; empty if none can change.

        alone: those of its second half, run by itself.
        """
        if alone:
            return self._half(_IN_ORDER).marks
        return self._half(_FIRST).marks | self._half(_SHUFFLED).marks

    def changed(self, program: Program, alone: bool) -> tuple[Role, ...]:
        """The second run, of changed tests; `marks` says that there are some.

        alone: only its second half, in the order in which the tests stand.
        """
        kinds = [(_FIRST, "ordered"), (_SHUFFLED, "shuffled")]
        if alone:
            kinds = [(_IN_ORDER, "ordered")]
        units = [(self._compiled(kind), order) for kind, order in kinds]
        return (self._inside(program, units),)

    def _half(self, kind: tuple[bool, bool]) -> Half:
        if kind not in self._halves:
            trees = self.tests.trees()
            self._halves[kind] = changed_tests(trees, self.seed, *kind)
        return self._halves[kind]

    def _compiled(self, kind: tuple[bool, bool]) -> str:
        if kind not in self._changed:
            code = compiled_tree(self._half(kind).tree, f"{TEST_FILE}0>")
            self._changed[kind] = marshalled(code)
        return self._changed[kind]

    def across(self, program: Program) -> tuple[Role, ...]:
        """Two processes: the tests in one, the answer in the other."""
        wanted = self._wanted
        remote = self._remote(program)
        imported = wanted.intersection(program.names) - remote
        statements = import_statements(program, imported)
        imports = [*self.stub.code]
        if statements:
            code = compiled_tree(ast.Module(statements, []), "<imports>")
            imports.append(marshalled(code))
        tester = {
            "imports": imports,
            "remote": sorted(remote),
            "names": sorted(wanted),
            "units": self.units,
            "classes": self.tests.classes,
            "seed": self.seed,
        }
        return (
            Role(_DRIVERS + "tester", tester),
            Role(_DRIVERS + "answer", dict(program.payload())),
        )

    def has_other_names(self, program: Program) -> bool:
        """Whether tests across take more from the answer than what they test.

        ``set(f(1)) == {1, 2}`` says little where ``set`` is the answer's own.
        """
        remote = self._remote(program)
        if self.tests.entry:
            return bool(remote - {self.tests.entry.root})
        return len(remote) > 1 or bool(remote & (BUILTINS | sys.stdlib_module_names))

    @property
    def _wanted(self) -> frozenset[str]:
        """Names that the tests read and the prompt does not provide."""
        root = self.tests.entry.root if self.tests.entry else None
        return self.tests.names - (self.stub.provided - {root})

    def _remote(self, program: Program) -> frozenset[str]:
        """Wanted names that stay in the answer's process: all but its imports.

        An import under another name is one of them, since what it binds may be
        anything (``from builtins import bool as set``), and so is the entry point,
        which an answer may import (``from math import gcd``).
        """
        entry = self.entry()
        root = entry.root if entry else None
        own = (n for n, kind in program.names.items() if kind != "import" or n == root)
        return self._wanted.intersection(own)

    def script(self, program: Program, stdin: str) -> tuple[Role, ...]:
        """The answer as a program that reads `stdin`."""
        data = stdin.encode("utf-8", "surrogateescape")
        return (Role(_DRIVERS + "script", dict(program.payload()), data),)

    def needs_one_process(self, program: Program) -> bool:
        """Whether a channel can't carry what these tests do with this answer."""
        kinds = {program.names.get(name) for name in self.tests.names}
        return "async" in kinds or bool(self.modules & _INTROSPECTION)

    @property
    def seed(self) -> int:
        """By the check, so that its answers meet the same second run."""
        return int.from_bytes(self.digest[:4])

    def _inside(self, program: Program, units: Sequence[tuple[str, str]]) -> Role:
        payload = {
            **program.payload(),
            "units": units,
            "names": sorted(self.tests.names),
            "classes": self.tests.classes,
            "seed": self.seed,
        }
        return Role(_DRIVERS + "inside", payload)


def plan(texts: Sequence[str], entry_text: str | None, stub: str | None) -> Plan:
    """The plan of a check; raises BadTests where nobody could run its tests."""
    tests = read_tests(texts, entry_text)
    trees = tests.trees()
    whole = ast.Module([node for tree in trees for node in tree.body], [])
    root = [tests.entry.root] if tests.entry else []
    answered = answered_names(whole, root)
    modules = frozenset(imported_modules(whole)) | (tests.names & _INTROSPECTION)
    units = []
    for number, tree in enumerate(trees):
        try:
            code = compiled_tree(watched(tree, answered), f"{TEST_FILE}{number}>")
        except Unparsable as why:
            raise BadTests(f"test {number + 1} of {len(trees)} {why}") from None
        units.append((marshalled(code), "strict" if tree is trees[-1] else ""))
    digest = _digest(texts, entry_text, stub)
    return Plan(tests, digest, tuple(units), _stub(stub, tests.entry), modules)


def _stub(stub: str | None, entry: EntryPoint | None) -> Stub:
    if not stub:
        return Stub()
    before = prelude(stub, (), entry)
    try:
        code = marshalled(compiled_tree(before, "<prompt>"))
    except Unparsable:
        return Stub()
    provided = frozenset(definitions(before))
    return Stub((code,), provided, frozenset(imported_modules(before)))


def _digest(texts: Sequence[str], entry_text: str | None, stub: str | None) -> bytes:
    parts = [repr(list(texts)), repr(entry_text), repr(stub)]
    return hashlib.sha256("\n".join(parts).encode()).digest()
