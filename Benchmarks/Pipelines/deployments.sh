#!/bin/bash
# What deployments cost, with a keyed output of BENCH_KEYS rows, all of which change, under a steady load: how long the
# published name stands still at
# a promotion and at a rollback, how long a rollback takes in all, how long a deploy takes to its first row, and the latency
# through the live version without and with a candidate that replays beside it.
#
# And how fast a candidate replays beside an idle live version, against the same job under `sluice run`.
#
# usage: deployments.sh BIN   BIN holds sluice and topic-load. BENCH_ROUNDS=n (5), BENCH_RATE=n (50000), BENCH_SECONDS=n (20),
#                             BENCH_HISTORY=n (100000000 rows), BENCH_KEYS=n (100000)
set -euo pipefail

bin=$(cd "${1:?usage: deployments.sh BIN}" && pwd)
rounds=${BENCH_ROUNDS:-5}
rate=${BENCH_RATE:-50000}
seconds=${BENCH_SECONDS:-20}
history=${BENCH_HISTORY:-100000000}
keys=${BENCH_KEYS:-100000}
work=$(mktemp -d)
server=
load=
trap '[[ -z "$load" ]] || kill "$load" 2> /dev/null || true
      [[ -z "$server" ]] || { kill "$server" 2> /dev/null && wait "$server" || true; }; rm -rf "$work"' EXIT
cd "$work"
export SLUICE_DATA=state

job() { # NAME: a text that counts and, for other names than one, adds something
    cat <<SQL
CREATE TABLE load (k BIGINT, sent BIGINT) WITH ('connector' = 'log', 'topic' = 'load');
CREATE TABLE counts (k BIGINT NOT NULL, n BIGINT, sent BIGINT, PRIMARY KEY (k) NOT ENFORCED)
  WITH ('connector' = 'log', 'topic' = 'counts');
INSERT INTO counts SELECT k, COUNT(*) + $1, MAX(sent) FROM load WHERE k IS NOT NULL GROUP BY k;
SQL
}
milliseconds() { date +%s%3N; }
field() { # NAME: the number of this name in the JSON that is read
    sed -n "s/.*\"$1\": *\([0-9.]*\).*/\1/p" | head -1
}
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

job 0 > counts.sql
"$bin/sluice" topic create load --from counts.sql -p 2 2> /dev/null
"$bin/sluice" server --port 0 > server.out 2> server.log &
server=$!
until grep -q '"server started"' server.log; do sleep 0.05; done

# A small job, from the command to its first row.
"$bin/sluice" topic create small --schema 'k BIGINT' 2> /dev/null
echo '{"k":1}' | "$bin/sluice" topic produce small 2> /dev/null
cat > small.sql <<'SQL'
CREATE TABLE small (k BIGINT) WITH ('connector' = 'log', 'topic' = 'small');
CREATE TABLE sums (k BIGINT NOT NULL, n BIGINT, PRIMARY KEY (k) NOT ENFORCED) WITH ('connector' = 'log', 'topic' = 'TOPIC');
INSERT INTO sums SELECT k, COUNT(*) FROM small GROUP BY k;
SQL
for round in $(seq "$rounds"); do
    sed "s/TOPIC/sums$round/" small.sql > small$round.sql
    begin=$(milliseconds)
    "$bin/sluice" deploy small$round small$round.sql > /dev/null 2>&1
    "$bin/sluice" topic consume sums$round --from-beginning -n 1 > /dev/null 2>&1
    echo $(($(milliseconds) - begin))
done | median | sed 's/$/ ms from deploy to the first row (median)/'

# A history, and how long it takes to read: by a job of its own, and by a version beside an idle live one.
"$bin/topic-load" send state load --keys "$keys" --rate "$history" --seconds 1 > /dev/null
# Its bytes are not to be written while latencies are measured.
sync -f "$work"
sed "s/'topic' = 'load'/&, 'scan.bounded.mode' = 'latest-offset'/; s/'topic' = 'counts'/'topic' = 'bounded'/" counts.sql > bounded.sql
for round in $(seq "$rounds"); do
    begin=$(milliseconds)
    "$bin/sluice" run bounded.sql --fresh > /dev/null 2>&1
    echo $(($(milliseconds) - begin))
done | median > run.ms
"$bin/sluice" deploy counts counts.sql > /dev/null 2>&1
until [[ $("$bin/sluice" status counts --output json | field lagRows) == 0 ]]; do sleep 0.1; done
for round in $(seq "$rounds"); do
    begin=$(milliseconds)
    "$bin/sluice" deploy counts counts.sql > /dev/null 2>&1
    until "$bin/sluice" status counts --output json | grep -q '"state":"\(CATCHING_UP\|IN_SYNC\|AUDITING\|READY\)"'; do sleep 0.05; done
    echo $(($(milliseconds) - begin))
    "$bin/sluice" abort counts --yes > /dev/null
done | median > replay.ms
awk -v run="$(cat run.ms)" -v replay="$(cat replay.ms)" 'BEGIN {
    printf "replay beside an idle live version: %d ms, sluice run: %d ms: %.0f %% of its speed\n", replay, run, 100 * run / replay }'

latency() { # LABEL
    echo "$1 $("$bin/topic-load" receive state counts)"
}
{ latency "live alone:                    "; } &
receiver=$!
"$bin/topic-load" send state load --keys "$keys" --rate "$rate" --seconds "$seconds" > /dev/null
wait $receiver
for slo in "" "--live-slo 200ms"; do
    { latency "with a replay beside it $slo:"; } &
    receiver=$!
    "$bin/topic-load" send state load --keys "$keys" --rate "$rate" --seconds "$seconds" > /dev/null &
    load=$!
    while kill -0 "$load" 2> /dev/null; do
        "$bin/sluice" deploy counts counts.sql $slo > /dev/null 2>&1
        while kill -0 "$load" 2> /dev/null; do
            "$bin/sluice" status counts --output json | grep -q '"state":"\(CATCHING_UP\|IN_SYNC\|AUDITING\|READY\)"' && break
            sleep 1
        done
        "$bin/sluice" abort counts --yes > /dev/null
    done
    load=
    wait $receiver
done

"$bin/topic-load" send state load --keys "$keys" --rate "$rate" --seconds $((seconds * 2 + rounds * 30)) > /dev/null &
load=$!
for round in $(seq "$rounds"); do
    job "$round" > next.sql
    "$bin/sluice" deploy counts next.sql > /dev/null 2>&1
    "$bin/sluice" wait counts --until in-sync --timeout 300s > /dev/null 2>&1
    "$bin/sluice" promote counts --force --yes --output json > promoted.json
    begin=$(milliseconds)
    "$bin/sluice" rollback counts --yes --output json > rolled.json
    echo "$(field pauseMilliseconds < promoted.json) $(field pauseMilliseconds < rolled.json) $(($(milliseconds) - begin))"
done > rounds
cut -d ' ' -f 1 rounds | median | sed 's/$/ ms without publications at a promotion (median)/'
cut -d ' ' -f 2 rounds | median | sed 's/$/ ms without publications at a rollback (median)/'
cut -d ' ' -f 3 rounds | median | sed 's/$/ ms for a rollback in all, as a command (median)/'
