# The role that dco works with. Reading is broad, because a night looks at everything; every write is named.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.id
  own       = "${local.partition}:%s:${local.region}:${local.account}"

  cluster = reverse(split("/", var.cluster_arn))[0]

  trusted = length(var.trusted_arns) > 0 ? var.trusted_arns : ["arn:${local.partition}:iam::${local.account}:root"]

  statements = concat(
    [
      {
        Sid    = "Look"
        Effect = "Allow"
        Action = [
          "application-autoscaling:Describe*",
          "cloudtrail:LookupEvents",
          "cloudwatch:DescribeAlarms",
          "cloudwatch:GetMetricData",
          "ec2:Describe*",
          "ecr:BatchGetImage",
          "ecr:DescribeImages",
          "ecr:DescribeRepositories",
          "ecs:Describe*",
          "ecs:List*",
          "elasticloadbalancing:Describe*",
          "events:DescribeRule",
          "events:ListRuleNamesByTarget",
          "health:DescribeEvents",
          "iam:GetAccountAuthorizationDetails",
          "logs:DescribeLogGroups",
          "logs:FilterLogEvents",
          "logs:GetLogEvents",
        ]
        Resource  = ["*"]
        Condition = {}
      },
      {
        # A task definition can't be named before it is registered: what it may become is limited by PassRole.
        Sid       = "RegisterTaskDefinitions"
        Effect    = "Allow"
        Action    = ["ecs:DeregisterTaskDefinition", "ecs:RegisterTaskDefinition"]
        Resource  = ["*"]
        Condition = {}
      },
      {
        Sid       = "MarkTaskDefinitions"
        Effect    = "Allow"
        Action    = ["ecs:TagResource"]
        Resource  = ["arn:${format(local.own, "ecs")}:task-definition/*"]
        Condition = { StringEquals = { "ecs:CreateAction" = "RegisterTaskDefinition" } }
      },
      {
        Sid    = "RollServices"
        Effect = "Allow"
        Action = ["ecs:StopServiceDeployment", "ecs:StopTask", "ecs:UpdateService"]
        Resource = [
          "arn:${format(local.own, "ecs")}:service/${local.cluster}/*",
          "arn:${format(local.own, "ecs")}:service-deployment/${local.cluster}/*",
          "arn:${format(local.own, "ecs")}:task/${local.cluster}/*",
        ]
        Condition = {}
      },
      {
        Sid       = "RunTasks"
        Effect    = "Allow"
        Action    = ["ecs:RunTask"]
        Resource  = [for family in var.task_families : "arn:${format(local.own, "ecs")}:task-definition/${family}:*"]
        Condition = { ArnEquals = { "ecs:cluster" = var.cluster_arn } }
      },
      {
        Sid       = "LookAtTaskRoles"
        Effect    = "Allow"
        Action    = ["iam:GetRole"]
        Resource  = var.task_role_arns
        Condition = {}
      },
      {
        Sid       = "PassTaskRoles"
        Effect    = "Allow"
        Action    = ["iam:PassRole"]
        Resource  = var.task_role_arns
        Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
      },
      {
        # A second server of a database may begin with a snapshot of the first one's volume; only dco's own are deleted.
        Sid       = "TakeSnapshots"
        Effect    = "Allow"
        Action    = ["ec2:CreateSnapshot"]
        Resource  = ["arn:${format(local.own, "ec2")}:volume/*", "arn:${local.partition}:ec2:${local.region}::snapshot/*"]
        Condition = {}
      },
      {
        Sid       = "MarkSnapshots"
        Effect    = "Allow"
        Action    = ["ec2:CreateTags"]
        Resource  = ["arn:${local.partition}:ec2:${local.region}::snapshot/*"]
        Condition = { StringEquals = { "ec2:CreateAction" = "CreateSnapshot" } }
      },
      {
        Sid       = "DeleteOwnSnapshots"
        Effect    = "Allow"
        Action    = ["ec2:DeleteSnapshot"]
        Resource  = ["arn:${local.partition}:ec2:${local.region}::snapshot/*"]
        Condition = { StringLike = { "aws:ResourceTag/dco:token" = "*" } }
      },
      {
        # `dco plugin install` restarts a database with its plugin: a shell there, and nowhere else.
        Sid       = "CommandDatabases"
        Effect    = "Allow"
        Action    = ["ssm:SendCommand"]
        Resource  = ["arn:${format(local.own, "ec2")}:instance/*"]
        Condition = { StringLike = { "aws:ResourceTag/dco:database" = "*" } }
      },
      {
        Sid       = "CommandByShellScript"
        Effect    = "Allow"
        Action    = ["ssm:SendCommand"]
        Resource  = ["arn:${local.partition}:ssm:${local.region}::document/AWS-RunShellScript"]
        Condition = {}
      },
      {
        Sid       = "LookAtCommands"
        Effect    = "Allow"
        Action    = ["ssm:DescribeInstanceInformation", "ssm:GetCommandInvocation", "ssm:ListCommands"]
        Resource  = ["*"]
        Condition = {}
      },
      {
        # What AWS publishes for everybody: which machine image is the newest.
        Sid       = "ReadPublicParameters"
        Effect    = "Allow"
        Action    = ["ssm:GetParameter"]
        Resource  = ["arn:${local.partition}:ssm:${local.region}::parameter/aws/service/*"]
        Condition = {}
      },
      {
        Sid       = "ReadAndWriteSlots"
        Effect    = "Allow"
        Action    = ["ssm:GetParameter", "ssm:GetParameters", "ssm:PutParameter"]
        Resource  = ["arn:${format(local.own, "ssm")}:parameter${var.parameter_prefix}/*"]
        Condition = {}
      },
      {
        # Deleting only hides behind a marker: no version is deleted and no retention bypassed, so that what
        # dco wrote, dco can't take back.
        Sid       = "KeepJournal"
        Effect    = "Allow"
        Action    = ["s3:DeleteObject", "s3:GetObject", "s3:GetObjectRetention", "s3:GetObjectVersion", "s3:PutObject", "s3:PutObjectRetention"]
        Resource  = ["${aws_s3_bucket.this.arn}/*"]
        Condition = {}
      },
      {
        Sid       = "LookIntoJournal"
        Effect    = "Allow"
        Action    = ["s3:GetBucketObjectLockConfiguration", "s3:GetBucketVersioning", "s3:ListBucket", "s3:ListBucketVersions"]
        Resource  = [aws_s3_bucket.this.arn]
        Condition = {}
      },
    ],
    [for topics in [var.notification_topic_arns] : {
      Sid       = "Notify"
      Effect    = "Allow"
      Action    = ["sns:Publish"]
      Resource  = topics
      Condition = {}
    } if length(topics) > 0],
    [for arns in [var.build_project_arns] : {
      Sid       = "Build"
      Effect    = "Allow"
      Action    = ["codebuild:BatchGetBuilds", "codebuild:ListBuildsForProject", "codebuild:StartBuild", "codebuild:StopBuild"]
      Resource  = arns
      Condition = {}
    } if length(arns) > 0],
    [for arns in [var.secret_arns] : {
      Sid       = "ReadSecrets"
      Effect    = "Allow"
      Action    = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]
      Resource  = arns
      Condition = {}
    } if length(arns) > 0],
    # dco reads backups, asks for a new copy, and notes what it verified; what the stream wrote, it can't change.
    [for bucket in compact([var.backup_bucket_arn]) : {
      Sid       = "ReadBackups"
      Effect    = "Allow"
      Action    = ["s3:GetObject", "s3:ListBucket"]
      Resource  = [bucket, "${bucket}/*"]
      Condition = {}
    }],
    [for bucket in compact([var.backup_bucket_arn]) : {
      Sid       = "AskAndVerify"
      Effect    = "Allow"
      Action    = ["s3:PutObject"]
      Resource  = ["${bucket}/*/wanted.json", "${bucket}/*/verified.json"]
      Condition = {}
    }],
    [for bucket in compact([var.state_bucket]) : {
      Sid       = "KeepState"
      Effect    = "Allow"
      Action    = ["s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:PutObject"]
      Resource  = ["arn:${local.partition}:s3:::${bucket}", "arn:${local.partition}:s3:::${bucket}/*"]
      Condition = {}
    }],
  )
}

resource "aws_iam_role" "this" {
  name                 = var.name
  description          = "What dco works with"
  max_session_duration = 14400
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { AWS = local.trusted }
    }]
  })

  tags = var.tags
}

resource "aws_iam_role_policy" "this" {
  name = "night"
  role = aws_iam_role.this.name

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [for each in local.statements : { for key, value in each : key => value if key != "Condition" || length(value) > 0 }]
  })
}

# What `terraform apply` may touch is the stack's owner's to say; reading it is enough for a plan.
resource "aws_iam_role_policy_attachment" "stack" {
  for_each = toset(var.stack_policy_arns)

  role       = aws_iam_role.this.name
  policy_arn = each.value
}
