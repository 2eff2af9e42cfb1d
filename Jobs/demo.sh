#!/bin/bash
# Shows three jobs: passengers per day over the taxi series; hourly windows over 47 series, by two subtasks; bids per auction
# over generated events, killed in the middle, resumed, and compared with a run that nobody disturbed. Works in a temporary
# directory.
#
# usage: demo.sh BIN    BIN holds sluice, nexmark-events and changelog-table; DEMO_EVENTS=n sets the number of events
set -euo pipefail

bin=$(cd "${1:?usage: demo.sh BIN}" && pwd)
jobs=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
events=${DEMO_EVENTS:-1000000}
tab=$'\t'
work=$(mktemp -d)
running=
trap '[[ -z "$running" ]] || kill -9 "$running" 2>/dev/null || true; rm -rf "$work"' EXIT

bold= plain=
[[ ! -t 1 || -n "${NO_COLOR:-}" ]] || { bold=$'\033[1m' plain=$'\033[0m'; }
say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
fail() { printf 'demo: %s\n' "$*" >&2; exit 1; }
table() { "$bin/changelog-table" "$1"; }

say "Passengers of New York's taxis: the five fullest days"
cp -r "$jobs/taxi-days" "$work/taxi-days"
cd "$work/taxi-days"
"$bin/sluice" run job.sql --data state
# No `head`: what writes into it would end with an error.
table output | sort -t "$tab" -k2,2nr | awk -F "$tab" 'NR <= 5 { printf "  %s  %7d passengers\n", $1, $2 }'
table output | cmp -s - expected.txt || fail "the table is not the expected one"

say "Hourly windows over 47 series, by two subtasks: the busiest hours of tweets about ten companies"
cp -r "$jobs/nab-hourly" "$work/nab-hourly"
cd "$work/nab-hourly"
"$bin/sluice" run job.sql --data state --parallelism 2
table output/hours | awk -F "$tab" '/^Twitter_volume_/ { printf "%d\t%s  %s\n", $3 * $4 + 0.5, $2, substr($1, 16) }' |
    sort -k1,1nr | awk -F "$tab" 'NR <= 5 { printf "  %s  %7d tweets\n", $2, $1 }'
table output/series | cmp -s - expected.txt || fail "the summary per series is not the expected one"

say "$events events of the Nexmark schema, bids counted per auction"
mkdir -p "$work/undisturbed/nexmark-count/input" "$work/killed/nexmark-count"
"$bin/nexmark-events" --events "$events" --out "$work/undisturbed/nexmark-count/input/events.jsonl"
cp "$jobs/nexmark-count/job.sql" "$work/undisturbed/nexmark-count/"
cp "$work/undisturbed/nexmark-count/job.sql" "$work/killed/nexmark-count/"
ln -s ../../undisturbed/nexmark-count/input "$work/killed/nexmark-count/input"
cd "$work/undisturbed/nexmark-count"
"$bin/sluice" run job.sql --data state
table output/counts > table.txt

# Runs the job and kills it as soon as it has told of its fifth commit. Fails when it came to its end before that.
kill_in_the_middle() {
    rm -rf state output messages
    mkfifo messages
    "$bin/sluice" run job.sql --data state -D execution.checkpointing.interval=10ms \
        -D sluice.progress-interval=0ms 2> messages &
    running=$!
    local status=0 commits=0 line
    while IFS= read -r line; do
        printf '%s\n' "$line"
        [[ "$line" != *"checkpoint "*" took "* ]] || commits=$((commits + 1))
        if [[ $commits -eq 5 ]]; then
            kill -9 "$running"
            break
        fi
    done < messages
    wait "$running" 2> /dev/null || status=$?
    running=
    [[ $status -eq 137 ]]
}

say "The same again, with kill -9 in the middle"
cd "$work/killed/nexmark-count"
killed=no
for _ in 1 2 3 4 5; do
    if kill_in_the_middle 2>&1; then killed=yes; break; fi
done
[[ $killed == yes ]] || fail "the job ended before it could be killed; set DEMO_EVENTS to more than $events"
echo "killed"

say "Started again with the same command"
"$bin/sluice" run job.sql --data state
table output/counts > table.txt

cmp -s table.txt "$work/undisturbed/nexmark-count/table.txt" || fail "the tables differ after the kill"
say "The table of $(wc -l < table.txt) auctions is the same, row for row, as that of the run nobody disturbed"
