#!/bin/bash
# Boots one database instance: the one script of an instance, run as root at its first boot.
# Terraform renders it (templatefile), so braces after a dollar sign are Terraform's unless doubled.
# It may run again at any time and then changes nothing. DCO_ROOT puts every absolute path under another root.
set -euo pipefail
umask 027

database='${database}'
colour='${colour}'
snapshot='${snapshot}'
region='${region}'
slot_parameter='${slot_parameter}'
servers_parameter='${servers_parameter}'
secret_id='${secret_id}'
plugin_secret_id='${plugin_secret_id}'
device='${device}'

root=$${DCO_ROOT:-}
home_of_data=$root/var/lib/neo4j
conf=$root/etc/neo4j
logs=$root/var/log/neo4j
port=7687

say() { echo "boot: $*"; }
fail() { say "$*" >&2; exit 1; }

# What a command complains of, and the password on its way into Neo4j: root's own, gone at the end.
scratch=$(umask 077 && mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Runs a command until it succeeds, for so many seconds, and gives its output; its last complaint is told.
patiently() {
    local seconds=$1 end said
    shift
    end=$(( $(date +%s) + seconds ))
    until said=$("$@" 2>"$scratch/complaint"); do
        [ "$(date +%s)" -lt "$end" ] || { say "Gave up after $seconds s: $(cat "$scratch/complaint")" >&2; return 1; }
        sleep 1
    done
    printf '%s\n' "$said"
}

read_slot() {
    aws ssm get-parameter --region "$region" --name "$slot_parameter" --query Parameter.Value --output text
}

# What the slot says of this instance: its state, its version, and whether a kernel upgrade has to wait, because the
# other colour reads this one's log. Python is there wherever user data runs: cloud-init is written in it.
part() {
    python3 -c '
import json, sys
slot, colour = json.load(sys.stdin), sys.argv[1]
other = slot.get("other") or {}
mine = {**slot, "state": "serving"} if slot["colour"] == colour else other
print(mine["state"], mine["version"], "waits" if other.get("state") == "following" else "")' "$colour"
}

field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }

find_volume() {
    local found disk
    for found in "$root$device" "$root$${device/sd/xvd}"; do
        [ ! -e "$found" ] || { echo "$found"; return 0; }
    done
    # On Nitro a volume may only be known by its serial: the EBS disk that does not hold the root.
    for found in "$root"/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol*; do
        case $found in *-part*|*_[0-9]|*'*') continue ;; esac
        disk=$(readlink -f "$found")
        [[ $(findmnt -no SOURCE /) == "$disk"* ]] || { echo "$disk"; return 0; }
    done
    echo "the data volume is not attached as $device" >&2
    return 1
}

mount_data() {
    local volume
    volume=$(patiently 600 find_volume) || fail "Without its volume $database does not start."
    if mountpoint -q "$home_of_data"; then
        say "The data volume is mounted already."
        return
    fi
    if ! blkid "$volume" >/dev/null; then
        say "The volume $volume is blank: making a file system."
        mkfs.ext4 -q -L dco-data "$volume"
    fi
    mkdir -p "$home_of_data"
    mount -o noatime "$volume" "$home_of_data"
    if ! grep -qs 'LABEL=dco-data' "$root/etc/fstab"; then
        echo "LABEL=dco-data /var/lib/neo4j ext4 noatime,nofail 0 2" >>"$root/etc/fstab"
    fi
    say "Mounted $volume for the data."
}

# Writes standard input to a file of a mode, unless it is there in the same words.
put() {
    local path=$1 mode=$${2:-0640} fresh
    fresh=$(mktemp "$path.XXXXXX")
    cat >"$fresh"
    if cmp -s "$fresh" "$path"; then
        rm -f "$fresh"
        return
    fi
    chmod "$mode" "$fresh"
    mv "$fresh" "$path"
    say "Wrote $path."
}

configure() {
    mkdir -p "$conf" "$logs" "$root/run/neo4j" "$home_of_data/data" "$home_of_data/plugins" "$home_of_data/import"
    put "$conf/neo4j.conf" <<CONF
server.default_listen_address=$address
server.default_advertised_address=$address
server.bolt.enabled=true
server.bolt.listen_address=:$port
server.http.enabled=false
server.https.enabled=false
server.directories.data=$home_of_data/data
server.directories.plugins=$home_of_data/plugins
server.directories.import=$home_of_data/import
server.directories.logs=$logs
server.directories.run=$root/run/neo4j
server.memory.heap.initial_size=${heap}
server.memory.heap.max_size=${heap}
server.memory.pagecache.size=${page_cache}
db.tx_log.preallocate=false
db.tx_log.rotation.retention_policy=${log_retention}
dbms.security.procedures.unrestricted=dco.*
dbms.usage_report.enabled=false
%{ for option in jvm_options ~}
server.jvm.additional=${option}
%{ endfor ~}
$upgrade
CONF
}

# The image may ship the plugin by which dco copies and follows a database. Its key is for dco and this host alone:
# with it a caller reads and fences everything. Without a secret that gives one, no one but this host knows it.
install_plugin() {
    local shipped=$neo4j/plugin/dco.jar installed=$home_of_data/plugins/dco.jar secret
    [ -e "$shipped" ] || { say "The image ships no plugin."; return 0; }
    if ! cmp -s "$shipped" "$installed"; then
        install -m 0640 "$shipped" "$installed"
        say "Installed the plugin."
    fi
    if [ -n "$plugin_secret_id" ]; then
        secret=$(patiently 120 aws secretsmanager get-secret-value --region "$region" \
            --secret-id "$plugin_secret_id" --query SecretString --output text) || fail "The plugin's key can't be read."
        printf '%s' "$secret" | field key | put "$conf/dco.key" 0600
    elif [ ! -s "$conf/dco.key" ]; then
        od -An -tx1 -N32 /dev/urandom | tr -d ' \n' | put "$conf/dco.key" 0600
    fi
}

