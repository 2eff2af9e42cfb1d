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

# Seconds that a pipeline takes at parallelism 1 and 2, one after the other in turns: medians, and their ratio.
scaling() {
    local name=$1 began one=() two=()
    for ((i = 0; i < runs; i++)); do
        for parallelism in 1 2; do
            rm -rf state
            began=$EPOCHREALTIME
            "$bin/sluice" run "$here/$name.sql" --data state --parallelism "$parallelism" > /dev/null 2>&1
            if ((parallelism == 1)); then one+=("$(elapsed "$began")"); else two+=("$(elapsed "$began")"); fi
        done
    done
    paste <(printf '%s\n' "${one[@]}" | median) <(printf '%s\n' "${two[@]}" | median) |
        awk -v name="$name" '{ printf "%s: %d ms at parallelism 1, %d at 2: %.2f times as fast\n", name, $1, $2, $1 / $2 }'
}

# The same rows with room for all keys, and with a tenth of it: CPU per row, and what the process held at most.
beyond_memory() {
    mkdir -p memory/input
    cd memory
    awk 'BEGIN { srand(1); for (i = 0; i < 6000000; i++) printf "{\"k\":%d,\"v\":%d}\n", int(rand() * 3000000) * 577, i % 97 }' \
        > input/updates.jsonl
    for memory in 2g 64m; do
        rm -rf state
        local TIMEFORMAT='%U %S' held=0 key value process
        {
            time {
                "$bin/sluice" run "$here/Memory/uniform_keys.sql" --data state --memory $memory > /dev/null 2>&1 &
                process=$!
                while kill -0 $process 2> /dev/null; do
                    while read -r key value _; do
                        if [[ "$key" == RssAnon: ]] && ((value > held)); then held=$value; fi
                    done 2> /dev/null < /proc/$process/status || true
                    sleep 0.02
                done
                wait $process
                echo "$held" > held
            }
        } 2> spent
        awk -v memory=$memory -v held="$(cat held)" \
            '{ printf "%.2f µs a row with --memory %s, %d MiB held at most (RssAnon)\n", ($1 + $2) / 6, memory, held / 1024 }' spent
    done
    cd ..
    rm -rf memory
}

# Milliseconds from the start of `sluice run` with these arguments to its first line about a checkpoint.
first_commit() {
    rm -f messages
    mkfifo messages
    local began=$EPOCHREALTIME line process
    "$bin/sluice" run "$@" -D sluice.progress-interval=0ms > /dev/null 2> messages &
    process=$!
    while IFS= read -r line; do
        [[ "$line" != *"checkpoint "*" took "* ]] || break
    done < messages
    elapsed "$began"
    kill -9 "$process" 2> /dev/null || true
    wait "$process" 2> /dev/null || true
}

elapsed() { echo $(((${EPOCHREALTIME/./} - ${1/./}) / 1000)); }
median() { sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }

cold_start() {
    local began
    cp -r "$here/../../Jobs/filter-computed" small
    cd small
    for ((i = 0; i < 20; i++)); do
        rm -rf state output
        began=$EPOCHREALTIME
        "$bin/sluice" run job.sql --data state > /dev/null 2>&1
        elapsed "$began"
    done | median | sed 's/$/ ms from start to end of a small job, new data directory, median of 20/'
    cd ..
}

# A hundred thousand keys in turn, so that every epoch changes all of them: how long the subtask that holds them stands
# still for a checkpoint, hand-over and wait together.
dirty_keys() {
    mkdir -p dirty/input
    cd dirty
    seq 0 99999 | sed 's/.*/{"k":&}/' > block
    for ((i = 0; i < 500; i++)); do cat block; done > input/keys.jsonl
    "$bin/sluice" run "$here/Dirty/dirty_keys.sql" --data state --output json 2> /dev/null |
        sed -E 's/.*"count":([0-9]+).*"stallMillisecondsP50":([0-9.]+),"stallMillisecondsP90":([0-9.]+).*/\2 ms median, \3 ms p90 of \1 commits of 100,000 dirty keys, hand-over and wait/'
    cd ..
    rm -rf dirty
}

# The state is that of a run which has processed everything there was; more is added, and the run that reads it is killed
# at its first commit. The next one is measured, to its own first commit.
restart_with_large_state() {
    mkdir -p large/input
    cd large
    "$bin/nexmark-events" --events 1100000 --out input/events.jsonl
    "$bin/sluice" run "$here/Restart/many_keys.sql" --data state --available-now > /dev/null 2>&1
    "$bin/nexmark-events" --first 1100000 --events 1000000 --append --out input/events.jsonl
    first_commit "$here/Restart/many_keys.sql" --data state > /dev/null
    echo "$(first_commit "$here/Restart/many_keys.sql" --data state) ms from start to the first commit, a million keys, after kill -9"
    cd ..
    rm -rf large
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

scaling kcount
scaling hopcount
cold_start
dirty_keys
restart_with_large_state
beyond_memory
