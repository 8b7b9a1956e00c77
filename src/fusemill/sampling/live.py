"""Answers that are asked for: what is missing, asked of engines, recorded as it comes.

All builders are asked at once, so that a model that has finished one set goes on with
the next while a slower one is still busy with the first.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fusemill.errors import EngineError
from fusemill.fill import Job, Row, Shard, fill
from fusemill.progress import Count, Progress
from fusemill.project.project import Project
from fusemill.sampling.due import Due, DueModel
from fusemill.sampling.engine import Answer, Engine, Tally
from fusemill.sampling.local.declared import locally
from fusemill.sampling.openai.declared import over_http
from fusemill.sampling.rates import Rates
from fusemill.sampling.rows import response_row
from fusemill.sampling.vllm.declared import in_process, is_served

# On disk within five seconds of its arrival: the writing takes time on a busy machine.
FLUSH_S = 3.0

Maker = Callable[[Project, Sequence[str]], Engine]  # of an engine for these models


def sample_live(project: Project, shard: Shard, progress: Progress) -> None:
    """Ask for every missing answer of the active builders, and record what comes.

    Raises EngineError where an engine stops, and at the end where requests were given
    up; what came is kept.
    """
    with project.warehouse.connect() as con:
        due = Due(project, con, shard)
        if due.is_asked and not due.models:
            progress.say("sample", "live: 0 new answers, nothing is missing")
        for group in _groups(project, due.models):
            with progress.stage("sample", "live") as count:
                count.expect(sum(one.n_missing for one in group.models))
                try:
                    fill(project.warehouse, group.job(due, count), count)
                finally:
                    for one in group.models:
                        progress.say("sample", _said(one, group.tallies[one.model]))
            _require_whole(group)


@dataclass(frozen=True)
class _Group:
    """Models that one engine asks at once."""

    engine: Engine
    models: Sequence[DueModel]

    @property
    def tallies(self) -> Mapping[str, Tally]:
        return self.engine.tallies

    def job(self, due: Due, count: Count) -> Job:
        """Ask for all that is due; rows come as answers do."""
        missing = {one.model: one.n_missing for one in self.models}
        for one in self.models:
            self.tallies[one.model].n_texts_before = one.n_own
        rates = Rates(missing, self.tallies)
        requests = {name: due.requests(name, self.engine) for name in missing}
        engines = {one.model: one.engine for one in self.models}

        def batches() -> Iterator[Sequence[Row]]:
            for batch in self.engine.answers(requests):
                count.note(rates.said())
                yield [_row(a, engines[a.request.model]) for a in batch]

        return Job("responses", batches(), lambda rows: rows, flush_s=FLUSH_S)


def _groups(project: Project, models: Sequence[DueModel]) -> list[_Group]:
    by_maker: dict[Maker, list[DueModel]] = {}
    for one in models:
        by_maker.setdefault(_maker(project, one), []).append(one)
    return [
        _Group(maker(project, [one.model for one in own]), own)
        for maker, own in sorted(by_maker.items(), key=lambda item: item[0].__name__)
    ]


def _maker(project: Project, due: DueModel) -> Maker:
    """What makes the engine of a model, by what its builder and registry say."""
    if due.engine == "transformers":
        return locally
    if due.engine == "vllm" and not is_served(project, due.model):
        return in_process
    return over_http


def _row(answer: Answer, engine: str) -> Row:
    request = answer.request
    return response_row(
        request.prompt_id,
        request.config_hash,
        answer.draw,
        answer.text,
        model=request.model,
        reasoning=answer.reasoning,
        finish_reason=answer.finish_reason,
        n_input_tokens=answer.n_input_tokens,
        n_output_tokens=answer.n_output_tokens,
        engine=engine,
        asked_at=answer.asked_at,
        latency_s=answer.latency_s,
        error=answer.error,
    )


def _said(due: DueModel, tally: Tally) -> str:
    """What became of a model's missing answers, in one line."""
    said = f"{due.model}: {tally.answers:,} new answers"
    if tally.refused:
        said += f", {tally.refused:,} of them refusals"
    if tally.faults.total():
        said += f", {tally.faults.total():,} tries failed ({failures(tally)})"
    if tally.limit is not None:
        left = due.n_missing - tally.answers
        said += f"; stopped at its limit of {tally.limit}, {left:,} are still missing"
    if due.n_other:
        said += f"; {due.n_other:,} answers belong to other configurations and stay"
    return said


def failures(tally: Tally) -> str:
    """Failed tries by kind, the most frequent first."""
    return ", ".join(f"{kind} {n:,}" for kind, n in tally.faults.most_common() if n)


def _require_whole(group: _Group) -> None:
    """EngineError where an engine gave up requests."""
    left = {name: tally for name, tally in group.tallies.items() if tally.left}
    if left:
        said = "; ".join(
            f"{name}: {tally.left:,} answers, the last for: {tally.last_fault}"
            for name, tally in left.items()
        )
        raise EngineError(
            f"some requests were given up ({said}). All other answers are kept; run "
            "again to ask for these"
        )
