"""Declared packages can be imported, others cannot."""

import importlib.util
from collections.abc import Iterator

import pytest
from sandbox_runs import one, program

from fusemill.sandbox import Job, Limits, Sandbox
from fusemill.sandbox.installed import locate

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("numpy") is None, reason="numpy is not installed"
)


@pytest.fixture(scope="module")
def with_numpy() -> Iterator[Sandbox]:
    limits = Limits(cpu_s=5, memory_mb=512)
    with Sandbox(limits, packages=("numpy", "not-there"), workers=1) as opened:
        yield opened


def test_a_declared_package_is_found_out_by_running(with_numpy: Sandbox) -> None:
    source = "import numpy as np; result = int(np.arange(10).sum())"
    assert one(with_numpy, source).report == 45
    hidden = "result = __import__('numpy').ones(3).tolist()"
    assert one(with_numpy, hidden).report == [1.0, 1.0, 1.0]


def test_a_job_may_say_that_it_needs_them(with_numpy: Sandbox) -> None:
    source = "import sys; result = 'numpy' in sys.modules"
    for imports in (False, True):
        job = Job(0, (program(source),), imports=imports)
        [(_, (outcome,))] = with_numpy.map([job])
        assert outcome.report is imports


def test_random_numbers_of_a_package_are_fixed(with_numpy: Sandbox) -> None:
    source = "import numpy; result = numpy.random.rand(3).tolist()"
    first, second = one(with_numpy, source), one(with_numpy, source)
    assert first.report == second.report
    assert len(first.report) == 3


def test_its_memory_is_limited_too(with_numpy: Sandbox) -> None:
    source = "import numpy; x = numpy.ones((20_000, 20_000))"
    assert one(with_numpy, source).status == "memory"


def test_either_role_may_need_it(with_numpy: Sandbox) -> None:
    tester = program("result = peer.receive()")
    candidate = program("import numpy; peer.send(int(numpy.prod([2, 3])))")
    [(_, outcomes)] = with_numpy.map([Job(0, (tester, candidate))])
    assert [outcome.report for outcome in outcomes] == [6, None]


def test_an_undeclared_package_is_not_there(with_numpy: Sandbox) -> None:
    for name in ("duckdb", "pytest", "fusemill.cli"):
        outcome = one(with_numpy, f"import {name}")
        assert "ModuleNotFoundError" in outcome.report["exception"]


def test_packages_bring_what_they_require() -> None:
    found = locate(["pytest", "not-there"])
    assert {"pytest", "pluggy", "packaging"} <= set(found.places)
    assert "not-there" not in found.places
    assert locate([]).places == {}
