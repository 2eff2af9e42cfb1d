#!/bin/bash
# What topics cost and how long rows take through them: rows into a topic, a keyed count over it, its size; and the age of
# rows when they are read, with a steady load, behind the topic itself and behind a job (exactly-once, keyed); and many small
# publishes by four producers.
#
# usage: topics.sh BIN   BIN holds sluice, nexmark-events and topic-load. BENCH_EVENTS=n (2000000), BENCH_SECONDS=n (20).
set -euo pipefail

bin=$(cd "${1:?usage: topics.sh BIN}" && pwd)
events=${BENCH_EVENTS:-2000000}
seconds=${BENCH_SECONDS:-20}
work=$(mktemp -d)
job=
trap '[[ -z "$job" ]] || kill -9 "$job" 2> /dev/null || true; rm -rf "$work"' EXIT
cd "$work"
export SLUICE_DATA=state

cat > bids.sql <<'SQL'
CREATE TABLE bids (auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, url STRING, `dateTime` TIMESTAMP(3),
  extra STRING) WITH ('connector' = 'log', 'topic' = 'bids', 'scan.bounded.mode' = 'latest-offset');
CREATE TABLE counts (auction BIGINT, num BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO counts SELECT auction, COUNT(*) FROM bids GROUP BY auction;
SQL

"$bin/nexmark-events" --events "$events" --out events.jsonl 2> /dev/null
sed -n 's/.*"bid":\({.*}\)}$/\1/p' events.jsonl > bids.jsonl
rm events.jsonl
for compression in lz4 zstd; do
    rm -rf state
    "$bin/sluice" topic create bids --from bids.sql --compression $compression 2> /dev/null
    "$bin/sluice" topic produce bids bids.jsonl
    awk -v all="$(stat -c %s bids.jsonl)" -v kept="$(du -sb state/topics | cut -f 1)" -v name=$compression \
        'BEGIN { printf "%s: %.3f of the size of the JSON\n", name, kept / all }'
done
rm -rf state
"$bin/sluice" topic create bids --from bids.sql 2> /dev/null
"$bin/sluice" topic produce bids bids.jsonl 2> /dev/null
for _ in 1 2 3 4 5; do
    TIMEFORMAT="keyed count over the topic: %U s of user, %S s of system time for $(wc -l < bids.jsonl) rows"
    time "$bin/sluice" run bids.sql --fresh > /dev/null 2>&1
done

# Rows that are due at a steady rate, and their age at the other end.
rm -rf state
cat > counts.sql <<'SQL'
CREATE TABLE load (k BIGINT, sent BIGINT) WITH ('connector' = 'log', 'topic' = 'load');
CREATE TABLE counts (k BIGINT NOT NULL, n BIGINT, sent BIGINT, PRIMARY KEY (k) NOT ENFORCED)
  WITH ('connector' = 'log', 'topic' = 'counts');
INSERT INTO counts SELECT k, COUNT(*), MAX(sent) FROM load WHERE k IS NOT NULL GROUP BY k;
SQL
"$bin/sluice" topic create load --from counts.sql 2> /dev/null
"$bin/sluice" topic create counts --from counts.sql 2> /dev/null
"$bin/sluice" run counts.sql > /dev/null 2>&1 &
job=$!
{ echo "produced to consumed: $("$bin/topic-load" receive state load)"; } &
{ echo "through a keyed job: $("$bin/topic-load" receive state counts)"; } &
sleep 1
"$bin/topic-load" send state load --rate 50000 --seconds "$seconds"
wait -n
wait -n
kill -INT "$job"
wait "$job" || true
job=

rm -rf state
"$bin/sluice" topic create load --from counts.sql -p 4 2> /dev/null
{ echo "one row a publish: $("$bin/topic-load" receive state load)"; } &
sleep 1
for _ in 1 2 3 4; do "$bin/topic-load" send state load --rate 1250 --rows-per-publish 1 --seconds 10 & done
wait
