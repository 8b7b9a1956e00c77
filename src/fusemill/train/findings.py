"""What `fusemill doctor` says of training/targets/."""

from collections.abc import Iterator

from fusemill.errors import FusemillError
from fusemill.project.findings import Finding
from fusemill.project.project import Project
from fusemill.train.target import load_target


def target_findings(project: Project) -> Iterator[Finding]:
    """Targets that cannot be read, or whose model the registry does not know."""
    for path in sorted((project.root / "training" / "targets").glob("*.yaml")):
        try:
            load_target(project, str(path))
        except FusemillError as error:
            yield Finding("error", str(path.relative_to(project.root)), str(error))
