#!/bin/bash
# CPU time per event (user + system of the whole process, over all lines of the file) of the pipelines in this folder:
# blackhole sink, parallelism 1, exactly-once, a checkpoint every second; the median of five runs.
#
# usage: run.sh BIN     BIN holds sluice and nexmark-events. BENCH_EVENTS=n (2000000), BENCH_RUNS=n (5).
# With DuckDB's command line installed, its GROUP BY over the same file, in one thread, is measured in the same way.
set -euo pipefail

bin=$(cd "${1:?usage: run.sh BIN}" && pwd)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
events=${BENCH_EVENTS:-2000000}
runs=${BENCH_RUNS:-5}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# Prints the median of user + system seconds of a command, as microseconds per event, and all runs.
measure() {
    local name=$1 all=()
    shift
    for ((i = 0; i < runs; i++)); do
        rm -rf state
        local TIMEFORMAT='%U %S'
        { time "$@" > log 2>&1; } 2> spent || { cat log >&2; exit 1; }
        all+=("$(awk -v events="$events" '{ printf "%.3f", ($1 + $2) * 1e6 / events }' spent)")
    done
    printf '%-8s %s µs/event (%s)\n' "$name" \
        "$(printf '%s\n' "${all[@]}" | sort -n | sed -n "$(((runs + 1) / 2))p")" "${all[*]}"
}

mkdir input
"$bin/nexmark-events" --events "$events" --out input/events.jsonl
echo "$(nproc) cores, $events events, $(stat -c %s input/events.jsonl) bytes"
for pipeline in "$here"/*.sql; do
    measure "$(basename "$pipeline" .sql)" "$bin/sluice" run "$pipeline" --data state
done

if command -v duckdb > /dev/null; then
    measure duckdb duckdb -c "
        SET threads = 1;
        CREATE TABLE counts AS SELECT bid.auction, count(*)
        FROM read_json('input/events.jsonl', format = 'newline_delimited',
            columns = {event_type: 'INT', bid: 'STRUCT(auction BIGINT)'})
        WHERE event_type = 2 GROUP BY ALL;"
else
    echo "duckdb is not installed: not measured"
fi
