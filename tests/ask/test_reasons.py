"""`prompts --explain`: what became of the raw rows of the small project."""

import json

from small_files import TALK
from small_project import SmallProject, refused


def test_reasons_with_examples(finished: SmallProject) -> None:
    said = json.loads(finished.ok("prompts", "--explain", "--json").out)
    counts = {(one["set"], one["status"]): one["n_rows"] for one in said}
    assert counts == {
        ("talk", "ready"): 9,
        ("talk", "duplicate"): 1,
        ("talk", "excluded_code"): 1,
        ("talk", "excluded_empty"): 1,
        ("sums", "ready"): 4,
        ("sums", "duplicate"): 1,
        ("sums", "no_tests"): 1,
        ("zh", "ready"): 2,
        ("zh", "not_sampled"): 1,
        ("zh", "excluded_language"): 1,
    }
    [code] = [one for one in said if one["status"] == "excluded_code"]
    assert code["examples"] == [[5, TALK[5]["ask"]]]
    assert "question about code" in code["means"]
    [ready] = [one for one in said if (one["set"], one["status"]) == ("talk", "ready")]
    assert len(ready["examples"]) == 3
    assert all(TALK[row]["ask"] == text for row, text in ready["examples"])


def test_reasons_for_people(finished: SmallProject) -> None:
    parts = finished.parts()
    said = finished.ok("prompts", "--explain", "--only", "zh", "--rows", "1").out
    assert "zh: 4 rows" in said
    assert "excluded_language 1  it is not in the set's language" in said
    assert "Hello there." in said
    assert "talk" not in said
    assert finished.parts() == parts


def test_reasons_before_anything_is_read(small: SmallProject) -> None:
    refused(small.cli("prompts", "--explain"), "no snapshot here yet")
