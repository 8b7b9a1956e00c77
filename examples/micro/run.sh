#!/usr/bin/env bash
# The miniature: make the prompts, run the whole line, ask three questions, then publish
# the release on a Hub of its own and pull what it pins.
set -euo pipefail
cd "$(dirname "$0")/../.."
bin=${BIN:-.venv/bin}
micro="--project examples/micro"

# Runs a command after printing it as one would type it.
do_it() {
  printf '\n\033[1m$'
  for word in "$@"; do
    case $word in *[!A-Za-z0-9_./@-]*) printf ' "%s"' "$word" ;; *) printf ' %s' "$word" ;; esac
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

# A Hub for as long as this takes; its second line says what clients set.
printf '\n\033[1m$ fusemill hub serve --folder examples/micro/hub --port 0 --quiet &\033[0m\n'
coproc hub { exec "$bin/fusemill" hub serve --folder examples/micro/hub --port 0 --quiet; }
trap 'kill "$hub_PID" 2>/dev/null && wait "$hub_PID" || true' EXIT
for _ in 1 2; do
  read -r -u "${hub[0]}" line || exit 1
  echo "$line"
done
eval "$line"

do_it fusemill release --to hub $micro
do_it fusemill pull micro@1.0.0 --cache examples/micro/pulled $micro
do_it fusemill releases $micro
