#!/usr/bin/env bash
# Whole-process figures of the policy daemon, beside a floor under it and beside another daemon of its kind.
#
# Usage: benches/daemon.sh [PART…]
#
#   warm      cached look-ups: floor, daemon and peer in turn, medians of ROUNDS rounds
#   cold      each domain once: CPU time per domain, beside a client that only asks the same questions
#   memory    empty and with DOMAINS domains kept, and the time from start to first answer with these
#   listed    memory beside a policy list of LISTED domains
#   herd      64 clients that ask for the same new domain at once
#   crowd     a new client behind 1,000 idle and 512 half-open ones
#   failure   a domain whose DNS fails, asked again and again
#
# Without PART all of them, about ten minutes. Settings by environment: ROUNDS (5), SECONDS_EACH (2), COLD (500 domains a round), DOMAINS
# (50000), LISTED (10000000), STARTTLS_BIN (built by itself otherwise), STARTTLS_E2E_TREES (servers that `./test` has unpacked; target/e2e/trees).
#
# Needs root, for a network of its own in which NSD, Unbound and a policy host run; nothing is installed. The peer is
# postfix-mta-sts-resolver, in a virtual environment below target/bench; where that cannot be had it is left out, with a word.
# Everything started ends with the script, and it ends by itself after half an hour.
set -euo pipefail
cd "$(dirname "$0")/.."

: "${ROUNDS:=5}" "${SECONDS_EACH:=2}" "${COLD:=500}" "${DOMAINS:=50000}" "${LISTED:=10000000}"
target=${CARGO_TARGET_DIR:-$PWD/target}
examples=$target/release/examples
trees=${STARTTLS_E2E_TREES:-$target/e2e/trees}
bench=$target/bench
resolver=127.0.0.53:53
floor_at=127.0.0.1:8460 daemon_at=127.0.0.1:8461 peer_at=127.0.0.1:8463 status_at=127.0.0.1:8462
known_parts="warm cold memory listed herd crowd failure"

usage() { sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; }

# --- outside: what needs the network, or the compiler

build() {
    cargo build --release --quiet --package starttls-daemon --examples
    cargo build --release --quiet --package starttls-policy --example make_list
    if [ -z "${STARTTLS_BIN:-}" ]; then
        cargo build --release --quiet --package starttls
        STARTTLS_BIN=$target/release/starttls
    fi
    export STARTTLS_BIN
}

unpack_servers() {
    [ -x "$trees/services/usr/sbin/nsd" ] || crates/e2e/trees "${trees%/trees}" >&2 || true
    [ -x "$trees/services/usr/sbin/nsd" ] || { echo "no NSD and Unbound in $trees: run ./test e2e" >&2; exit 1; }
}

get_peer() {
    [ -x "$bench/peer/bin/mta-sts-daemon" ] && return
    echo "getting the peer, postfix-mta-sts-resolver with uvloop" >&2
    { python3 -m venv "$bench/peer" && timeout 300 "$bench/peer/bin/pip" install --quiet postfix-mta-sts-resolver uvloop; } \
        >"$bench/peer.log" 2>&1 || { rm -rf "$bench/peer"; echo "the peer is left out: $(tail -n1 "$bench/peer.log")" >&2; }
}

