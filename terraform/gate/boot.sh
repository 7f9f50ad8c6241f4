#!/bin/bash
# Boots a gate's instance: run as root at its first boot. It may run again at any time and then changes nothing.
# Terraform renders it (templatefile), so braces after a dollar sign are Terraform's unless doubled.
# DCO_ROOT puts every absolute path under another root.
set -euo pipefail
umask 022

root=$${DCO_ROOT:-}
kept=$root/var/lib/dco-gate
program=$root/opt/dco/bin/dco-gate
configure=$root/usr/local/bin/dco-gate-configure
address=$${DCO_ADDRESS:-$(hostname -I | cut -d' ' -f1)}

say() { echo "boot: $*"; }
fail() { say "$*" >&2; exit 1; }

# Runs a command until it succeeds, for so many seconds; what it complains of is told when it never does.
patiently() {
    local seconds=$1 end said
    shift
    end=$(( $(date +%s) + seconds ))
    until said=$("$@" 2>&1); do
        [ "$(date +%s)" -lt "$end" ] || { say "Gave up after $seconds s: $said" >&2; return 1; }
        sleep 1
    done
    printf '%s' "$said"
}

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

answers() { (exec 3<>"/dev/tcp/$address/${control_port}") || { echo "nothing answers on $address:${control_port}" >&2; return 1; }; }

[ -x "$program" ] || fail "The image has no /opt/dco/bin/dco-gate."
mkdir -p "$kept" "$root/usr/local/bin"
chmod 0700 "$kept"
[ -n "$root" ] || id dco-gate >/dev/null 2>&1 || useradd --system --home-dir "$kept" --shell /sbin/nologin dco-gate

# A program of its own, so that a gate that was killed is there again at once and needs nobody for it.
put "$configure" 0755 <<CONFIGURE
#!/bin/bash
# Takes the gate's configuration and key as they are said now, and restarts the gate if one is another than before.
# Run as root, on one gate after the other. What the gate can't read changes nothing.
set -euo pipefail
umask 077
fresh=\$(mktemp -d "$kept/fresh.XXXXXX")
trap 'rm -rf "\$fresh"' EXIT
aws secretsmanager get-secret-value --region '${region}' --secret-id '${key_secret_id}' \\
    --query SecretString --output text >"\$fresh/secret" &
aws ssm get-parameter --region '${region}' --name '${configuration_parameter}' \\
    --query Parameter.Value --output text | sed 's/@address@/$address/g' >"\$fresh/gate.toml"
wait \$!
python3 -c 'import json, sys; print(json.load(sys.stdin)["key"])' <"\$fresh/secret" >"\$fresh/gate.key"
"$program" --config "\$fresh/gate.toml" check
changed=
for file in gate.toml gate.key; do
    cmp -s "\$fresh/\$file" "$kept/\$file" || changed="\$changed \$file"
done
[ -n "\$changed" ] || { echo "The gate has this configuration already."; exit 0; }
for file in \$changed; do
    mv "\$fresh/\$file" "$kept/\$file"
done
chown -R dco-gate: "$kept"
echo "Took\$changed."
if systemctl is-active --quiet dco-gate.service; then
    systemctl restart dco-gate.service
    echo "Restarted the gate."
fi
CONFIGURE
say "$(patiently 600 "$configure")"
put "$root/etc/systemd/system/dco-gate.service" 0644 <<UNIT
[Unit]
Description=Stands between clients and databases
After=network-online.target
Wants=network-online.target
StartLimitIntervalSec=0

[Service]
User=dco-gate
ExecStart=$program --config $kept/gate.toml serve
Restart=always
RestartSec=100ms
TimeoutStopSec=${stop_seconds}
LimitNOFILE=200000
NoNewPrivileges=yes
ProtectSystem=strict
ReadWritePaths=$kept
PrivateTmp=yes

[Install]
WantedBy=multi-user.target
UNIT
chown -R dco-gate: "$kept"
systemctl daemon-reload
systemctl enable --now dco-gate.service
patiently 60 answers || fail "The gate was started but takes no orders on $address:${control_port}."
say "The gate takes orders on $address:${control_port}."
