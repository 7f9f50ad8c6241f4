# What the stream may do: its part of the bucket, the databases' parameters and secrets, and Session Manager.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  parameters = "arn:${data.aws_partition.current.partition}:ssm:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:parameter"
  secrets    = flatten([for one in var.databases : [one.secret_arn, one.plugin_secret_arn]])
}

resource "aws_iam_role" "this" {
  name        = "${var.name}-stream"
  description = "Keeps and carries the databases' logs"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ec2.amazonaws.com" }
    }]
  })

  tags = local.tags
}

resource "aws_iam_role_policy" "this" {
  name = "stream"
  role = aws_iam_role.this.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # Deleting leaves a version behind; which versions go, and when, is the bucket's own rule.
        Sid      = "Keep"
        Effect   = "Allow"
        Action   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
        Resource = "${aws_s3_bucket.this.arn}/${var.prefix}*"
      },
      {
        # IfExists: with it, S3 also says of an object that is not there that it is not there, and not 403.
        Sid       = "LookAtKept"
        Effect    = "Allow"
        Action    = "s3:ListBucket"
        Resource  = aws_s3_bucket.this.arn
        Condition = { StringLikeIfExists = { "s3:prefix" = "${var.prefix}*" } }
      },
      {
        Sid      = "ReadParameters"
        Effect   = "Allow"
        Action   = "ssm:GetParameter"
        Resource = [for name in concat([var.configuration_parameter], [for one in var.databases : one.servers_parameter]) : "${local.parameters}${name}"]
      },
      {
        Sid      = "ReadSecrets"
        Effect   = "Allow"
        Action   = "secretsmanager:GetSecretValue"
        Resource = local.secrets
      },
      {
        # What SSM's agent needs to be reached, and no more: the managed policy also reads every parameter.
        Sid    = "SessionManager"
        Effect = "Allow"
        Action = [
          "ec2messages:AcknowledgeMessage",
          "ec2messages:DeleteMessage",
          "ec2messages:FailMessage",
          "ec2messages:GetEndpoint",
          "ec2messages:GetMessages",
          "ec2messages:SendReply",
          "ssm:ListInstanceAssociations",
          "ssm:UpdateInstanceAssociationStatus",
          "ssm:UpdateInstanceInformation",
          "ssmmessages:CreateControlChannel",
          "ssmmessages:CreateDataChannel",
          "ssmmessages:OpenControlChannel",
          "ssmmessages:OpenDataChannel",
        ]
        Resource = "*"
      },
    ]
  })
}

resource "aws_iam_instance_profile" "this" {
  name = "${var.name}-stream"
  role = aws_iam_role.this.name

  tags = local.tags
}
