"""What is missing: the answer keys that are declared and not there."""

import duckdb

from fusemill.fill import Shard
from fusemill.identity import Config
from fusemill.project.models import Builder

# `asked` tells which prompts have all their draws, then which configurations of the
# others have; only what is left is spread out into keys and looked up one by one.
MISSING_KEYS = """
with

ready as (
    select prompt_id from plan where "set" = $set and status = 'ready'
),

whole as (
    select a.prompt_id, a.config_hash
    from asked as a
    inner join asked_configs as c on a.config_hash = c.config_hash
    where a.n_asked >= c.draws
),

complete as (
    select prompt_id
    from whole
    group by prompt_id
    having count(*) = (select count(*) from asked_configs)
),

incomplete as (
    select prompt_id, config_hash, draws
    from (select * from ready anti join complete using (prompt_id))
    cross join asked_configs
    anti join whole using (prompt_id, config_hash)
),

due as (
    select prompt_id, config_hash, unnest(range(draws)) as draw
    from incomplete
),

known as (
    select prompt_id, config_hash, draw
    from (
        select prompt_id, config_hash, draw from responses
        union all
        select prompt_id, config_hash, draw from retracted_responses
    )
    where config_hash in (select config_hash from incomplete)
)

select due.prompt_id, due.config_hash, due.draw
from due anti join known using (prompt_id, config_hash, draw)
"""


def find_missing(
    con: duckdb.DuckDBPyConnection,
    builder: Builder,
    asked: list[Config],
    shard: Shard,
) -> int:
    """Make temp table `missing`: declared answer keys that are not there yet.

    A refusal counts as there; so does a retracted answer. Returns how many are
    missing.
    """
    con.execute(
        "create or replace temp table asked_configs (config_hash varchar, draws bigint)"
    )
    for config in asked:
        row = [config.config_hash, config.draws]
        con.execute("insert into asked_configs values (?, ?)", row)
    con.execute(
        f"create or replace temp table missing as {MISSING_KEYS} "
        f"where {shard.predicate('due.prompt_id')}",
        {"set": builder.set},
    )
    return int(con.execute("select count(*) from missing").fetchall()[0][0])
