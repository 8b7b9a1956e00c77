"""What to run for one check, compiled once and used for each of its answers."""

import ast
import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from fusemill.sandbox.jobs import Role
from fusemill.verify.code.asserts import answered_names, watched
from fusemill.verify.code.changes import changed_tests
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

_DRIVERS = "fusemill.verify.code.drivers:"


@dataclass
class Plan:
    """One check: its tests, compiled, and the roles of each kind of run."""

    tests: Suite
    digest: bytes
    units: tuple[str, ...]
    imports: tuple[str, ...]
    provided: frozenset[str]
    modules: frozenset[str]
    _changed: list[str] | None = None  # made when the first answer passes

    def entry(self) -> EntryPoint | None:
        """What an answer must define: the entry point, or the one name tests want."""
        tests = self.tests
        if tests.entry or tests.form == "stdio":
            return tests.entry
        wanted = tests.names - self.provided - sys.stdlib_module_names - BUILTINS
        return EntryPoint(min(wanted)) if len(wanted) == 1 else None

    def inside(self, program: Program) -> tuple[Role, ...]:
        """One process for the answer and its tests."""
        return (self._inside(program, self.units, None),)

    def changed(self, program: Program) -> tuple[Role, ...] | None:
        """The second run: changed tests, as they stand and in another order.

        None: there is nothing to change.
        """
        seed = int.from_bytes(self.digest[:4])
        if self._changed is None:
            self._changed = self._change(seed)
        units = self._changed
        return (self._inside(program, units, seed),) if units else None

    def across(self, program: Program) -> tuple[Role, ...]:
        """Two processes: the tests in one, the answer in the other."""
        root = self.tests.entry.root if self.tests.entry else None
        wanted = self.tests.names - (self.provided - {root})
        remote = [n for n, kind in program.names.items() if kind != "import"]
        imported = [n for n, kind in program.names.items() if kind == "import"]
        statements = import_statements(program.tree, wanted & set(imported))
        imports = [*self.imports]
        if statements:
            code = compiled_tree(ast.Module(statements, []), "<imports>")
            imports.append(marshalled(code))
        tester = {
            "imports": imports,
            "remote": sorted(wanted & set(remote)),
            "names": sorted(wanted),
            "units": self.units,
            "classes": self.tests.classes,
            "seed": None,
        }
        return (
            Role(_DRIVERS + "tester", tester),
            Role(_DRIVERS + "answer", dict(program.payload())),
        )

    def script(self, program: Program, stdin: str) -> tuple[Role, ...]:
        """The answer as a program that reads `stdin`."""
        data = stdin.encode("utf-8", "surrogateescape")
        return (Role(_DRIVERS + "script", dict(program.payload()), data),)

    def needs_one_process(self, program: Program) -> bool:
        """Whether a channel can't carry what these tests do with this answer."""
        kinds = {program.names.get(name) for name in self.tests.names}
        return "async" in kinds or bool(self.modules & _INTROSPECTION)

    def _inside(self, program: Program, units: Sequence[str], seed: int | None) -> Role:
        payload = {
            **program.payload(),
            "units": units,
            "names": sorted(self.tests.names),
            "classes": self.tests.classes,
            "seed": seed,
        }
        return Role(_DRIVERS + "inside", payload)

    def _change(self, seed: int) -> list[str]:
        units = []
        # Methods of classes are put in another order where they are run.
        for shuffled in (False, True)[: 1 if self.tests.classes else 2]:
            tree = changed_tests(self.tests.trees(), seed, shuffled)
            if tree is not None:
                units.append(marshalled(compiled_tree(tree, f"{TEST_FILE}0>")))
        return units


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
        units.append(marshalled(code))
    imports, provided = _from_stub(stub, tests.entry)
    digest = _digest(texts, entry_text, stub)
    return Plan(tests, digest, tuple(units), imports, provided, modules)


def _from_stub(
    stub: str | None, entry: EntryPoint | None
) -> tuple[tuple[str, ...], frozenset[str]]:
    """What tests may use of the stub: compiled, and the names it binds."""
    if not stub:
        return (), frozenset()
    before = prelude(stub, (), entry)
    try:
        code = marshalled(compiled_tree(before, "<prompt>"))
    except Unparsable:
        return (), frozenset()
    return (code,), frozenset(definitions(before))


def _digest(texts: Sequence[str], entry_text: str | None, stub: str | None) -> bytes:
    parts = [repr(list(texts)), repr(entry_text), repr(stub)]
    return hashlib.sha256("\n".join(parts).encode()).digest()
