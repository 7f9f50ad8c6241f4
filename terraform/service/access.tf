# Two roles: the execution role starts a task (image, log, secrets), the task role is what the code may do.

locals {
  assume = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
    }]
  })

  # A secret's address may end in :key:stage:version; what is read is the secret itself.
  sources    = distinct([for source in values(var.secrets) : join(":", slice(split(":", source), 0, min(7, length(split(":", source)))))])
  secrets    = [for source in local.sources : source if strcontains(source, ":secretsmanager:")]
  parameters = [for source in local.sources : source if strcontains(source, ":ssm:")]

  execution_statements = concat(
    [
      {
        Sid      = "LogIn"
        Effect   = "Allow"
        Action   = ["ecr:GetAuthorizationToken"]
        Resource = ["*"]
      },
      {
        Sid      = "PullImage"
        Effect   = "Allow"
        Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        Resource = [var.repository_arn]
      },
      {
        Sid      = "WriteLog"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.this.arn}:*"]
      },
    ],
    [for arns in [local.secrets] : {
      Sid      = "ReadSecrets"
      Effect   = "Allow"
      Action   = ["secretsmanager:GetSecretValue"]
      Resource = arns
    } if length(arns) > 0],
    [for arns in [local.parameters] : {
      Sid      = "ReadParameters"
      Effect   = "Allow"
      Action   = ["ssm:GetParameters"]
      Resource = arns
    } if length(arns) > 0],
  )
}

resource "aws_iam_role" "execution" {
  name               = "${local.family}-execution"
  description        = "Starts tasks of ${local.family}"
  assume_role_policy = local.assume

  tags = var.tags
}

resource "aws_iam_role_policy" "execution" {
  name   = "start"
  role   = aws_iam_role.execution.name
  policy = jsonencode({ Version = "2012-10-17", Statement = local.execution_statements })
}

resource "aws_iam_role" "task" {
  name               = "${local.family}-task"
  description        = "What the code of ${local.family} may do"
  assume_role_policy = local.assume

  tags = var.tags
}

resource "aws_iam_role_policy" "task" {
  count = var.task_policy == null ? 0 : 1

  name   = "task"
  role   = aws_iam_role.task.name
  policy = var.task_policy
}
