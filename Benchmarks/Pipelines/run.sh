#!/bin/bash
# CPU time per event (user + system of the whole process, over all lines of the file) of the pipelines in this folder:
# blackhole sink, parallelism 1, exactly-once, a checkpoint every second; the median of five runs.
#
# usage: run.sh BIN     BIN holds sluice and nexmark-events. BENCH_EVENTS=n (2000000), BENCH_RUNS=n (5).
# Where Python has DuckDB (DUCKDB_PYTHON names another Python), its GROUP BY over the same file, in one thread, is
# measured beside it.
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

# DuckDB through Python: the CPU time of the query alone.
duckdb_python=${DUCKDB_PYTHON:-python3}
if "$duckdb_python" -c 'import duckdb' 2> /dev/null; then
    "$duckdb_python" - "$events" "$runs" << 'END'
import duckdb, resource, statistics, sys

events, runs = int(sys.argv[1]), int(sys.argv[2])
QUERY = """
    CREATE OR REPLACE TABLE counts AS SELECT bid.auction, count(*)
    FROM read_json('input/events.jsonl', format = 'newline_delimited',
        columns = {event_type: 'INT', bid: 'STRUCT(auction BIGINT)'})
    WHERE event_type = 2 GROUP BY ALL"""


def spent():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def run():
    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    before = spent()
    connection.execute(QUERY)
    return (spent() - before) * 1e6 / events


all_runs = [run() for _ in range(runs)]
print(f"duckdb   {statistics.median(all_runs):.3f} µs/event ({' '.join('%.3f' % r for r in all_runs)})")
END
else
    echo "DuckDB is not installed for $duckdb_python (DUCKDB_PYTHON): not measured"
fi
