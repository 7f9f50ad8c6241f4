"""Which resources hold data, and which attributes protect it, by the types and names of Terraform's AWS provider."""

import fnmatch
from collections.abc import Mapping
from functools import lru_cache

HOLDS_DATA = (
    "aws_acmpca_certificate_authority",
    "aws_ami",
    "aws_ami_copy",
    "aws_ami_from_instance",
    "aws_backup_vault",
    "aws_cloudformation_stack",
    "aws_cloudwatch_log_group",
    "aws_codecommit_repository",
    "aws_cognito_user_pool",
    "aws_db_*",
    "aws_docdb*",
    "aws_dynamodb_*table*",
    "aws_ebs_*",
    "aws_ecr_repository",
    "aws_ecrpublic_repository",
    "aws_efs_*",
    "aws_elasticache_*",
    "aws_elasticsearch_domain",
    "aws_fsx_*",
    "aws_glacier_vault",
    "aws_instance",
    "aws_keyspaces_table",
    "aws_kinesis_stream",
    "aws_kms_*key",
    "aws_lightsail_bucket",
    "aws_lightsail_database",
    "aws_lightsail_disk",
    "aws_lightsail_instance",
    "aws_memorydb_*",
    "aws_mq_broker",
    "aws_msk_cluster",
    "aws_msk_serverless_cluster",
    "aws_neptune*",
    "aws_opensearch_domain",
    "aws_opensearchserverless_collection",
    "aws_qldb_ledger",
    "aws_rds_*",
    "aws_redshift_cluster",
    "aws_redshiftserverless_namespace",
    "aws_route53_zone",
    "aws_s3_bucket",
    "aws_s3_directory_bucket",
    "aws_s3tables_*",
    "aws_secretsmanager_secret",
    "aws_spot_instance_request",
    "aws_sqs_queue",
    "aws_timestream*",
    "aws_volume_attachment",
)
"""Types of which a resource holds data, or carries what does."""
NO_DATA = (
    "*_endpoint",
    "*_event_subscription",
    "*_option_group",
    "*_parameter_group",
    "*_policy",
    "*_role_association",
    "*_security_group",
    "*_subnet_group",
    "aws_db_proxy*",
    "aws_ebs_default_kms_key",
    "aws_ebs_encryption_by_default",
    "aws_efs_mount_target",
    "aws_elasticache_user*",
    "aws_memorydb_acl",
    "aws_memorydb_user",
    "aws_rds_certificate",
)
"""Types that look like such and hold none."""
PROTECTIONS: Mapping[str, bool | str] = {
    "block_public_acls": True,
    "block_public_policy": True,
    "deletion_protection": True,
    "deletion_protection_enabled": True,
    "disable_api_stop": True,
    "disable_api_termination": True,
    "enable_deletion_protection": True,
    "enable_key_rotation": True,
    "encrypted": True,
    "encryption_at_rest_enabled": True,
    "ignore_public_acls": True,
    "kms_encrypted": True,
    "prevent_destroy": True,
    "restrict_public_buckets": True,
    "storage_encrypted": True,
    "transit_encryption_enabled": True,
    "associate_public_ip_address": False,
    "delete_automated_backups": False,
    "delete_on_termination": False,
    "endpoint_public_access": False,
    "force_delete": False,
    "force_destroy": False,
    "map_public_ip_on_launch": False,
    "publicly_accessible": False,
    "skip_final_snapshot": False,
}
"""Attribute → the value that protects."""


@lru_cache(maxsize=4096)
def kind_holds_data(kind: str, more: tuple[str, ...] = ()) -> bool:
    """Tell whether resources of a type hold data; `more` are the types that a stack lists."""
    if any(fnmatch.fnmatchcase(kind, pattern) for pattern in more):
        return True
    listed = any(fnmatch.fnmatchcase(kind, pattern) for pattern in HOLDS_DATA)
    return listed and not any(fnmatch.fnmatchcase(kind, pattern) for pattern in NO_DATA)
