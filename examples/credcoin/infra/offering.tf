# The nightly job: the same image as the API with another command, started by dco as a task of its own.

data "aws_ssm_parameter" "image" {
  name = "${local.prefix}/api/image"
}

locals {
  assume_by_tasks = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
    }]
  })

  report_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "WriteReports"
      Effect   = "Allow"
      Action   = "s3:PutObject"
      Resource = "${aws_s3_bucket.reports.arn}/*"
    }]
  })
}

resource "aws_cloudwatch_log_group" "offering" {
  name              = "${local.prefix}/offering"
  retention_in_days = var.log_retention_days
}

resource "aws_ecs_task_definition" "offering" {
  family                   = "${local.name}-offering"
  cpu                      = "256"
  memory                   = "512"
  network_mode             = "awsvpc"
  requires_compatibilities = ["FARGATE"]
  execution_role_arn       = aws_iam_role.offering_execution.arn
  task_role_arn            = aws_iam_role.offering.arn
  track_latest             = true
  skip_destroy             = true

  container_definitions = jsonencode([{
    name        = "offering"
    image       = data.aws_ssm_parameter.image.insecure_value
    essential   = true
    command     = ["python", "-m", "offering"]
    environment = [{ name = "REPORT_BUCKET", value = aws_s3_bucket.reports.id }]
    secrets     = [for name in sort(keys(local.database_environment)) : { name = name, valueFrom = local.database_environment[name] }]

    logConfiguration = {
      logDriver = "awslogs"
      options = {
        "awslogs-group"         = aws_cloudwatch_log_group.offering.name
        "awslogs-region"        = var.region
        "awslogs-stream-prefix" = "offering"
      }
    }
  }])
}

resource "aws_iam_role" "offering_execution" {
  name               = "${local.name}-offering-execution"
  description        = "Starts the offering"
  assume_role_policy = local.assume_by_tasks
}

resource "aws_iam_role_policy" "offering_execution" {
  name = "start"
  role = aws_iam_role.offering_execution.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "LogIn"
        Effect   = "Allow"
        Action   = "ecr:GetAuthorizationToken"
        Resource = "*"
      },
      {
        Sid      = "PullImage"
        Effect   = "Allow"
        Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        Resource = data.aws_ecr_repository.this.arn
      },
      {
        Sid      = "WriteLog"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.offering.arn}:*"
      },
      {
        Sid      = "ReadSecrets"
        Effect   = "Allow"
        Action   = "secretsmanager:GetSecretValue"
        Resource = [for secret in data.aws_secretsmanager_secret.database : secret.arn]
      },
      {
        Sid      = "ReadParameters"
        Effect   = "Allow"
        Action   = "ssm:GetParameters"
        Resource = [for database in module.database : database.uri_parameter_arn]
      },
    ]
  })
}

resource "aws_iam_role" "offering" {
  name               = "${local.name}-offering"
  description        = "What the offering may do"
  assume_role_policy = local.assume_by_tasks
}

resource "aws_iam_role_policy" "offering" {
  name   = "reports"
  role   = aws_iam_role.offering.name
  policy = local.report_policy
}
