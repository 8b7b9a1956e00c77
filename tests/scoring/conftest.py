"""A project with a reward model, read and sampled once for all tests."""

from pathlib import Path

import pytest
import reward_project as declarations

import small_project
from small_project import SmallProject


@pytest.fixture(scope="session")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> SmallProject:
    """The small project with its answers, its reward model declared."""
    project = small_project.make(tmp_path_factory.mktemp("reward") / "small")
    declarations.make(project)
    project.ok("prompts")
    project.ok("sample")
    return project


@pytest.fixture
def reward_project(sampled: SmallProject, tmp_path: Path) -> SmallProject:
    """A copy of one's own, to score."""
    return sampled.moved_copy(tmp_path / "small")