outside() {
    local part
    for part in "$@"; do
        [[ " $known_parts " == *" $part "* ]] || { usage >&2; exit 2; }
    done
    [ "$(id -u)" = 0 ] || { echo "not root: namespaces need it" >&2; exit 1; }
    mkdir -p "$bench"
    build
    unpack_servers
    get_peer
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    chmod 755 "$work"
    export work ROUNDS SECONDS_EACH COLD DOMAINS LISTED
    # shellcheck disable=SC2086
    [ $# -gt 0 ] || set -- $known_parts
    timeout --foreground 1800 setpriv --pdeathsig KILL unshare --net --mount --pid --fork --kill-child --mount-proc \
        --propagation private bash "$0" --inside "$@"
}

# --- inside: a network, processes and mounts of its own, which end with the script

load() { "$examples/load" "$@"; }

# The value of a field in a line of `load`.
field() { tr ' ' '\n' <<<"$2" | sed -n "s/^$1=//p" | head -n1; }

# Waits until a command succeeds, for ten seconds.
wait_for() {
    local what=$1 _
    shift
    for _ in $(seq 200); do
        if "$@" >/dev/null 2>&1; then return; fi
        sleep 0.05
    done
    echo "no $what:" >&2
    "$@" >&2 || true
    tail -n5 "$work"/*.err "$work"/dns/*.err >&2 || true
    exit 1
}

# Domains of the zones. Plain ones are not signed: s1… have a policy, n1… nothing. Secure ones are: d1… have TLSA, u1… nothing.
# Each has one MX host of its own, so that nothing is learnt from one domain for another. The zones are top-level domains: each
# domain is its owner's own, as the daemon's budgets for new domains have it.
domains() { seq -f "$1%.0f.$2" "$3" "$4"; }

# The records of the domains that come in.
records() {
    awk -v kind="$1" '
        { print $1 ". MX 10 mx." $1 "."; print "mx." $1 ". A 127.0.0.25" }
        kind == "sts"  { print "_mta-sts." $1 ". TXT \"v=STSv1; id=1;\""; print "mta-sts." $1 ". A 127.0.0.80" }
        kind == "dane" { print "_25._tcp.mx." $1 ". TLSA 3 1 1 " digest }
        BEGIN { for (i = 0; i < 32; i++) digest = digest "a5" }'
}

apex() {
    echo "\$TTL 86400"
    echo "$1. SOA ns.$1. hostmaster.$1. 1 3600 600 86400 3600"
    echo "$1. NS ns.$1."
    echo "ns.$1. A 127.0.0.54"
}

in_tree() { env -i PATH=/usr/sbin:/usr/bin LC_ALL=C chroot "$trees/services" "$@"; }

start_dns() {
    mkdir "$work/dns"
    mount --rbind /dev "$trees/services/dev"
    mount -t proc proc "$trees/services/proc"
    mount --bind "$work" "$trees/services/lab"
    local many=$((ROUNDS * COLD * 2)) zone names
    {
        apex plain
        domains s plain 1 $((DOMAINS + many)) | records sts
        domains n plain 1 "$many" | records none
    } >"$work/dns/plain.zone"
    {
        apex secure
        domains d secure 1 "$many" | records dane
        domains u secure 1 "$many" | records none
    } >"$work/dns/secure.zone"
    # shellcheck disable=SC2016
    names=$(in_tree /bin/sh -euc 'cd /lab/dns; k="ldns-keygen -r /dev/urandom -a ECDSAP256SHA256"; $k -k secure; $k secure')
    # shellcheck disable=SC2086
    in_tree /bin/sh -euc "cd /lab/dns; ldns-signzone -f secure.signed secure.zone "$(echo $names)
    mv "$work/dns/secure.signed" "$work/dns/secure.zone"
    {
        printf 'server:\n ip-address: 127.0.0.54@5300\n username: ""\n database: ""\n zonesdir: "/lab/dns"\n server-count: 1\n rrl-ratelimit: 0\n'
        printf ' pidfile: "/lab/dns/nsd.pid"\n xfrdfile: "/lab/dns/xfrd"\n zonelistfile: "/lab/dns/zones"\n xfrdir: "/lab/dns"\n'
        printf 'remote-control:\n control-enable: no\n'
        for zone in plain secure; do printf 'zone:\n name: "%s"\n zonefile: "%s.zone"\n' $zone $zone; done
    } >"$work/dns/nsd.conf"
    {
        printf 'server:\n interface: 127.0.0.53\n username: ""\n chroot: ""\n directory: "/lab/dns"\n pidfile: "/lab/dns/unbound.pid"\n'
        printf ' use-syslog: no\n do-daemonize: no\n num-threads: 1\n do-not-query-localhost: no\n qname-minimisation: no\n'
        printf ' msg-cache-size: 256m\n rrset-cache-size: 512m\n domain-insecure: "plain."\n domain-insecure: "dead."\n'
        printf ' trust-anchor-file: "/lab/dns/%s.ds"\n' "$(head -n1 <<<"$names")"
        printf 'remote-control:\n control-enable: no\n'
        for zone in plain secure; do printf 'stub-zone:\n name: "%s."\n stub-addr: 127.0.0.54@5300\n' $zone; done
        # Nobody listens there: the resolver answers SERVFAIL.
        printf 'stub-zone:\n name: "dead."\n stub-addr: 127.0.0.54@5399\n'
    } >"$work/dns/unbound.conf"
    in_tree nsd -d -c /lab/dns/nsd.conf 2>"$work/dns/nsd.err" &
    in_tree unbound -d -c /lab/dns/unbound.conf 2>"$work/dns/unbound.err" &
    printf 'nameserver 127.0.0.53\noptions trust-ad edns0\n' >"$work/resolv.conf"
    mount --bind "$work/resolv.conf" /etc/resolv.conf
    domains s plain 1 1 >"$work/one"
    wait_for "answer of the resolver" "$examples/bare" sts $resolver "$work/ca.pem" "$work/one"
}

write_settings() {
    cat >"$work/starttls.toml" <<END
state-dir = "$work/state"

[daemon]
listen = ["$daemon_at"]
status-address = "$status_at"
resolver = "$resolver"
ca-file = "$work/ca.pem"
policy-hosts = "any"
dnssec-probe = "secure"
END
    cat >"$work/peer.yml" <<END
host: 127.0.0.1
port: ${peer_at#*:}
reuse_port: true
shutdown_timeout: 1
cache_grace: 86400
proactive_policy_fetching:
  enabled: false
cache:
  type: internal
  options:
    cache_size: 60000
default_zone:
  strict_testing: false
  timeout: 4
END
}

# Starts the daemon; its process id is in $daemon.
start_daemon() {
    "$STARTTLS_BIN" daemon --config "$work/starttls.toml" >/dev/null 2>>"$work/daemon.err" &
    daemon=$!
    wait_for "daemon" load ask $daemon_at --key s1.plain --times 1
}

stop_daemon() {
    kill "$daemon"
    wait "$daemon" 2>/dev/null || true
}

start_peer() {
    [ -x "$bench/peer/bin/mta-sts-daemon" ] || return 1
    SSL_CERT_FILE=$work/ca.pem "$bench/peer/bin/mta-sts-daemon" --config "$work/peer.yml" >/dev/null 2>>"$work/peer.err" &
    peer=$!
    (wait_for "peer" load ask $peer_at --key s1.plain --times 1) || { echo "the peer is left out" >&2; return 1; }
}

stop_peer() {
    kill "$peer"
    wait "$peer" 2>/dev/null || true
}

# Reads lines `WHAT WHO FIELD=VALUE…`; prints a line per WHAT and WHO with the medians of FIELDs, and the ratio of the first
# one to that of the WHO named FLOOR.
medians() {
    awk -v names="$1" -v floor="$2" '
        function median(key,  n, i, j, t, list) {
            n = counts[key]
            for (i = 1; i <= n; i++) list[i] = values[key, i]
            for (i = 1; i <= n; i++) for (j = i + 1; j <= n; j++) if (list[j] < list[i]) { t = list[i]; list[i] = list[j]; list[j] = t }
            return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
        }
        { row = $1 " " $2
          if (!(row in seen)) { seen[row] = 1; order[++rows] = row }
          for (i = 3; i <= NF; i++) { split($i, pair, "="); key = row " " pair[1]; values[key, ++counts[key]] = pair[2] + 0 } }
        END {
            wanted = split(names, name, " ")
            printf "%-12s %-8s", "", ""
            for (i = 1; i <= wanted; i++) printf " %12s", name[i]
            print "       ratio"
            for (r = 1; r <= rows; r++) {
                split(order[r], part, " ")
                printf "%-12s %-8s", part[1], part[2]
                for (i = 1; i <= wanted; i++) { key = order[r] " " name[i]; if (key in counts) printf " %12.1f", median(key); else printf " %12s", "-" }
                base = part[1] " " floor " " name[1]
                if (base in counts && median(base) > 0) printf " %11.2f", median(order[r] " " name[1]) / median(base)
                print ""
            }
        }'
}

say() { printf '\n=== %s\n' "$*"; }

part_warm() {
    say "cached look-ups, 1,000 domains with a policy, $ROUNDS rounds of $SECONDS_EACH s (connections x in flight)"
    domains s plain 1 1000 >"$work/keys"
    start_daemon
    "$examples/floor" $floor_at >/dev/null &
    local floor=$! servers="floor daemon" shape server round at pid line
    load run $daemon_at --keys "$work/keys" --connections 16 --once yes >/dev/null
    if start_peer; then
        servers+=" peer"
        load run $peer_at --keys "$work/keys" --connections 16 --once yes >/dev/null
    fi
    for shape in 1x1 1x16 64x1 64x16; do
        for round in $(seq "$ROUNDS"); do
            for server in $servers; do
                at=${server}_at pid=${!server}
                line=$(load run "${!at}" --keys "$work/keys" --connections ${shape%x*} --depth ${shape#*x} --seconds "$SECONDS_EACH" --pid "$pid")
                echo "$shape $server $line"
            done
        done
    done >"$work/warm"
    medians "rate p50 p99 p999 cpu_us" floor <"$work/warm"
    # Each of these domains has a policy.
    awk '{ for (i = 3; i <= NF; i++) if (split($i, pair, "=") && pair[1] ~ /^(temp|perm|notfound)$/) bad[$2] += pair[2] }
         END { for (who in bad) if (bad[who]) print "of all replies of " who ", " bad[who] " were no policy" }' "$work/warm"
    kill $floor
    [[ $servers != *peer* ]] || stop_peer
    stop_daemon
}

# One round of KIND ZONE LETTER: the bare client on its own domains, then the daemon on others, so that the resolver knows neither.
cold_round() {
    local what=$1 kind=$2 letter=$3 zone=$4 round=$5
    local first=$(((round - 1) * 2 * COLD + 1)) server at pid
    [ "$letter" != s ] || first=$((first + DOMAINS))
    domains "$letter" "$zone" $first $((first + COLD - 1)) >"$work/keys"
    echo "$what bare $("$examples/bare" "$kind" $resolver "$work/ca.pem" "$work/keys")"
    first=$((first + COLD))
    domains "$letter" "$zone" $first $((first + COLD - 1)) >"$work/keys"
    for server in $cold_servers; do
        at=${server}_at pid=${!server}
        echo "$what $server $(load run "${!at}" --keys "$work/keys" --connections 16 --once yes --pid "$pid")"
    done
}

part_cold() {
    say "each domain once, $ROUNDS rounds of $COLD domains, 16 connections: CPU time in microseconds per domain"
    cold_servers=daemon
    start_daemon
    if start_peer; then cold_servers+=" peer"; fi
    local round
    for round in $(seq "$ROUNDS"); do
        # Its budget for new domains is fresh after a start.
        stop_daemon
        start_daemon
        cold_round sts sts s plain "$round"
        cold_round dane dane d secure "$round"
        cold_round none none n plain "$round"
        cold_round none-signed dane u secure "$round"
    done >"$work/cold"
    # The kinds in one order, the rounds within.
    sort -s -k1,1 "$work/cold" | medians "cpu_us rate p50 p99 ok notfound temp" bare
    echo "(the peer asks no MX and no TLSA, and comes after the daemon: the resolver knows its answers)"
    [[ $cold_servers != *peer* ]] || stop_peer
    stop_daemon
}

part_memory() {
    say "memory, and the start with $DOMAINS domains kept"
    rm -rf "$work/state"
    start_daemon
    echo "empty:               $(load memory "$daemon")"
    local first last line
    # As many at once as the budget for new domains allows, which is fresh after a start.
    for ((first = 1; first <= DOMAINS; first = last + 1)); do
        last=$((first + 8999 < DOMAINS ? first + 8999 : DOMAINS))
        domains s plain $first $last >"$work/keys"
        line=$(load run $daemon_at --keys "$work/keys" --connections 64 --once yes --pid "$daemon")
        echo "learning to $last: $line"
        echo "    $(load memory "$daemon")"
        stop_daemon
        start_daemon
    done
    stop_daemon
    domains s plain 1 "$DOMAINS" >"$work/keys"
    local _
    for _ in 1 2 3; do
        echo "start, first answer: $(load start $daemon_at --key s777.plain -- "$STARTTLS_BIN" daemon --config "$work/starttls.toml" 2>>"$work/daemon.err")"
    done
    start_daemon
    echo "all asked again:     $(load run $daemon_at --keys "$work/keys" --connections 64 --once yes --pid "$daemon")"
    echo "    $(load memory "$daemon")"
    stop_daemon
}

part_listed() {
    say "memory beside a list of $LISTED domains: kilobytes"
    rm -rf "$work/state"
    start_daemon
    domains n plain 1 1000 >"$work/keys"
    load run $daemon_at --keys "$work/keys" --connections 16 --once yes >/dev/null
    echo "no list:          $(load memory "$daemon")"
    stop_daemon
    "$examples/make_list" "$LISTED" >"$work/list.json"
    cp "$work/starttls.toml" "$work/without-list.toml"
    printf '[[list]]\nname = "many"\ntrust = "unsigned"\nfile = "%s"\n' "$work/list.json" >>"$work/starttls.toml"
    # The daemon would take the list itself, and keep the memory for a while that this took.
    "$STARTTLS_BIN" update --fetch-only --config "$work/starttls.toml"
    rm -rf "$work/state/learned.db"*
    start_daemon
    load run $daemon_at --keys "$work/keys" --connections 16 --once yes >/dev/null
    echo "$LISTED listed: $(load memory "$daemon")"
    stop_daemon
    mv "$work/without-list.toml" "$work/starttls.toml"
    rm -rf "$work/state" "$work/list.json"
}

part_herd() {
    say "64 clients ask for the same new domain at once, 200 domains one after the other: microseconds"
    rm -rf "$work/state"
    start_daemon
    domains n plain 1 200 | awk '{ for (i = 0; i < 64; i++) print }' >"$work/keys"
    echo "herd:      $(load run $daemon_at --keys "$work/keys" --connections 64 --once yes --pid "$daemon")"
    curl -s "http://$status_at/metrics" | grep '^starttls_.*look.*' | grep -v ' 0$' || true
    stop_daemon
}

part_crowd() {
    say "a new client behind 1,000 idle and 512 half-open ones: microseconds from connecting to the reply"
    start_daemon
    echo "alone:  $(load behind $daemon_at --key s1.plain --idle 0 --half 0)"
    echo "crowd:  $(load behind $daemon_at --key s1.plain --idle 1000 --half 512)"
    stop_daemon
}

part_failure() {
    say "a domain whose DNS fails, asked again: microseconds"
    start_daemon
    echo "daemon: $(load ask $daemon_at --key a.dead)"
    stop_daemon
}

inside() {
    ulimit -n "$(ulimit -Hn)" || true
    ip link set lo up
    "$examples/policy_host" 127.0.0.80:443 "$work/ca.pem" >/dev/null 2>"$work/policy_host.err" &
    start_dns
    write_settings
    local part
    for part in "$@"; do "part_$part"; done
    if grep -qE '^[^ ]+ +(ERROR|WARN) ' "$work/daemon.err"; then
        say "what the daemon complained of"
        sed -nE 's/^[^ ]+ +(ERROR|WARN) /\1 /p' "$work/daemon.err" | sort | uniq -c | sort -rn | head -n5
    fi
    # What is left ends with the namespace.
}

case ${1:-} in
-h | --help | help) usage ;;
--inside) shift; inside "$@" ;;
*) outside "$@" ;;
esac
