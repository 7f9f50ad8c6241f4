"""Which attributes make Terraform's AWS provider replace a resource that holds data, where that is plain."""

import fnmatch

from dco.detect.hcl.syntax import Block

UNSEEN = frozenset({
    "connection", "count", "depends_on", "for_each", "provisioner", "timeouts", "user_data_replace_on_change",
})  # fmt: skip
"""What is looked at elsewhere, or does nothing to what is there already."""
HARMLESS = frozenset({"description", "iam_instance_profile", "monitoring", "tags", "tags_all", "volume_tags"})
"""What changes in place, always."""
_ALWAYS = frozenset({
    "availability_zone", "availability_zones", "bucket", "bucket_prefix", "cluster_identifier", "engine", "identifier",
    "identifier_prefix", "name", "name_prefix", "provider", "snapshot_id", "snapshot_identifier",
})  # fmt: skip
_FORCING = {
    "aws_instance": {
        "ami", "associate_public_ip_address", "cpu_core_count", "hibernation", "host_id", "key_name", "placement_group",
        "private_ip", "security_groups", "subnet_id", "tenancy",
    },
    "aws_db_instance": {"character_set_name", "db_name", "kms_key_id", "storage_encrypted", "timezone", "username"},
    "aws_rds_cluster": {"database_name", "kms_key_id", "master_username", "storage_encrypted"},
    "aws_dynamodb_table": {"hash_key", "range_key"},
    "aws_ebs_volume": {"encrypted", "kms_key_id", "outpost_arn"},
    "aws_efs_file_system": {"availability_zone_name", "creation_token", "encrypted", "kms_key_id", "performance_mode"},
    "aws_elasticache_*": {"at_rest_encryption_enabled", "cluster_id", "replication_group_id", "subnet_group_name"},
    "aws_kms_key": {"customer_master_key_spec", "key_usage", "multi_region"},
    "aws_opensearch_domain": {"domain_name"},
    "aws_s3_bucket": {"object_lock_enabled"},
    "aws_sqs_queue": {"fifo_queue"},
    "aws_volume_attachment": {"device_name", "instance_id", "volume_id"},
}  # fmt: skip
"""Type → attributes, beside those that force it everywhere."""


def forces(kind: str, name: str, block: Block) -> bool:
    """Tell whether another value of an attribute replaces a resource."""
    if name in {"user_data", "user_data_base64"}:
        wish = block.attributes.get("user_data_replace_on_change")
        return kind == "aws_instance" and wish is not None and wish.text == "true"
    return name in _ALWAYS or any(name in names for each, names in _FORCING.items() if fnmatch.fnmatchcase(kind, each))
