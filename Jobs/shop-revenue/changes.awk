# Applies the lines that `sluice topic consume` shows of a table with a key, in their order, and prints the rows that it comes
# to. It fails where a row is taken back that is not there (a change was missed) or added that is (one came twice).
#
# usage: awk -v columns=N -f changes.awk    the first N columns of a row are its key
{
    op = substr($0, 8, 2)
    row = substr($0, 18, length($0) - 18)
    split(row, fields, ",")
    key = ""
    for (n = 1; n <= columns; n++) key = key fields[n]
    if (op == "-U" || op == "-D") {
        if (rows[key] != row) fail("a row is taken back that is not there")
        delete rows[key]
    } else {
        if (key in rows) fail("a row is added that is there")
        rows[key] = row
    }
}

function fail(what) {
    printf "line %d: %s: %s\n", NR, what, $0 > "/dev/stderr"
    failed = 1
    exit 1
}

END { if (!failed) for (key in rows) print rows[key] }
