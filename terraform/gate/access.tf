# What a gate may do: the decision record, its configuration and its key, and Session Manager. Not to go past itself:
# whoever runs dco-gate bypass --execute does that with a role of their own.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  own     = "${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}"
  decided = "arn:${data.aws_partition.current.partition}:s3:::${var.record_bucket}"
}

resource "aws_iam_role" "this" {
  name        = "${var.name}-gate"
  description = "Stands between clients and databases"

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
  name = "gate"
  role = aws_iam_role.this.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # A decision is put with If-None-Match: nobody writes a second one under the same switch.
        Sid      = "ReadAndPropose"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject"]
        Resource = "${local.decided}/switches/*"
      },
      {
        # IfExists: with it, S3 also says of a decision that is not there yet that it is not there, and not 403.
        Sid       = "FindNewest"
        Effect    = "Allow"
        Action    = "s3:ListBucket"
        Resource  = local.decided
        Condition = { StringLikeIfExists = { "s3:prefix" = "switches/*" } }
      },
      {
        Sid      = "ReadConfiguration"
        Effect   = "Allow"
        Action   = "ssm:GetParameter"
        Resource = "arn:${data.aws_partition.current.partition}:ssm:${local.own}:parameter${var.configuration_parameter}"
      },
      {
        Sid      = "ReadKey"
        Effect   = "Allow"
        Action   = "secretsmanager:GetSecretValue"
        Resource = var.key_secret_arn
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
  name = "${var.name}-gate"
  role = aws_iam_role.this.name

  tags = local.tags
}
