-- responses: every answer and every refusal, one an answer key. Texts and reasoning
-- are in response_texts; part and part_row say where the text lies.
--
-- grain:  (prompt_id, config_hash, draw); of several rows the smaller response_id
-- inputs: part_responses, repeated_responses (key hashes that occur twice),
--         retractions
with

settled as (
    select *,
    from part_responses
    anti join repeated_responses using (key_hash)
    union all
    (
        select *,
        from part_responses
        semi join repeated_responses using (key_hash)
        qualify
            row_number() over (
                partition by prompt_id, config_hash, draw
                order by response_id, file_index, file_row_number
            ) = 1
    )
)

select
    prompt_id,
    config_hash,
    draw,
    response_id,
    text_id,
    is_blank,
    model,
    finish_reason,
    n_input_tokens,
    n_output_tokens,
    engine,
    engine_version,
    asked_at,
    latency_s,
    error,
    file_index::integer as part,
    file_row_number::integer as part_row,
from settled
where
    response_id not in (
        select key,
        from retractions
        where "table" = 'responses'
    )
