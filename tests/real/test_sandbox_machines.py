"""An EC2 instance runs its user data in a directory of its own and becomes what that makes of it."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, LiteralString, cast

import boto3
import neo4j
import psutil
import pytest
from botocore.exceptions import ClientError

from dco_sandbox import world as worlds
from dco_sandbox.machines.catalogue import FIRST, image_id
from dco_sandbox.server import processes_of

IMAGE = image_id(FIRST[-1][0])
PASSWORD = "a-password-of-the-test"
DAEMON = """
import sys
from pathlib import Path
from dco_sandbox.server import named_layers, prepare_environment, serve
from dco_sandbox.world import load
world = load(Path(sys.argv[1]))
prepare_environment(world)
names = ("dco_sandbox.images.layer.ImageLayer", "dco_sandbox.machines.layer.MachineLayer")
serve(world, named_layers(names), validate=True)
"""
BOOT = """\
#!/bin/sh
set -eu
root=${DCO_ROOT:-}
slot=$(aws ssm get-parameter --name /test/slot --query Parameter.Value --output text)
secret=$(aws secretsmanager get-secret-value --secret-id test --query SecretString --output text)
field() { echo "$1" | sed -n "s/.*\\"$2\\": *\\"\\([^\\"]*\\)\\".*/\\1/p"; }
version=$(field "$slot" version)
neo4j=$root/opt/neo4j/$version
data=$root/var/lib/neo4j
mkdir -p "$root/etc/neo4j" "$data"
address=$(hostname -I | cut -d' ' -f1)
cat >"$root/etc/neo4j/neo4j.conf" <<CONF
server.default_listen_address=$address
server.default_advertised_address=$address
server.directories.data=$data/data
server.directories.logs=$data/logs
server.directories.run=$data/run
server.memory.heap.initial_size=256m
server.memory.heap.max_size=256m
server.memory.pagecache.size=64m
server.jvm.additional=-XX:+UseSerialGC
server.http.enabled=false
dbms.usage_report.enabled=false
internal.dbms.bolt.netty_server_shutdown_quiet_period=0
db.tx_log.preallocate=false
CONF
export NEO4J_HOME=$data NEO4J_CONF=$root/etc/neo4j
[ -e "$data/data/dbms/auth.ini" ] || "$neo4j/bin/neo4j-admin" dbms set-initial-password "$(field "$secret" password)"
cat >"$root/etc/systemd/system/neo4j.service" <<UNIT
[Service]
Environment=NEO4J_HOME=$data "NEO4J_CONF=$root/etc/neo4j"
ExecStart=$neo4j/bin/neo4j console
Restart=on-failure
UNIT
systemctl daemon-reload
systemctl enable --now neo4j
echo "booted at $address"
"""


class Sandbox:
    """A daemon with this test's two layers only."""

    def __init__(self, directory: Path) -> None:
        self.world = worlds.create(directory)
        self.log = (directory / "daemon.log").open("w")
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-c", DAEMON, str(self.world.directory)]
        self.daemon = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        until(lambda: self.client("ec2").describe_vpcs()["Vpcs"] is not None, 30)

    def kill(self) -> None:
        self.daemon.send_signal(signal.SIGKILL)
        self.daemon.wait()

    def client(self, service: str) -> Any:
        session: Any = boto3.Session("test", "test", region_name=self.world.region)
        return session.client(service, endpoint_url=self.world.endpoint)

    def root(self, instance_id: str) -> Path:
        return self.world.sandbox / "machines" / instance_id

    def run(self, subnet: str, script: str, **more: Any) -> str:
        ec2 = self.client("ec2")
        begun = ec2.run_instances(
            ImageId=IMAGE,
            MinCount=1,
            MaxCount=1,
            InstanceType="t3.small",
            SubnetId=subnet,
            UserData=script,
            **more,
        )["Instances"][0]
        assert begun["State"]["Name"] == "pending"
        return begun["InstanceId"]

    def instance(self, instance_id: str) -> Any:
        found = self.client("ec2").describe_instances(InstanceIds=[instance_id])
        return found["Reservations"][0]["Instances"][0]

    def reaches(self, instance_id: str, state: str, seconds: float = 90) -> None:
        until(lambda: self.instance(instance_id)["State"]["Name"] == state, seconds)

    def shell(self, instance_id: str, *commands: str, timeout: str = "30") -> Any:
        ssm = self.client("ssm")
        sent = ssm.send_command(
            DocumentName="AWS-RunShellScript",
            InstanceIds=[instance_id],
            Parameters={"commands": list(commands), "executionTimeout": [timeout]},
        )["Command"]
        asked = {"CommandId": sent["CommandId"], "InstanceId": instance_id}
        until(lambda: ssm.get_command_invocation(**asked)["Status"] not in {"Pending", "InProgress"}, 30)
        return ssm.get_command_invocation(**asked)


def until(holds: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + 3 * seconds  # that long on a machine of its own; here others work, too
    while True:
        try:
            if holds():
                return
        except (OSError, neo4j.exceptions.DriverError, neo4j.exceptions.Neo4jError):
            pass
        except Exception as error:
            if "Could not connect" not in str(error):
                raise
        assert time.monotonic() < end, "it did not come to that in time"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    made = Sandbox(tmp_path_factory.mktemp("machines") / "world")
    yield made
    made.kill()
    made.log.close()
    processes_of(made.world).stop_all()
    violations = made.world.sandbox / "violations.jsonl"
    worlds.forget(made.world)
    assert not violations.exists() or not violations.read_text()


@pytest.fixture(scope="module")
def subnet(sandbox: Sandbox) -> str:
    ec2 = sandbox.client("ec2")
    number = sandbox.world.number
    vpc = ec2.create_vpc(CidrBlock=f"127.{number}.0.0/16")["Vpc"]["VpcId"]
    cidr = f"127.{number}.20.0/24"
    return ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone="eu-central-1a")["Subnet"]["SubnetId"]


@pytest.fixture(scope="module")
def profile(sandbox: Sandbox) -> str:
    iam = sandbox.client("iam")
    trust = {
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}]
    }
    iam.create_role(RoleName="database", AssumeRolePolicyDocument=json.dumps(trust))
    iam.create_instance_profile(InstanceProfileName="database")
    iam.add_role_to_instance_profile(InstanceProfileName="database", RoleName="database")
    slot = {"image": IMAGE, "version": "5.26.30", "colour": "blue"}
    sandbox.client("ssm").put_parameter(Name="/test/slot", Type="String", Value=json.dumps(slot))
    secret = {"username": "neo4j", "password": PASSWORD}
    sandbox.client("secretsmanager").create_secret(Name="test", SecretString=json.dumps(secret))
    return "database"


@pytest.fixture(scope="module")
def machine(sandbox: Sandbox, subnet: str) -> str:
    script = "#!/bin/sh\necho first >>$DCO_ROOT/boots\n"
    made = sandbox.run(subnet, script)
    until((sandbox.root(made) / "var/lib/cloud/instance/sem-user-data").exists, 20)
    return made


def query(address: str, cypher: str, **parameters: Any) -> list[Any]:
    # A server that isn't there is told at once, and not tried for half a minute.
    patience = {"max_transaction_retry_time": 0.0, "connection_timeout": 5.0}
    with neo4j.GraphDatabase.driver(f"bolt://{address}:7687", auth=("neo4j", PASSWORD), **patience) as driver:
        return driver.execute_query(neo4j.Query(cast("LiteralString", cypher)), parameters).records


def test_an_instance_becomes_a_neo4j_that_keeps_its_data(sandbox: Sandbox, subnet: str, profile: str) -> None:
    ec2 = sandbox.client("ec2")
    disk = {"DeviceName": "/dev/xvdf", "Ebs": {"VolumeSize": 20, "VolumeType": "gp3", "DeleteOnTermination": False}}
    made = sandbox.run(subnet, BOOT, IamInstanceProfile={"Name": profile}, BlockDeviceMappings=[disk])
    address = sandbox.instance(made)["PrivateIpAddress"]
    assert address.startswith(f"127.{sandbox.world.number}.20.")
    log = sandbox.root(made) / "var/log/cloud-init-output.log"
    until(lambda: bool(query(address, "CREATE (:Kept) RETURN 1")), 60)
    assert f"booted at {address}" in log.read_text()

    neo4j_process = processes_of(sandbox.world).find(f"machine-{made}-neo4j")
    assert neo4j_process
    os.kill(neo4j_process.pid, signal.SIGKILL)
    until(lambda: query(address, "MATCH (n:Kept) RETURN count(n)")[0][0] == 1, 60)

    ec2.stop_instances(InstanceIds=[made])
    sandbox.reaches(made, "stopped")
    assert not psutil.pid_exists(neo4j_process.pid)
    with pytest.raises(neo4j.exceptions.ServiceUnavailable):
        query(address, "RETURN 1")
    ec2.start_instances(InstanceIds=[made])
    until(lambda: query(address, "MATCH (n:Kept) RETURN count(n)")[0][0] == 1, 60)
    assert sandbox.instance(made)["PrivateIpAddress"] == address
    assert log.read_text().count("booted at") == 1

    volume = next(m for m in sandbox.instance(made)["BlockDeviceMappings"] if m["DeviceName"] == "/dev/xvdf")
    ec2.terminate_instances(InstanceIds=[made])
    sandbox.reaches(made, "terminated")
    kept = sandbox.world.sandbox / "volumes" / volume["Ebs"]["VolumeId"]
    assert (kept / "data/databases").is_dir()
    assert not sandbox.root(made).exists()
    ec2.delete_volume(VolumeId=volume["Ebs"]["VolumeId"])
    assert not kept.exists()


def test_unknown_and_deregistered_images_are_refused(sandbox: Sandbox, subnet: str) -> None:
    ec2 = sandbox.client("ec2")
    gone = ec2.register_image(Name="neo4j-community-5.26.30-2026.12.01")["ImageId"]
    ec2.deregister_image(ImageId=gone)
    for identifier in ("ami-00000000000000000", gone):
        with pytest.raises(ClientError, match=r"InvalidAMIID\.NotFound"):
            ec2.run_instances(ImageId=identifier, MinCount=1, MaxCount=1, SubnetId=subnet)


def test_an_image_whose_neo4j_is_not_set_up_says_what_to_do(sandbox: Sandbox, subnet: str) -> None:
    ec2 = sandbox.client("ec2")
    image = ec2.register_image(Name="neo4j-community-9.9.9-2026.12.01")["ImageId"]
    with pytest.raises(ClientError, match=r"Unsupported.*Neo4j 9\.9\.9 is not in .* Run `DCO_NEO4J=all make setup`"):
        ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, SubnetId=subnet)


