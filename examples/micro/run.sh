#!/usr/bin/env bash
# The miniature: make the prompts, run the whole line to a release, ask three questions,
# publish the release on a Hub of its own, train the target on what that pins, and see
# what it gets right before and after.
set -euo pipefail
cd "$(dirname "$0")/../.."
bin=${BIN:-.venv/bin}
micro="--project examples/micro"
here=examples/micro
release=micro@$(sed -n 's/^  version: //p' $here/fusemill.yaml)
export FUSEMILL_CACHE=$PWD/$here/cache

# Says what comes next, and where to look at it.
about() {
  printf '\n\033[36m# %s\033[0m\n' "$@"
}

# Runs a command after printing it as one would type it.
do_it() {
  printf '\n\033[1m$'
  for word in "$@"; do
    case $word in *[!A-Za-z0-9_./@=-]*) printf ' "%s"' "$word" ;; *) printf ' %s' "$word" ;; esac
  done
  printf '\033[0m\n'
  "$bin/$1" "${@:2}"
}

about "Prompts of four families of tasks, from a seed: $here/data"
do_it python $here/generate.py
about "Four tiny models answer; answers are checked, scored, selected, released: $here/releases"
do_it fusemill run $micro

about "Three questions: what became of the prompts, who is good at what, where a row came from"
do_it fusemill status $micro
do_it fusemill sql "select p.set, r.model, count(*) as answers, round(avg((v.status = 'passed')::int), 2) as passed from prompts p join responses r using (prompt_id) join verdicts v using (check_id, text_id) group by all order by all" $micro
id=$("$bin/fusemill" sql "select d.chosen_id from dpo as d inner join selections as s using (selection_id) where s.set = 'problems' and d.split = 'train' order by d.chosen_id limit 1" --csv $micro | tail -n 1)
do_it fusemill explain "$id" $micro

about "The release goes to a Hub that runs as long as this does, and what that pins comes back: $here/hub, $here/cache"
# Its second line says what clients set.
printf '\n\033[1m$ fusemill hub serve --folder %s/hub --port 0 --quiet &\033[0m\n' $here
coproc hub { exec "$bin/fusemill" hub serve --folder $here/hub --port 0 --quiet; }
trap 'kill "$hub_PID" 2>/dev/null && wait "$hub_PID" || true' EXIT
for _ in 1 2; do
  read -r -u "${hub[0]}" line || exit 1
  echo "$line"
done
eval "$line"

do_it fusemill release --to hub $micro
do_it fusemill pull "$release" $micro
do_it fusemill releases $micro

pulled=$("$bin/fusemill" pull "$release" $micro 2>/dev/null)
pulled=${pulled#"$PWD/"}
commit=$(basename "$pulled")
# Another release, other weights or other numbers: another folder.
numbers=$(cat $here/training/targets/micro.yaml $here/registry/models.yaml | sha256sum)
trained=$here/trained/${commit:0:12}-${numbers:0:8}
about "The target is trained on exactly that commit: SFT, then DPO from there: $trained"
# One thread: over matrices so small two would wait for one another.
export OMP_NUM_THREADS=1
do_it fusemill train sft --target micro --data "micro@$commit" --output $trained/sft $micro
do_it fusemill train dpo --target micro --data "micro@$commit" --model $trained/sft --output $trained/dpo $micro
unset OMP_NUM_THREADS

about "What sources and target get right on prompts that none of them has seen: $trained/figures.json"
do_it python $here/evaluate.py lister reckoner coder hanzi before=$here/checkpoints/target sft=$trained/sft dpo=$trained/dpo --json $trained/figures.json
do_it python $here/report.py $trained --release "$pulled"
about "More questions: fusemill sql \"…\" $micro; where an answer comes from: fusemill explain ID $micro"
