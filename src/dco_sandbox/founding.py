"""What a world has before its first `terraform apply`: people and keys, buckets, secrets, an image, slots.

Every function looks first and makes only what is missing, so that an `up` that was interrupted can go on.
"""

import configparser
import json
import secrets
from typing import TYPE_CHECKING, Any

from dco_sandbox import access
from dco_sandbox.world import World

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient
    from types_boto3_iam import IAMClient

    from dco_sandbox.images.store import Image

USERS = ("runner", "alice", "bob")
ENVIRONMENT = "production"
DATABASES = ("ledger", "search")
KEYS = (*(f"{database}-plugin" for database in DATABASES), "gate")
LINE = "neo4j-community-5.26.*"
"""The images with which databases begin; the next line is for an upgrade."""
REPOSITORY = "credcoin"
STATE_BUCKET = f"credcoin-{ENVIRONMENT}-state"


def client(world: World, service: Any) -> Any:
    """Return a client with which the world is founded."""
    return access.founder(world).client(service, endpoint_url=world.endpoint)


def found_people(world: World) -> None:
    """Make the users, a key for each, and the AWS files with a profile for each; the runner is the default."""
    if world.aws_credentials.exists():
        return
    iam: IAMClient = client(world, "iam")
    known = {user["UserName"] for user in iam.list_users()["Users"]}
    profiles, settings = configparser.ConfigParser(), configparser.ConfigParser()
    for name in USERS:
        if name not in known:
            iam.create_user(UserName=name)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        for profile in ("default", name) if name == USERS[0] else (name,):
            profiles[profile] = {
                "aws_access_key_id": key["AccessKeyId"],
                "aws_secret_access_key": key["SecretAccessKey"],
            }
            section = profile if profile == "default" else f"profile {profile}"
            settings[section] = {"region": world.region, "endpoint_url": world.endpoint, "output": "json"}
    world.aws_config.parent.mkdir(exist_ok=True)
    with world.aws_config.open("w") as file:
        settings.write(file)
    _write_private(world, profiles)


def _write_private(world: World, profiles: configparser.ConfigParser) -> None:
    """Write the credentials last and at once: their file says that this step is done."""
    new = world.aws_credentials.with_suffix(".new")
    new.touch(mode=0o600)
    with new.open("w") as file:
        profiles.write(file)
    new.replace(world.aws_credentials)


def found_state_bucket(world: World) -> None:
    """Make the versioned bucket that holds Terraform's state."""
    s3 = client(world, "s3")
    if STATE_BUCKET not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=STATE_BUCKET, CreateBucketConfiguration={"LocationConstraint": world.region})
    s3.put_bucket_versioning(Bucket=STATE_BUCKET, VersioningConfiguration={"Status": "Enabled"})


def found_secrets(world: World) -> None:
    """Make a random password and a random key of the plugin for each database, and a random key of the gates."""
    manager = client(world, "secretsmanager")
    known = {secret["Name"] for secret in manager.list_secrets()["SecretList"]}
    wanted = {f"credcoin/{ENVIRONMENT}/{name}": {"key": secrets.token_hex(32)} for name in KEYS}
    for database in DATABASES:
        login = {"username": "neo4j", "password": secrets.token_urlsafe(24)}
        wanted[f"credcoin/{ENVIRONMENT}/{database}"] = login
    for name in wanted.keys() - known:
        manager.create_secret(Name=name, SecretString=json.dumps(wanted[name]))


def build_image(world: World) -> "Image":
    """Build the sample's image from the world's repository; it takes no endpoint."""
    from dco_sandbox.images.build import build  # noqa: PLC0415 - needed by `up` alone, and slow to import

    return build(world, world.repo, world.repo / "Dockerfile")


def push_image(world: World, image: "Image") -> str:
    """Push an image to the sample's repository in ECR, made when missing, and return its reference by digest."""
    from dco_sandbox.images import registry  # noqa: PLC0415

    ecr: ECRClient = client(world, "ecr")
    names = {repository.get("repositoryName") for repository in ecr.describe_repositories()["repositories"]}
    if REPOSITORY not in names:
        ecr.create_repository(repositoryName=REPOSITORY, imageTagMutability="MUTABLE")
    return registry.reference(world, REPOSITORY, registry.push(world, ecr, REPOSITORY, "first", image))


def found_slots(world: World, image: str) -> None:
    """Say in parameters what databases, stream, gates and the service run; what is there already stays."""
    ami, version = newest_database_image(world)
    slot = json.dumps({"image": ami, "version": version, "colour": "blue"})
    wanted = {f"/credcoin/{ENVIRONMENT}/{database}/slot": slot for database in DATABASES}
    wanted[f"/credcoin/{ENVIRONMENT}/api/image"] = image
    for part in ("stream", "gate"):
        wanted[f"/credcoin/{ENVIRONMENT}/{part}/image"] = newest_image(world, f"dco-{part}-*")[0]
    ssm = client(world, "ssm")
    known = {parameter["Name"] for parameter in ssm.get_parameters(Names=list(wanted))["Parameters"]}
    for name in wanted.keys() - known:
        ssm.put_parameter(Name=name, Value=wanted[name], Type="String")


def newest_database_image(world: World, pattern: str = LINE) -> tuple[str, str]:
    """Return the id of the newest Neo4j machine image, and the version that it ships (its name tells)."""
    identifier, name = newest_image(world, pattern)
    return identifier, name.removeprefix("neo4j-community-").split("-")[0]


def newest_image(world: World, pattern: str) -> tuple[str, str]:
    """Return id and name of the newest machine image whose name fits."""
    images = client(world, "ec2").describe_images(Filters=[{"Name": "name", "Values": [pattern]}])["Images"]
    newest = max(images, key=lambda image: (image["CreationDate"], image["Name"]))
    return newest["ImageId"], newest["Name"]
