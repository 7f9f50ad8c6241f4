"""Data about the account and about what others own: caller, region, partition, zones, secrets, images."""

from dco_sandbox.provider.aws import Aws
from dco_sandbox.provider.kind import Lookup, unpaired
from dco_sandbox.provider.schema import TEXT_MAP, TEXTS, computed, either, optional, required
from dco_sandbox.provider.wire import Values


class CallerIdentity(Lookup):
    """Who asks."""

    name = "aws_caller_identity"
    attributes = (computed("id"), computed("account_id"), computed("arn"), computed("user_id"))

    def read(self, aws: Aws, asked: Values) -> Values:  # noqa: ARG002 - the seam's shape
        """Ask STS."""
        me = aws("sts").get_caller_identity()
        return {
            "id": me["Account"],
            "account_id": me["Account"],
            "arn": me["Arn"],
            "user_id": me["UserId"],
        }


class Region(Lookup):
    """Where."""

    name = "aws_region"
    attributes = (computed("id"), either("name"), computed("description"))

    def read(self, aws: Aws, asked: Values) -> Values:  # noqa: ARG002
        """Give the region that clients were made for; nothing is asked."""
        region = aws("sts").meta.region_name
        return {"id": region, "name": region, "description": region}


class Partition(Lookup):
    """In which of the AWS partitions."""

    name = "aws_partition"
    attributes = (computed("id"), computed("partition"), computed("dns_suffix"))

    def read(self, aws: Aws, asked: Values) -> Values:  # noqa: ARG002
        """Give the client's partition; nothing is asked."""
        partition = aws("sts").meta.partition
        return {"id": partition, "partition": partition, "dns_suffix": "amazonaws.com"}


class AvailabilityZones(Lookup):
    """The region's zones."""

    name = "aws_availability_zones"
    attributes = (computed("id"), optional("state"), computed("names", TEXTS), computed("zone_ids", TEXTS))

    def read(self, aws: Aws, asked: Values) -> Values:
        """Ask EC2."""
        filters = [{"Name": "state", "Values": [asked["state"]]}] if asked["state"] else []
        found = aws("ec2").describe_availability_zones(Filters=filters)["AvailabilityZones"]
        zones = sorted(found, key=lambda zone: zone["ZoneName"])
        return {
            "id": aws("ec2").meta.region_name,
            "names": [zone["ZoneName"] for zone in zones],
            "zone_ids": [zone["ZoneId"] for zone in zones],
        }


class Secret(Lookup):
    """A secret's address; its value is never read here."""

    name = "aws_secretsmanager_secret"
    attributes = (
        computed("id"),
        either("arn"),
        either("name"),
        computed("description"),
        computed("kms_key_id"),
        computed("tags", TEXT_MAP),
    )

    def read(self, aws: Aws, asked: Values) -> Values:
        """Describe the secret."""
        found = aws("secretsmanager").describe_secret(SecretId=asked["arn"] or asked["name"])
        return {
            "id": found["ARN"],
            "arn": found["ARN"],
            "name": found["Name"],
            "description": found.get("Description", ""),
            "kms_key_id": found.get("KmsKeyId", ""),
            "tags": unpaired(found.get("Tags")),
        }


class Repository(Lookup):
    """Where images are."""

    name = "aws_ecr_repository"
    attributes = (
        computed("id"),
        computed("arn"),
        required("name"),
        computed("registry_id"),
        computed("repository_url"),
    )

    def read(self, aws: Aws, asked: Values) -> Values:
        """Describe the repository."""
        found = aws("ecr").describe_repositories(repositoryNames=[asked["name"]])["repositories"][0]
        return {
            "id": found["repositoryName"],
            "arn": found["repositoryArn"],
            "registry_id": found["registryId"],
            "repository_url": found["repositoryUri"],
        }


LOOKUPS = (CallerIdentity, Region, Partition, AvailabilityZones, Secret, Repository)
