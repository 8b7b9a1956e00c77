"""What is to be asked: the missing answers of all builders, as requests by model."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from fusemill import ids
from fusemill.fill import Shard
from fusemill.identity import configs
from fusemill.project.models import Builder, LiveAnswers
from fusemill.project.project import Project
from fusemill.sampling.engine import Engine, Request, runs
from fusemill.sampling.missing import find_missing
from fusemill.sampling.turns import as_sent

PAGE = 256  # prompts that are read at once

# Prompts are numbered, so that a page is a range in both tables.
PROMPTS = """
create or replace temp table due_prompts as
select row_number() over (order by prompt_id) as place, prompt_id, messages
from plan
inner join prompt_texts using ("set", source_row, prompt_id)
where status = 'ready' and prompt_id in (select prompt_id from due)
order by place
"""
DRAWS = """
create or replace temp table due_draws as
select model, config_hash, place, list(draw order by draw) as draws
from due
inner join due_prompts using (prompt_id)
group by all
order by model, place
"""
# With the texts that the models have given, and the answers of other configurations: of
# another temperature, another revision. Recorded answers are none that were asked for.
MODELS = """
with

n_due as (select model, config_hash, count(*) as n_missing from due group by all)

select
    model,
    n_due.config_hash,
    n_missing,
    count(*) filter (
        responses.config_hash = n_due.config_hash and error is null
    ) as n_own,
    count(*) filter (
        responses.config_hash <> n_due.config_hash
        and latency_s is not null
        and error is null
    ) as n_other,
from n_due
left join responses using (model)
group by all
order by model
"""
PAGE_OF_A_MODEL = """
select prompt_id, config_hash, draws, messages
from due_draws
inner join due_prompts using (place)
where model = $model and place between $first and $last
order by place
"""


@dataclass(frozen=True)
class DueModel:
    """One model that has answers to give."""

    model: str  # its name in registry/models.yaml
    engine: str  # as declared
    config_hash: str
    n_missing: int  # draws
    n_own: int  # texts of this configuration
    n_other: int  # answers of the model's other configurations


class Due:
    """The missing answers of the active builders that engines can bring.

    Uses the connection from whichever thread draws requests, one at a time.
    """

    def __init__(
        self, project: Project, con: duckdb.DuckDBPyConnection, shard: Shard
    ) -> None:
        self._project, self._con = project, con
        self._lock = threading.Lock()
        engines: dict[str, str] = {}
        con.execute(
            "create or replace temp table due (model varchar, config_hash varchar, "
            "prompt_id varchar, draw bigint)"
        )
        for builder in project.active:
            self._add(builder, shard, engines)
        self.is_asked = bool(engines)  # whether anything is to be asked live at all
        project.warehouse.leave_out_newer(con, "due", "responses")
        con.execute(PROMPTS)
        con.execute(DRAWS)
        self.models = [
            DueModel(model, engines[model], *row)
            for model, *row in con.execute(MODELS).fetchall()
        ]

    def _add(self, builder: Builder, shard: Shard, engines: dict[str, str]) -> None:
        for block in builder.answers:
            if isinstance(block, LiveAnswers):
                engines |= {m: block.engine for m in block.models if m not in engines}
        live = [c for c in configs(self._project, builder) if c.draws is not None]
        if not live:
            return
        find_missing(self._con, builder, live, shard)
        for config in live:
            self._con.execute(
                "insert into due select $model, config_hash, prompt_id, draw "
                "from missing where config_hash = $config",
                {"model": config.model, "config": config.config_hash},
            )

    def requests(self, model: str, engine: Engine) -> Iterator[Sequence[Request]]:
        """Pages of requests for the missing draws of a model, in order of prompt_id."""
        most = engine.draws_a_request(model)
        n_prompts = self._rows("select count(*) from due_prompts", {})[0][0]
        for first in range(1, n_prompts + 1, PAGE):
            place = {"model": model, "first": first, "last": first + PAGE - 1}
            rows = self._rows(PAGE_OF_A_MODEL, place)
            found = [one for row in rows for one in self._requests(model, most, *row)]
            if found:
                yield found

    def _rows(self, query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._con.execute(query, values).fetchall()

    def _requests(
        self,
        model: str,
        most: int,
        prompt_id: str,
        config_hash: str,
        draws: list[int],
        messages: list[dict[str, str]],
    ) -> Iterator[Request]:
        declared = self._project.models[model]
        sent = as_sent(messages, declared.system, system_role=declared.system_role)
        base = ids.seed_base(self._project.file.sampling_seed, prompt_id, config_hash)
        for first, n in runs(draws, most):
            yield Request(model, config_hash, prompt_id, sent, first, n, base + first)
