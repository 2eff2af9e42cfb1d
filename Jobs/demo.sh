#!/bin/bash
# Shows jobs over files: passengers per day over the taxi series; hourly windows over 47 series, by two subtasks. Then over
# topics: three jobs in a chain, from raw measurements to corrected hours; and bids per auction, counted while events are
# produced, job and producer killed in the middle, resumed, and compared with a query over all events. In the end a job that
# runs on a server is mended while its input grows. Works in a temporary directory.
#
# usage: demo.sh BIN    BIN holds sluice, nexmark-events and changelog-table; DEMO_EVENTS=n sets the number of events
set -euo pipefail

bin=$(cd "${1:?usage: demo.sh BIN}" && pwd)
jobs=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
events=${DEMO_EVENTS:-1000000}
tab=$'\t'
work=$(mktemp -d)
running= producer=
trap 'kill -9 $running $producer 2>/dev/null || true; rm -rf "$work"' EXIT

bold= plain=
[[ ! -t 1 || -n "${NO_COLOR:-}" ]] || { bold=$'\033[1m' plain=$'\033[0m'; }
say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
fail() { printf 'demo: %s\n' "$*" >&2; exit 1; }
table() { "$bin/changelog-table" "$1"; }
csv() { "$bin/sluice" sql --output csv "$@"; }

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

say "The same series through topics: raw readings (bronze), one value each (silver), hours (gold)"
mkdir "$work/readings-pipeline"
cp "$jobs"/readings-pipeline/* "$work/readings-pipeline/"
cd "$work/readings-pipeline"
export SLUICE_DATA=state
"$bin/sluice" run bronze.sql
"$bin/sluice" run silver.sql --available-now
"$bin/sluice" run gold.sql --available-now
"$bin/sluice" topic list
csv -f summary.sql -e 'SELECT * FROM summary ORDER BY series' > summary.csv
cmp -s summary.csv expected.csv || fail "the summary of the hours is not the expected one"

say "$events events of the Nexmark schema, produced into a topic while a job counts bids per auction"
mkdir "$work/nexmark-live"
cp "$jobs/nexmark-live/job.sql" "$work/nexmark-live/"
cd "$work/nexmark-live"
"$bin/nexmark-events" --events "$events" --out events.jsonl
"$bin/sluice" topic create events --from job.sql -p 2
produce=("$bin/sluice" topic produce events events.jsonl --id demo --batch-rows 20000)

# Starts the job and a producer, and kills both when the job has told of its fifth commit. Fails when the producer came to
# its end before that.
kill_in_the_middle() {
    rm -f messages
    mkfifo messages
    "$bin/sluice" run job.sql -D sluice.progress-interval=0ms 2> messages &
    running=$!
    "${produce[@]}" &
    producer=$!
    local status=0 commits=0 line
    while IFS= read -r line; do
        printf '%s\n' "$line"
        [[ "$line" != *"checkpoint "*" took "* ]] || commits=$((commits + 1))
        if [[ $commits -eq 5 ]]; then
            kill -9 "$running" "$producer" 2> /dev/null || true
            break
        fi
    done < messages
    wait "$running" 2> /dev/null || true
    wait "$producer" 2> /dev/null || status=$?
    running= producer=
    [[ $status -eq 137 ]]
}

kill_in_the_middle 2>&1 || fail "the producer ended before it could be killed; set DEMO_EVENTS to more than $events"
echo "killed, both of them, with kill -9"

say "Both started again with the same commands"
"${produce[@]}"
"$bin/sluice" run job.sql --available-now
"$bin/sluice" topic consume counts --from-beginning -n 3

csv -e 'SELECT auction, num FROM counts ORDER BY auction' > counts.csv
csv -e 'SELECT bid.auction AS auction, COUNT(*) AS num FROM events WHERE event_type = 2 GROUP BY bid.auction ORDER BY 1' \
    > query.csv
cmp -s counts.csv query.csv || fail "the job's table is not what a query over all events gives"
rows=$("$bin/sluice" sql --output csv -e 'SELECT COUNT(*) AS n FROM events' | sed -n 2p)
[[ $rows -eq $events ]] || fail "the topic has $rows events, not $events"
say "$rows events, each once; the counts of $(($(wc -l < counts.csv) - 1)) auctions are those of a query over all of them"

"$jobs/shop-revenue/story.sh" "$bin"
