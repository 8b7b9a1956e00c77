"""The whole line, one function a stage; each asks the warehouse what is missing.

    prompts → sample → verify → score → select → audit → release

Verdicts come before scores, because a scorer written in SQL may read them. A worker
that has a shard only adds parts; whoever runs the whole makes the snapshots.
"""

from fusemill.audit.audit import Audited, audit_selections, held
from fusemill.fill import ALL, Shard
from fusemill.fresh import fresh
from fusemill.progress import Progress
from fusemill.project.doctor import require_runnable
from fusemill.project.project import Project
from fusemill.prompts.reading import is_read, read_prompts, unread_before
from fusemill.release.publications import Publication
from fusemill.release.publish import candidate
from fusemill.release.publish import publish as publish_release
from fusemill.release.write import Written, write_release
from fusemill.sampling.live import sample_live
from fusemill.sampling.replays import recorded_blocks
from fusemill.sampling.sample import sample_builder
from fusemill.scoring.score import score_builder
from fusemill.selection.select import Selection, select_builder
from fusemill.verify.verify import verify_builder


def run(project: Project, progress: Progress, *, allow_pending: bool = False) -> None:
    """Every stage of every active builder, then the release (not of a trial)."""
    require_runnable(project)
    prompts(project, progress)
    sample(project, progress)
    verify(project, progress)
    score(project, progress)
    select(project, progress)
    audit(project, progress)
    if project.is_trial:
        progress.say("release", "left out: --only and --limit make a trial")
    else:
        release(project, progress, allow_pending=allow_pending)


def prompts(project: Project, progress: Progress) -> None:
    """Read the prompt sets that have not been read as they are declared now."""
    with fresh(project):
        for builder in project.active:
            if not is_read(project, builder):
                with progress.stage("prompts", builder.set) as advance:
                    n = read_prompts(project, builder, advance)
                progress.say("prompts", f"{builder.set}: {n:,} rows read")
    for name in unread_before(project):
        progress.say("prompts", f"{name}: not read; what it shares is no duplicate yet")


def sample(project: Project, progress: Progress, shard: Shard = ALL) -> None:
    """Bring the answers that are missing."""
    with fresh(project, shard):
        for builder in project.active:
            with progress.stage("sample", builder.set) as advance:
                brought = sample_builder(project, builder, shard, advance)
            if recorded_blocks(builder):
                progress.say("sample", f"{builder.set}: {brought}")
        sample_live(project, shard, progress)


def verify(project: Project, progress: Progress, shard: Shard = ALL) -> None:
    """Check the answers that have no verdict."""
    with fresh(project, shard):
        for builder in [b for b in project.active if b.verify is not None]:
            with progress.stage("verify", builder.set) as advance:
                n = verify_builder(project, builder, shard, advance)
            progress.say("verify", f"{builder.set}: {n:,} new verdicts")


def score(project: Project, progress: Progress, shard: Shard = ALL) -> None:
    """Score the answers that have no score, by every scorer of every builder."""
    with fresh(project, shard):
        for builder, scorer in [(b, s) for b in project.active for s in b.scores]:
            with progress.stage("score", builder.set) as advance:
                n = score_builder(project, builder, scorer, shard, advance)
            progress.say("score", f"{builder.set}: {n:,} new scores by {scorer.name}")


def select(project: Project, progress: Progress) -> list[Selection]:
    """Choose, by each builder's rule: one outcome for every row."""
    with fresh(project):
        done = [select_builder(project, builder) for builder in project.active]
    for one in done:
        progress.say("select", str(one))
    return done


def audit(project: Project, progress: Progress) -> list[Audited]:
    """Run suites and contract; promote what holds."""
    with fresh(project):
        done = audit_selections(project)
    suites = ", ".join(sorted({one.suite for one in done})) or "no suites declared"
    progress.say("audit", f"{len(done)} checks passed ({suites}){held(project)}")
    return done


def release(
    project: Project, progress: Progress, *, allow_pending: bool = False
) -> Written:
    """Write the declared version, or find it written."""
    with fresh(project):
        written = write_release(project, allow_pending=allow_pending)
    progress.say("release", str(written))
    return written


def publish(project: Project, progress: Progress, written: Written) -> Publication:
    """Publish a written version where the project declares, or find it published."""
    publication = publish_release(candidate(project, written), progress)
    progress.say("publish", f"{publication} and registered in {written.entry}")
    return publication
