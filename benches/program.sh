#!/usr/bin/env bash
# Whole-process figures: time and peak memory of the release build on made-up lists.
#
# Usage: benches/program.sh [RUNS]     (default 5; needs about 3 GB in $TMPDIR and 5 GB of memory)
#
# Prints medians. Run it on a quiet machine; docs/benchmarks.md has the figures and says of which machine they are.
set -euo pipefail
cd "$(dirname "$0")/.."

runs=${1:-5}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cargo build --release --quiet --package starttls
cargo build --release --quiet --package starttls-policy --example make_list
starttls=${CARGO_TARGET_DIR:-target}/release/starttls
make_list=${CARGO_TARGET_DIR:-target}/release/examples/make_list

# Seconds and peak KiB of one run of a command; its output is dropped, its exit code does not matter here.
measure() {
    python3 - "$@" <<'PY'
import os, resource, subprocess, sys, time
begin = time.monotonic()
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(f"{time.monotonic() - begin:.3f} {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss}")
PY
}

# A line with the median time, the fastest and slowest, and the largest memory.
report() {
    local what=$1; shift
    for _ in $(seq "$runs"); do measure "$@"; done | sort -n | awk -v what="$what" '
        { time[NR] = $1; if ($2 > memory) memory = $2 }
        END { printf "%-48s %8.3f s  (%.3f to %.3f)  %6.0f MB\n", what, time[int((NR + 1) / 2)], time[1], time[NR], memory / 1024 }'
}

for count in 1000000 10000000; do
    "$make_list" "$count" > "$work/list.json"
    size=$(stat -c %s "$work/list.json")
    echo "list of $count domains, $((size / 1000000)) MB"
    report "  list check" "$starttls" list check "$work/list.json"
    report "  generate, to stdout" "$starttls" generate --mta postfix --mta-version 3.7 --list "$work/list.json"
    report "  generate --output, every line read back" \
        "$starttls" generate --mta postfix --mta-version 3.7 --list "$work/list.json" --output "$work/out"
    report "  query" "$starttls" query example.org --list "$work/list.json"
    rm -rf "$work/list.json" "$work/out"
done

"$make_list" 926 > "$work/small.json"
report "query on a list of 926 domains" "$starttls" query example.org --list "$work/small.json"

echo "hostile files of 1 GB: refused with a place"
head -c 1000000000 /dev/zero | tr '\0' '[' > "$work/hostile.json"
report "  nested without end" "$starttls" list check "$work/hostile.json"
{ printf '{"version": "1", "author": "'; head -c 1000000000 /dev/zero | tr '\0' 'a'; } > "$work/hostile.json"
report "  a text without end" "$starttls" list check "$work/hostile.json"
head -c 1000000000 /dev/zero > "$work/hostile.json"
report "  zeros" "$starttls" list check "$work/hostile.json"
