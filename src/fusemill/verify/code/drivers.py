"""What runs inside the sandbox: one function for each role of a run.

`inside` runs an answer and its tests in one process. `tester` and `answer` are the two
processes of a run across a channel. `script` runs an answer as a program. Code arrives
compiled (marshalled, base64): nothing is parsed again here. Reports are small and say
what happened; what it means is decided outside.

Standard library only.
"""

import base64
import contextlib
import importlib
import marshal
import random
import sys
import types
import unittest
from collections.abc import Iterable
from typing import Any

from fusemill.sandbox.peer import Peer, PeerGone
from fusemill.sandbox.refusal import refused
from fusemill.verify.code.recorder import RECORDER, Recorder, failure, last_line
from fusemill.verify.code.remote import AnswerFailed, Channel, Unsupported
from fusemill.verify.code.serving import serve

Report = dict[str, Any]


def inside(payload: dict[str, Any], _peer: Peer | None) -> Report:
    """Run the answer, then the tests over a copy of its names.

    Report: ``passed``; of a failure ``stage`` and what `failure` says; in a second run
    ``counts``: for each assertion how often it held and fell.
    """
    answered = _module("answer")
    try:
        _run_answer(payload, answered)
    except BaseException as error:
        _leave(error)
        return {"passed": False, "stage": "answer", "error": last_line(error)}
    tests = _module("tests")
    tests.update({k: v for k, v in answered.items() if not k.startswith("__")})
    recorder = tests[RECORDER] = Recorder()
    try:
        _import_missing(payload["names"], tests)
        _run_tests(payload, tests)
    except BaseException as error:
        _leave(error)
        report = {"passed": False, "stage": "tests", **failure(error, recorder)}
        return report | {"counts": recorder.counts}
    return {"passed": True, "counts": recorder.counts}


def tester(payload: dict[str, Any], peer: Peer | None) -> Report:
    """Run the tests over the answer at the other end of the channel.

    Report: as `inside`; ``unsupported`` says what the channel could not carry,
    ``gone`` that the other process ended, ``n_calls`` and ``n_decided`` what
    remote.Channel counts.
    """
    assert peer is not None
    tests = _module("tests")
    recorder = tests[RECORDER] = Recorder()
    try:
        channel = Channel(peer)
        for unit in payload["imports"]:
            _run(unit, tests)
        for name in payload["remote"]:
            tests[name] = channel.do("name", name)
        _import_missing(payload["names"], tests)
        _run_tests(payload, tests)
    except Unsupported as reason:
        return {"passed": False, "unsupported": str(reason)}
    except AnswerFailed as error:
        return {"passed": False, "stage": "answer", "error": error.said}
    except PeerGone as error:
        report = failure(error, recorder)
        return {"passed": False, "stage": "tests", "gone": True, **report}
    except BaseException as error:
        _leave(error)
        return {"passed": False, "stage": "tests", **failure(error, recorder)}
    counts = {"n_calls": channel.n_calls, "n_decided": channel.n_decided}
    return {"passed": True, **counts}


def answer(payload: dict[str, Any], peer: Peer | None) -> Report:
    """Run the answer and serve the tester."""
    assert peer is not None
    namespace = _module("answer")
    try:
        _run_answer(payload, namespace)
    except BaseException as error:
        _leave(error)
        with contextlib.suppress(PeerGone):
            peer.receive()
            peer.send({"dead": last_line(error)})
        return {"n_requests": 0}
    return {"n_requests": serve(peer, namespace)}


def script(payload: dict[str, Any], _peer: Peer | None) -> Report:
    """Run the answer as a program; what it prints is judged outside."""
    namespace = _module("__main__")
    sys.argv = ["answer.py"]
    try:
        _run_answer(payload, namespace)
    except SystemExit as leave:  # how many a program ends, and no failure by itself
        if leave.code not in (None, 0):
            return {"passed": False, "error": f"SystemExit: {leave.code}"[:200]}
    except BaseException as error:
        _leave(error)
        return {"passed": False, "error": last_line(error)}
    return {"passed": True}


def _module(name: str) -> dict[str, Any]:
    """The namespace of a new module that can be found under its name."""
    module = types.ModuleType(name)
    sys.modules[name] = module
    return vars(module)


def _run_answer(payload: dict[str, Any], namespace: dict[str, Any]) -> None:
    for part in ("prelude", "code"):
        if payload[part]:
            _run(payload[part], namespace)


def _run(text: str, namespace: dict[str, Any]) -> None:
    """Run compiled code. It was compiled by us, and this process is the sandbox's."""
    exec(marshal.loads(base64.b64decode(text)), namespace)  # noqa: S102, S302


def _leave(error: BaseException) -> None:
    """Raise on what the sandbox itself reports: no memory, refusals, leaving early."""
    if isinstance(error, MemoryError | SystemExit) or refused(error):
        raise error


def _import_missing(names: Iterable[str], namespace: dict[str, Any]) -> None:
    """Standard modules that tests use and nobody imported."""
    for name in names:
        if name not in namespace and name in sys.stdlib_module_names:
            namespace[name] = importlib.import_module(name)


def _run_tests(payload: dict[str, Any], tests: dict[str, Any]) -> None:
    """Run each unit of test code, and unittest's classes after it as the unit says."""
    for unit, classes in payload["units"]:
        _run(unit, tests)
        if classes and payload["classes"]:
            found = [tests[name] for name in payload["classes"]]
            _run_classes(found, classes, payload["seed"])


class _Result(unittest.TestResult):
    """Raises the first failure, with its traceback; counts what ran."""

    def addError(self, _test: Any, error: Any) -> None:
        raise error[1].with_traceback(error[2])

    def addFailure(self, test: Any, error: Any) -> None:
        self.addError(test, error)

    def addSubTest(self, _test: Any, _subtest: Any, error: Any) -> None:
        if error is not None:
            raise error[1].with_traceback(error[2])

    def addUnexpectedSuccess(self, test: Any) -> None:
        raise AssertionError(f"unexpected success of {test}")


class _Tolerant(unittest.TestResult):
    """For changed tests, which tell the recorder: goes on after failures."""


def _run_classes(classes: Iterable[Any], how: str, seed: int) -> None:
    """Run the test methods of unittest classes.

    how: ``strict`` raises the first failure, ``ordered`` and ``shuffled`` go on.
    """
    loader = unittest.TestLoader()
    tests = [test for kind in classes for test in loader.loadTestsFromTestCase(kind)]
    if not tests:
        raise AssertionError("the test classes have no test methods")
    if how == "shuffled":
        random.Random(seed).shuffle(tests)  # noqa: S311 no secret
    result = _Result() if how == "strict" else _Tolerant()
    # A suite calls setUpClass and tearDownClass around each class's tests.
    unittest.TestSuite(tests).run(result)
