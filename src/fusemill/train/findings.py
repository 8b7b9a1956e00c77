"""What `fusemill doctor` says of training/targets/."""

from collections.abc import Iterator

from fusemill.errors import FusemillError
from fusemill.project.declaration import load
from fusemill.project.findings import Finding
from fusemill.project.project import Project
from fusemill.train.target import Target, why_unknown


def target_findings(project: Project) -> Iterator[Finding]:
    """Targets that cannot be read: errors. Notes: those of models that are not known.

    A project of its own models need not throw the recipe's targets away.
    """
    for path in sorted((project.root / "training" / "targets").glob("*.yaml")):
        where = str(path.relative_to(project.root))
        try:
            unknown = why_unknown(project, load(path, Target))
        except FusemillError as error:
            yield Finding("error", where, str(error))
        else:
            if unknown:
                yield Finding("note", where, unknown)
