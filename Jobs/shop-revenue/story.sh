#!/bin/bash
# A deployed job over a stream that keeps growing, and a mistake in it: the mended version is replayed beside it, audited,
# promoted, and taken back. Somebody reads all the while, and so does a second job: in the end both have to have what the
# tables hold. Works in a temporary directory, on a server of its own.
#
# usage: story.sh BIN    BIN holds sluice
set -euo pipefail

PATH=$(cd "${1:?usage: story.sh BIN}" && pwd):$PATH
jobs=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
export SLUICE_DATA=$work/data
server= shop= reader=

bold= plain=
[[ ! -t 1 || -n "${NO_COLOR:-}" ]] || { bold=$'\033[1m' plain=$'\033[0m'; }
say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
fail() { printf 'story: %s\n' "$*" >&2; exit 1; }

# Workers outlive a server that is killed, so it is asked to end, and has ended when they have.
end() {
    kill $shop $reader 2> /dev/null || true
    [[ -z "$server" ]] || { kill "$server" && wait "$server"; } 2> /dev/null || true
    rm -rf "$work"
}
trap end EXIT

# Tries a command for ten seconds.
soon() {
    local _
    for _ in {1..100}; do
        "$@" > /dev/null 2>&1 && return
        sleep 0.1
    done
    return 1
}

rows() { sluice sql --output json -e "SELECT $1" | sort; }
total() { sluice sql --output csv -e "SELECT $1" | sed -n 2p; }
reader_has_the_table() {
    awk -v columns=2 -f changes.awk seen | sort > copy && rows '* FROM revenue' > table &&
        cmp -s copy table
}
totals_follow() {
    rows '* FROM totals' > totals &&
        rows 'country, COUNT(*) AS days, SUM(orders) AS orders, SUM(net) AS net FROM revenue GROUP BY country' |
        cmp -s - totals
}

say "A server, the orders of a hundred days, and a job that counts what was sold: it is live at once"
cp -r "$jobs"/*.sql "$jobs"/checks "$jobs"/changes.awk "$jobs"/expected.jsonl "$work"
cd "$work"
sluice server --port 0 > server.out 2> server.log < /dev/null &
server=$!
soon sluice status || fail "the server does not answer: $(cat server.log)"
sluice run history.sql
sluice deploy revenue v1.sql
sluice wait revenue@1 --until live
soon sluice topic describe revenue@1 || fail "the job has no table"

say "More orders come in, thousands a second; another job and a reader follow what the first one publishes"
sluice run orders.sql > /dev/null 2> shop.log &
shop=$!
sluice deploy totals totals.sql 2> /dev/null
sluice topic consume revenue --from-beginning > seen 2> /dev/null &
reader=$!
five_countries() { [[ $(total 'COUNT(*) FROM totals') -eq 5 ]]; }
soon five_countries || fail "there are no totals"
sluice sql -e "SELECT * FROM totals ORDER BY country"

say "A mistake: Austria's tax is 20 %, not 19 %. The mended version is deployed beside, and replays all that was"
grep -h '^SELECT' v1.sql v2.sql
sluice deploy revenue v2.sql --audit checks
sluice wait revenue@2 --timeout 1min
sluice status revenue

say "The audit, of both tables where both versions have read the same: Austria's net differs, and nothing else"
sluice audit revenue --audit checks --samples 3

say "Promoted, at one place of the input: the readers get the difference"
sluice promote revenue --yes
sluice sql -e "SELECT * FROM totals ORDER BY country"

say "And back again: the version before has gone on in the shadow"
sluice rollback revenue --yes

say "The log book"
sluice history revenue

say "All orders are in"
wait "$shop" || fail "the shop has failed: $(cat shop.log)"
shop=
orders=$(total 'COUNT(*) FROM orders')
all_is_counted() { [[ $(total 'SUM(orders) FROM revenue') -eq $orders ]]; }
soon all_is_counted || fail "the live version has not counted all $orders orders"
soon reader_has_the_table || fail "what the reader was shown does not come to the table"
soon totals_follow || fail "the totals are not those of the table"
rows '* FROM totals' | cmp -s - expected.jsonl || fail "the totals are not the expected ones"
echo "$orders orders; a reader who was there all the time was shown $(wc -l < seen) changes, which come to the live table:"
echo "none is missing, none came twice. The job behind it has the right totals."