def test_the_catalogue_tells_names_owners_and_times(sandbox: Sandbox) -> None:
    ec2 = sandbox.client("ec2")
    wanted = [{"Name": "name", "Values": ["neo4j-community-5.26.*"]}]
    found = ec2.describe_images(Owners=["aws-marketplace"], Filters=wanted)["Images"]
    assert {image["Name"]: image["CreationDate"] for image in found} == dict(FIRST)
    assert {image["DeprecationTime"] for image in found} == {"2028-10-01T06:00:00.000Z", "2028-11-01T06:00:00.000Z"}
    mine = ec2.register_image(Name="neo4j-community-5.26.30-2027.01.01")["ImageId"]
    ec2.enable_image_deprecation(ImageId=mine, DeprecateAt="2031-02-03T04:05:06Z")
    assert ec2.describe_images(ImageIds=[mine])["Images"][0]["DeprecationTime"] == "2031-02-03T04:05:00.000Z"


def test_a_repeated_call_with_its_token_begins_one_instance(sandbox: Sandbox, subnet: str) -> None:
    ec2 = sandbox.client("ec2")
    request = {"ImageId": IMAGE, "MinCount": 1, "MaxCount": 1, "SubnetId": subnet, "ClientToken": "once"}
    first, second = ec2.run_instances(**request), ec2.run_instances(**request)
    assert first["Instances"][0]["InstanceId"] == second["Instances"][0]["InstanceId"]
    ec2.terminate_instances(InstanceIds=[first["Instances"][0]["InstanceId"]])
    with pytest.raises(ClientError, match="IncorrectInstanceState"):
        ec2.start_instances(InstanceIds=[first["Instances"][0]["InstanceId"]])


