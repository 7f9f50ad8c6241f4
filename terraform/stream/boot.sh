#!/bin/bash
# Boots the stream's instance: run as root at its first boot. It may run again at any time and then changes nothing.
# Terraform renders it (templatefile), so braces after a dollar sign are Terraform's unless doubled.
# DCO_ROOT puts every absolute path under another root.
set -euo pipefail
umask 022

root=$${DCO_ROOT:-}
kept=$root/var/lib/dco-stream
service=$root/usr/local/bin/dco-stream-service

say() { echo "boot: $*"; }
fail() { say "$*" >&2; exit 1; }

# Writes standard input to a file of a mode, unless it is there in the same words.
put() {
    local path=$1 mode=$2 fresh
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

[ -x "$root/opt/dco/bin/dco-stream" ] || fail "The image has no /opt/dco/bin/dco-stream."
mkdir -p "$kept" "$root/usr/local/bin"
put "$service" 0755 <<SERVICE
#!/bin/sh
# Reads what the stream is to do, as the parameter says now; what it said last does while nobody answers.
set -eu
umask 077
if aws ssm get-parameter --region '${region}' --name '${configuration_parameter}' \\
    --query Parameter.Value --output text >"$kept/stream.toml.new"; then
    mv "$kept/stream.toml.new" "$kept/stream.toml"
fi
exec "$root/opt/dco/bin/dco-stream" --config "$kept/stream.toml" run
SERVICE
put "$root/etc/systemd/system/dco-stream.service" 0644 <<UNIT
[Unit]
Description=Keeps and carries the databases' logs
After=network-online.target
Wants=network-online.target
StartLimitIntervalSec=0

[Service]
User=dco-stream
ExecStart=$service
Restart=always
RestartSec=1
TimeoutStopSec=60
NoNewPrivileges=yes
ProtectSystem=strict
ReadWritePaths=$kept
PrivateTmp=yes

[Install]
WantedBy=multi-user.target
UNIT
[ -n "$root" ] || id dco-stream >/dev/null 2>&1 || useradd --system --home-dir "$kept" --shell /sbin/nologin dco-stream
chown -R dco-stream: "$kept"
systemctl daemon-reload
systemctl enable --now dco-stream.service
say "The stream runs."
