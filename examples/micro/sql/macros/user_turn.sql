-- user_turn: the conversation that is one user turn and nothing else. No system
-- prompt is sent to any model.
--
-- grain:  one list of struct(role, content) a text
-- inputs: text, as it is to be sent: not trimmed, not changed in any other way
-- params: none
-- source: user turn only is inferred from the authors' sibling work
create or replace macro user_turn(text) as (
    [struct_pack(role := 'user', content := text)]
)