def test_run_command_runs_in_the_machine(sandbox: Sandbox, machine: str) -> None:
    address = sandbox.instance(machine)["PrivateIpAddress"]
    told = sandbox.shell(machine, "pwd", "hostname -I", "echo oh >&2")
    assert (told["Status"], told["ResponseCode"]) == ("Success", 0)
    assert told["StandardOutputContent"] == f"{sandbox.root(machine)}\n{address}\n"
    assert told["StandardErrorContent"] == "oh\n"
    failed = sandbox.shell(machine, "exit 3")
    assert (failed["Status"], failed["ResponseCode"]) == ("Failed", 3)
    assert sandbox.shell(machine, "sleep 60", timeout="1")["Status"] == "TimedOut"
    ssm = sandbox.client("ssm")
    listed = ssm.describe_instance_information(Filters=[{"Key": "InstanceIds", "Values": [machine]}])
    assert [told["PingStatus"] for told in listed["InstanceInformationList"]] == ["Online"]
    with pytest.raises(ClientError, match="InvalidInstanceId"):
        ssm.send_command(DocumentName="AWS-RunShellScript", InstanceIds=["i-0000"], Parameters={"commands": ["ls"]})


def test_run_command_runs_on_the_machines_that_are_named_alone(sandbox: Sandbox, subnet: str, machine: str) -> None:
    other = sandbox.run(subnet, "#!/bin/sh\n")
    sandbox.reaches(other, "running")
    assert sandbox.shell(machine, "touch $DCO_ROOT/named")["Status"] == "Success"
    (listed,) = sandbox.client("ssm").list_commands(InstanceId=machine)["Commands"][-1:]
    assert listed["InstanceIds"] == [machine]
    assert (sandbox.root(machine) / "named").exists()
    assert not (sandbox.root(other) / "named").exists()


