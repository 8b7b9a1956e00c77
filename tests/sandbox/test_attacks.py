"""Every attack ends as it should, gets nothing, and leaves nothing behind."""

import re
from collections import Counter
from pathlib import Path

import pytest
from all_attacks import ATTACKS
from attacks import Attack, judge
from sandbox_runs import PROBE, Bait, one

from fusemill.sandbox import Sandbox

NAMES = [f"{attack.kind}: {attack.name}" for attack in ATTACKS]


@pytest.mark.parametrize("attack", ATTACKS, ids=NAMES)
def test_attack(sandbox: Sandbox, baseline: object, bait: Bait, attack: Attack) -> None:
    judge(attack, one(sandbox, bait.put_in(attack.program)))
    after = one(sandbox, PROBE)
    assert after.report == baseline
    assert bait.is_untouched()


def test_every_class_has_two_mechanisms_and_stands_in_the_document() -> None:
    counts = Counter(attack.kind for attack in ATTACKS)
    assert min(counts.values()) >= 2
    text = Path(__file__).parents[2].joinpath("docs", "security.md").read_text()
    documented = set(re.findall(r"^\| ([a-z][^|]*?) +\|", text, re.MULTILINE))
    assert set(counts) <= documented
