"""What asking for the missing answers would take, from what was measured so far."""

from dataclasses import dataclass

import duckdb

from fusemill.fill import Shard
from fusemill.fresh import fresh
from fusemill.project.project import Project
from fusemill.prompts.reading import require_read
from fusemill.sampling.due import Due, DueModel
from fusemill.sampling.engine import runs

# Means over a configuration's own answers; refusals and recorded answers measure
# nothing. Where there are none, over those of the model's other configurations. The
# time in which the model was busy leaves out what lies between its runs.
MEASURED = """
with

answers as (
    select
        n_input_tokens,
        n_output_tokens,
        latency_s,
        epoch(asked_at) as began_s,
        config_hash = $config as is_own,
        bool_or(config_hash = $config) over () as use_own,
    from responses
    where model = $model and latency_s is not null and error is null
),

measured as (
    select
        *,
        max(began_s + latency_s) over (
            order by began_s
            rows between unbounded preceding and 1 preceding
        ) as busy_until_s,
    from answers
    where is_own = use_own
)

select
    count(*) as n_measured,
    avg(n_input_tokens) as n_input,
    avg(n_output_tokens) as n_output,
    avg(latency_s) as latency_s,
    sum(greatest(0, began_s + latency_s - greatest(began_s, busy_until_s))) as busy_s,
from measured
"""


@dataclass(frozen=True)
class Estimate:
    """What one model still has to do; None where nothing was measured or declared."""

    model: str
    engine: str
    n_missing: int  # answers
    n_requests: int
    n_measured: int  # answers that the means are taken over
    n_own: int  # answers that this configuration has
    n_other: int  # answers of the model's other configurations
    n_input_tokens: int | None  # that will be sent, a prompt once a request
    n_output_tokens: int | None
    hours: float | None  # with all requests under way that are declared, or run here
    usd: float | None


def estimate(project: Project, shard: Shard) -> list[Estimate]:
    """An estimate for every model that has answers to give; asks nothing.

    Makes the snapshot of what is there. Raises WarehouseError where the prompts have
    not been read.
    """
    with fresh(project, shard), project.warehouse.connect() as con:
        for builder in project.active:
            require_read(con, builder)
        due = Due(project, con, shard)
        return [_estimate(project, con, one) for one in due.models]


def _estimate(
    project: Project, con: duckdb.DuckDBPyConnection, due: DueModel
) -> Estimate:
    is_asked = due.engine != "transformers"
    endpoint = project.endpoints.get(due.model) if is_asked else None
    n_requests = _n_requests(con, due.model, endpoint.n if endpoint else None)
    of = {"model": due.model, "config": due.config_hash}
    (row,) = con.execute(MEASURED, of).fetchall()
    n_measured, n_input, n_output, latency_s, busy_s = row
    input_tokens = _whole(n_input, n_requests)
    output_tokens = _whole(n_output, due.n_missing)
    hours = usd = None
    if latency_s is not None and endpoint is not None:
        at_once = min(endpoint.max_concurrency * endpoint.n_urls(), n_requests)
        hours = n_requests * latency_s / at_once / 3600
    elif busy_s is not None and due.engine != "openai":
        hours = due.n_missing * busy_s / n_measured / 3600
    price = project.models[due.model].price
    if price is not None and input_tokens is not None and output_tokens is not None:
        cost = input_tokens * price.input_usd + output_tokens * price.output_usd
        usd = cost / 1_000_000
    return Estimate(
        due.model,
        due.engine,
        due.n_missing,
        n_requests,
        n_measured,
        due.n_own,
        due.n_other,
        input_tokens,
        output_tokens,
        hours,
        usd,
    )


def _n_requests(con: duckdb.DuckDBPyConnection, model: str, most: int | None) -> int:
    """Requests for the missing draws; `most` None: engines here take all at once."""
    rows = con.execute(
        "select draws, count(*) from due_draws where model = $model group by draws",
        {"model": model},
    ).fetchall()
    return sum(len(runs(draws, most or len(draws))) * n for draws, n in rows)


def _whole(mean: float | None, n: int) -> int | None:
    return None if mean is None else round(mean * n)
