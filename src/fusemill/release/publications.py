"""Where a version lies on Hubs: the key `published` of its registry entry."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from fusemill.errors import ReleaseError
from fusemill.release.registry import read_entry, write_entry


@dataclass(frozen=True)
class Publication:
    """One place: a commit of a repository, and the tag that it was given."""

    repo: str
    commit: str
    tag: str
    published_at: str

    def __str__(self) -> str:
        """What was done, in words."""
        return f"{self.repo}: {self.tag} is commit {self.commit}, read back"


def publications(data: Mapping[str, Any], entry: Path) -> list[Publication]:
    """Places that an entry names, oldest first; none where it was not published."""
    listed = data.get("published") or []
    keys = [field.name for field in fields(Publication)]
    if not isinstance(listed, list) or not all(
        isinstance(one, dict)
        and set(keys) <= one.keys()
        and re.fullmatch("[0-9a-f]{40}", str(one["commit"]))
        for one in listed
    ):
        raise ReleaseError(
            f"{entry}: published: expected a list of {', '.join(keys)}, the commit "
            "with 40 hex digits; restore the entry from a copy"
        )
    return [Publication(**{key: str(one[key]) for key in keys}) for one in listed]


def record(entry: Path, publication: Publication) -> None:
    """Add a place to an entry; one that is there already stays as it is."""
    data = read_entry(entry)
    if data is None:
        raise ReleaseError(f"{entry}: has gone meanwhile; restore it from a copy")
    before = publications(data, entry)
    place = (publication.repo, publication.commit)
    if place in [(one.repo, one.commit) for one in before]:
        return
    listed = [asdict(one) for one in (*before, publication)]
    # In the place of the key that older entries have for one commit.
    keys = ["published" if key == "commit" else key for key in data]
    values = {**data, "published": listed}
    changed = {key: values[key] for key in dict.fromkeys(keys)}
    write_entry(entry, changed, "publication")
