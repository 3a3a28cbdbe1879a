#!/usr/bin/env bash
# Whole-process figures of compiled lists: compiling beside reading, and one look-up, on made-up lists.
#
# Usage: benches/index.sh [RUNS] [COUNT…]     (default 5 runs, 1,000,000 and 10,000,000 domains; 100,000,000 need 10 GB in $TMPDIR)
#
# Prints medians of wall time with the fastest and slowest, the CPU time of the median run, the largest memory, and of it the
# largest part that is the process's own: pages of mapped files are the system's to take back. docs/benchmarks.md has the figures.
set -euo pipefail
cd "$(dirname "$0")/.."

runs=${1:-5}
shift || true
[ $# -gt 0 ] || set -- 1000000 10000000
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cargo build --release --quiet --package starttls
cargo build --release --quiet --package starttls-policy --example make_list
starttls=${CARGO_TARGET_DIR:-target}/release/starttls
make_list=${CARGO_TARGET_DIR:-target}/release/examples/make_list

# Seconds, CPU seconds, peak KiB and peak KiB of its own of one run; what it prints is dropped.
measure() {
    python3 - "$@" <<'PY'
import os, re, subprocess, sys, threading, time
begin = time.monotonic()
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
own, done = [0], threading.Event()
def watch():
    while not done.wait(0.05):
        try:
            found = re.search(r"RssAnon:\s+(\d+)", open(f"/proc/{child.pid}/status").read())
            own[0] = max(own[0], int(found.group(1)) if found else 0)
        except OSError:
            return
threading.Thread(target=watch, daemon=True).start()
_, _, usage = os.wait4(child.pid, 0)
seconds = time.monotonic() - begin
done.set()
print(f"{seconds:.4f} {usage.ru_utime + usage.ru_stime:.3f} {usage.ru_maxrss} {own[0]}")
PY
}

report() {
    local what=$1; shift
    for _ in $(seq "$runs"); do measure "$@"; done | sort -n | awk -v what="$what" '
        { time[NR] = $1; cpu[NR] = $2; if ($3 > memory) memory = $3; if ($4 > own) own = $4 }
        END { middle = int((NR + 1) / 2)
              printf "%-24s %9.4f s  (%.4f to %.4f)  %8.2f s CPU  %6.0f MB, %6.0f MB its own\n",
                  what, time[middle], time[1], time[NR], cpu[middle], memory / 1024, own / 1024 }'
}

for count in "$@"; do
    "$make_list" "$count" > "$work/list.json"
    echo "list of $count domains, $(($(stat -c %s "$work/list.json") / 1000000)) MB"
    # Reading keeps the whole list: not beyond what memory holds.
    [ "$count" -gt 20000000 ] || report "  list check" "$starttls" list check "$work/list.json"
    report "  list compile" "$starttls" list compile "$work/list.json" --output "$work/list.index"
    size=$(stat -c %s "$work/list.index")
    awk -v size="$size" -v count="$count" 'BEGIN { printf "  %d bytes, %.2f per domain\n", size, size / count }'
    listed=$(head -c 100000000 "$work/list.json" | grep -m1 -o '"[a-z.-]*": {"mode"' | tail -1 | cut -d'"' -f2)
    report "  query, listed" "$starttls" query "$listed" --list "$work/list.index"
    report "  query, not listed" "$starttls" query example.org --list "$work/list.index"
    rm -f "$work/list.json" "$work/list.index"
done
