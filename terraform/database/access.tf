# What an instance may do: read its own slot and its own secrets, and be reached through Session Manager.

data "aws_region" "current" {}

resource "aws_iam_role" "this" {
  name        = local.name
  description = "The ${var.database} database's instances"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ec2.amazonaws.com" }
    }]
  })

  tags = merge(local.tags, { Name = local.name })
}

resource "aws_iam_role_policy" "boot" {
  name = "boot"
  role = aws_iam_role.this.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # By name, not by resource: the policy is there before the first instance, the second parameter is not.
        Sid      = "ReadOwnSlot"
        Effect   = "Allow"
        Action   = "ssm:GetParameter"
        Resource = [for name in [var.slot_parameter, var.servers_parameter] : replace(data.aws_ssm_parameter.slot.arn, var.slot_parameter, name)]
      },
      {
        Sid      = "ReadOwnSecret"
        Effect   = "Allow"
        Action   = "secretsmanager:GetSecretValue"
        Resource = var.plugin_secret_arn == null ? [var.secret_arn] : [var.secret_arn, var.plugin_secret_arn]
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
  name = local.name
  role = aws_iam_role.this.name

  tags = merge(local.tags, { Name = local.name })
}