# A volume from a snapshot is another server's: nothing may be written there under that server's name of its log, nor
# at all before it is told to.
own_snapshot() {
    local name
    [ -n "$snapshot" ] || return 0
    [ "$(cat "$home_of_data/dco-snapshot" 2>/dev/null || true)" != "$snapshot" ] || return 0
    mkdir -p "$home_of_data/data/dco"
    for name in neo4j system; do
        echo "is a copy; it follows, or waits to be promoted" >"$home_of_data/data/dco/$name.fence"
    done
    rm -f "$home_of_data"/data/dco/*.log-name
    # Blocks of a snapshot come when they are first read, each after some milliseconds: now, and not while it serves.
    find "$home_of_data/data" -type f -exec cat {} + >/dev/null
    echo "$snapshot" >"$home_of_data/dco-snapshot"
    say "Made the copy from $snapshot its own, fenced."
}

seed_once() {
    rm -rf "$home_of_data/seeding"
    "$root/opt/dco/bin/dco-stream" --config "$conf/seed.toml" seed "$database" --into "$home_of_data/seeding"
}

# One that follows starts as a copy of the source, taken over Bolt and fenced. What was broken off begins anew.
seed() {
    [ "$state" = following ] || return 0
    if [ -d "$home_of_data/data/databases/system" ]; then
        say "The database has its copy already."
        return
    fi
    [ -n "$plugin_secret_id" ] || fail "Without plugin_secret_arn $database has no key that the source knows: it can't follow."
    [ -x "$root/opt/dco/bin/dco-stream" ] || fail "The image has no /opt/dco/bin/dco-stream: it can't follow."
    put "$conf/seed.toml" <<TOML
[bucket]
name = "none"
region = "$region"

[databases.$database]
servers = "ssm:$servers_parameter"
login = "secret:$secret_id"
key = "file:$conf/dco.key"
TOML
    say "Copies the source over Bolt."
    patiently 3600 seed_once || fail "The source can't be copied: $database does not start."
    rmdir "$home_of_data/data"
    mv "$home_of_data/seeding" "$home_of_data/data"
    say "The copy is complete."
}

# The password goes from Secrets Manager into a file of root's own and from there into Neo4j's hash:
# never into arguments, which every process may read, nor into the log.
set_password() {
    local secret
    if [ -e "$home_of_data/data/dbms/auth.ini" ] || [ -d "$home_of_data/data/databases/system" ]; then
        say "The database has its password already."
        return
    fi
    secret=$(patiently 120 aws secretsmanager get-secret-value --region "$region" --secret-id "$secret_id" \
        --query SecretString --output text) || fail "Without its secret $database does not start."
    # After the two dashes nothing is an option any more: a password may begin with a dash.
    printf '%s' "$secret" | python3 -c '
import json, sys
word = json.load(sys.stdin)["password"].replace("\\", "\\\\").replace("\"", "\\\"")
print("--", chr(34) + word + chr(34), sep=chr(10))' >"$scratch/password"
    NEO4J_HOME=$neo4j NEO4J_CONF=$conf "$neo4j/bin/neo4j-admin" dbms set-initial-password "@$scratch/password" >/dev/null
    rm -f "$scratch/password"
    say "Set the initial password."
}

install_unit() {
    put "$root/etc/systemd/system/neo4j.service" <<UNIT
[Unit]
Description=Neo4j $version, database $database
After=network-online.target
Wants=network-online.target
RequiresMountsFor=/var/lib/neo4j

[Service]
User=neo4j
Environment=NEO4J_HOME=$neo4j
Environment=NEO4J_CONF=$conf
ExecStart=$neo4j/bin/neo4j console
RuntimeDirectory=neo4j
RuntimeDirectoryPreserve=yes
LimitNOFILE=60000
TimeoutStopSec=120
Restart=on-failure
RestartSec=5

[Install]
WantedBy=multi-user.target
UNIT
    [ -n "$root" ] || id neo4j >/dev/null 2>&1 || useradd --system --home-dir "$home_of_data" --shell /sbin/nologin neo4j
    chown -R neo4j: "$home_of_data" "$logs" "$conf" "$root/run/neo4j"
    systemctl daemon-reload
    systemctl enable --now neo4j.service
}

answers() { (exec 3<>"/dev/tcp/$address/$port") || { echo "nothing answers on $address:$port" >&2; return 1; }; }

say "Database $database boots, $colour."
slot=$(patiently 120 read_slot) || fail "Without its slot $slot_parameter $database does not start."
said=$(printf '%s' "$slot" | part) || fail "The slot $slot_parameter names no version for $colour."
read -r state version waits <<<"$said"
# A newer kernel writes what the older server could not follow, and then there is no way back.
upgrade=$${waits:+internal.dbms.automatic_upgrade.enabled=false}
neo4j=$root/opt/neo4j/$version
[ -x "$neo4j/bin/neo4j" ] || fail "The image has no Neo4j $version in $neo4j: the slot and the image don't fit."
address=$${DCO_ADDRESS:-$(hostname -I | cut -d' ' -f1)}
say "The slot says Neo4j $version, $state; this instance is $address."
mount_data
own_snapshot
configure
install_plugin
seed
set_password
install_unit
patiently 300 answers >/dev/null || fail "Neo4j was started but does not answer on $address:$port."
say "Neo4j $version answers for $database on $address:$port, $state."
