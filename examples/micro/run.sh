#!/usr/bin/env bash
# The miniature: make the prompts, run the whole line, then ask three questions.
set -euo pipefail
cd "$(dirname "$0")/../.."
bin=${BIN:-.venv/bin}
micro="--project examples/micro"

# Runs a command after printing it as one would type it.
do_it() {
  printf '\n\033[1m$'
  for word in "$@"; do
    case $word in *[!A-Za-z0-9_./-]*) printf ' "%s"' "$word" ;; *) printf ' %s' "$word" ;; esac
  done
  printf '\033[0m\n'
  "$bin/$1" "${@:2}"
}

do_it python examples/micro/generate.py
do_it fusemill run $micro

do_it fusemill status $micro
do_it fusemill sql "select p.set, r.model, count(*) as answers, round(avg((v.status = 'passed')::int), 2) as passed from prompts p join responses r using (prompt_id) join verdicts v using (check_id, text_id) group by all order by all" $micro
id=$("$bin/fusemill" sql "select d.chosen_id from dpo as d inner join selections as s using (selection_id) where s.set = 'problems' and d.split = 'train' order by d.chosen_id limit 1" --csv $micro | tail -n 1)
do_it fusemill explain "$id" $micro