UNIT = """
    [Service]
    ExecStart=/bin/sh -c 'echo $WORD >>$DCO_ROOT/said; exec sleep 600'
    Environment="WORD=two words"
    Restart=on-failure
"""


def test_units_follow_systemctl(sandbox: Sandbox, machine: str) -> None:
    root = sandbox.root(machine)
    (root / "etc/systemd/system/talker.service").write_text(textwrap.dedent(UNIT))
    told = sandbox.shell(machine, "systemctl is-active talker; systemctl start talker && systemctl is-active talker")
    assert told["StandardOutputContent"].split() == ["inactive", "active"]
    assert (root / "said").read_text() == "two words\n"
    assert sandbox.shell(machine, "systemctl enable nothing")["ResponseCode"] == 1
    told = sandbox.shell(machine, "systemctl restart talker", "systemctl stop talker", "systemctl is-active talker")
    assert (told["StandardOutputContent"], told["ResponseCode"]) == ("inactive\n", 3)
    assert (root / "said").read_text().count("\n") == 2
    (root / "etc/systemd/system/failing.service").write_text("[Service]\nExecStart=false\nRestart=always\n")
    sandbox.shell(machine, "systemctl start failing")
    until(lambda: sandbox.shell(machine, "systemctl is-failed failing")["ResponseCode"] == 0, 20)


def test_enabled_units_start_again_and_user_data_does_not(sandbox: Sandbox, machine: str) -> None:
    root = sandbox.root(machine)
    unit = "[Service]\nExecStart=sleep 600\nRestart=on-failure\n"
    (root / "etc/systemd/system/sleeper.service").write_text(unit)
    sandbox.shell(machine, "systemctl enable --now sleeper")
    processes = processes_of(sandbox.world)
    name = f"machine-{machine}-sleeper"
    first = processes.find(name)
    assert first
    sandbox.client("ec2").reboot_instances(InstanceIds=[machine])
    until(lambda: processes.find(name) not in {None, first}, 20)
    second = processes.find(name)

    sandbox.kill()
    sandbox.start()
    time.sleep(1)
    assert processes.find(name) == second

    sandbox.kill()
    assert second
    second.stop(0)
    sandbox.start()
    until(lambda: processes.find(name) not in {None, second}, 20)
    assert (root / "boots").read_text() == "first\n"


def test_a_failed_host_is_told_until_the_machine_moves(sandbox: Sandbox, subnet: str) -> None:
    ec2 = sandbox.client("ec2")
    made = sandbox.run(subnet, "#!/bin/sh\nexec sleep 600\n")
    sandbox.reaches(made, "running")
    asked = {"InstanceIds": [made]}

    def check() -> str:
        return ec2.describe_instance_status(**asked)["InstanceStatuses"][0]["InstanceStatus"]["Status"]

    assert check() == "ok"
    (sandbox.world.sandbox / "machines" / f"{made}.host-failed").touch()
    until(lambda: check() == "impaired", 10)
    assert not processes_of(sandbox.world).find(f"machine-{made}-boot")
    ec2.stop_instances(**asked)
    sandbox.reaches(made, "stopped")
    ec2.start_instances(**asked)
    sandbox.reaches(made, "running")
    assert check() == "ok"
    ec2.terminate_instances(**asked)
    sandbox.reaches(made, "terminated")


def test_volumes_are_copied_by_snapshots_and_move_between_machines(sandbox: Sandbox, subnet: str) -> None:
    ec2 = sandbox.client("ec2")
    place = "$DCO_ROOT/var/lib/neo4j"
    wait = f"#!/bin/sh\nwhile ! mountpoint -q {place}; do sleep 0.1; done\necho kept >{place}/file\n"
    made = sandbox.run(subnet, wait)
    sandbox.reaches(made, "running")
    volume = ec2.create_volume(AvailabilityZone="eu-central-1a", Size=10)["VolumeId"]
    ec2.attach_volume(VolumeId=volume, InstanceId=made, Device="/dev/sdf")
    place = sandbox.world.sandbox / "volumes" / volume
    until((place / "file").exists, 10)
    snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    copy = ec2.create_volume(AvailabilityZone="eu-central-1a", SnapshotId=snapshot)["VolumeId"]
    assert (sandbox.world.sandbox / "volumes" / copy / "file").read_text() == "kept\n"
    ec2.detach_volume(VolumeId=volume)
    until(lambda: not (sandbox.root(made) / "var/lib/neo4j").is_symlink(), 10)
    ec2.attach_volume(VolumeId=copy, InstanceId=made, Device="/dev/sdg")
    until((sandbox.root(made) / "var/lib/neo4j/file").exists, 10)
    ec2.terminate_instances(InstanceIds=[made])
    sandbox.reaches(made, "terminated")
    assert place.exists()
