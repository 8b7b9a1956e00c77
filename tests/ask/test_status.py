"""status names the releases that are there, the lowest version first."""

import json

from small_project import SmallProject


def test_releases_are_in_the_order_of_their_numbers(finished: SmallProject) -> None:
    folder = next((finished.root / "releases").iterdir())
    for name in ("1.10.0", "1.9.0", ".1.11.0.tmp", "notes"):
        (folder / name).mkdir()
    found = json.loads(finished.ok("status", "--json").out)["releases"]
    assert found[-2:] == [f"{folder.name} 1.9.0", f"{folder.name} 1.10.0"]
    assert len(found) == 3
