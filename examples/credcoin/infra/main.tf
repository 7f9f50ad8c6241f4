# The whole of credcoin in one environment.

locals {
  project   = "credcoin"
  name      = "${local.project}-${var.environment}"
  prefix    = "/${local.project}/${var.environment}"
  zones     = [for letter in var.zones : "${var.region}${letter}"]
  databases = ["ledger", "search"]

  # ECS gives each task its databases' addresses and secrets; the application reads only its environment.
  database_environment = merge(
    { for database in local.databases : "${upper(database)}_URI" => module.database[database].uri_parameter_arn },
    { for database in local.databases : "${upper(database)}_AUTH" => data.aws_secretsmanager_secret.database[database].arn },
  )
}

# Made before the first apply and owned by nobody here: the secrets' values never come near Terraform.
data "aws_secretsmanager_secret" "database" {
  for_each = toset(local.databases)

  name = "${local.project}/${var.environment}/${each.key}"
}

data "aws_ecr_repository" "this" {
  name = local.project
}

module "network" {
  source = "../terraform/network"

  name           = local.name
  cidr           = var.vpc_cidr
  zones          = local.zones
  egress         = var.egress
  nat_per_zone   = var.environment == "production"
  listener_ports = var.certificate_arn == null ? [var.listener_port] : [80, var.listener_port]
  client_cidrs   = var.client_cidrs
  service_port   = 8080
}

module "database" {
  source   = "../terraform/database"
  for_each = { for i, database in local.databases : database => i }

  name               = local.name
  database           = each.key
  slot_parameter     = "${local.prefix}/${each.key}/slot"
  uri_parameter      = "${local.prefix}/${each.key}/uri"
  secret_arn         = data.aws_secretsmanager_secret.database[each.key].arn
  subnet_id          = module.network.private_subnet_ids[each.value % length(local.zones)]
  zone               = local.zones[each.value % length(local.zones)]
  security_group_ids = [module.network.security_group_ids.database]
  instance_type      = var.database_instance_type
  volume_size        = var.database_volume_size
  heap               = var.database_heap
  page_cache         = var.database_page_cache
  jvm_options        = var.database_jvm_options
}

resource "aws_ecs_cluster" "this" {
  name = local.name

  setting {
    name  = "containerInsights"
    value = var.environment == "production" ? "enabled" : "disabled"
  }
}

module "api" {
  source = "../terraform/service"

  name            = local.name
  service         = "api"
  cluster_arn     = aws_ecs_cluster.this.arn
  cluster_name    = aws_ecs_cluster.this.name
  image_parameter = "${local.prefix}/api/image"
  repository_arn  = data.aws_ecr_repository.this.arn
  log_group       = "${local.prefix}/api"
  command         = ["python", "-m", "app"]
  port            = 8080
  cpu             = var.api_cpu
  memory          = var.api_memory
  min_tasks       = var.api_min_tasks
  max_tasks       = var.api_max_tasks
  singleton       = var.singleton
  environment     = merge({ REPORT_BUCKET = aws_s3_bucket.reports.id }, var.api_environment)
  secrets         = local.database_environment
  task_policy     = local.report_policy

  vpc_id                      = module.network.vpc_id
  balancer_subnet_ids         = module.network.public_subnet_ids
  balancer_security_group_ids = [module.network.security_group_ids.alb]
  service_subnet_ids          = module.network.private_subnet_ids
  service_security_group_ids  = [module.network.security_group_ids.service]
  listener_port               = var.listener_port
  certificate_arn             = var.certificate_arn

  health_check_interval_seconds = var.health_check_interval_seconds
  health_check_timeout_seconds  = var.health_check_timeout_seconds
  health_check_grace_seconds    = var.health_check_grace_seconds
  deregistration_delay_seconds  = var.deregistration_delay_seconds
  deletion_protection           = var.environment == "production"
  log_retention_days            = var.log_retention_days
  alarm_actions                 = var.alarm_actions
}

module "runner" {
  source = "../terraform/runner"

  name              = "${local.name}-dco"
  bucket            = "${local.name}-dco"
  cluster_arn       = aws_ecs_cluster.this.arn
  task_families     = [aws_ecs_task_definition.offering.family]
  task_role_arns    = [module.api.execution_role_arn, module.api.task_role_arn, aws_iam_role.offering_execution.arn, aws_iam_role.offering.arn]
  parameter_prefix  = local.prefix
  secret_arns       = [for secret in data.aws_secretsmanager_secret.database : secret.arn]
  state_bucket      = "${local.name}-state"
  trusted_arns      = var.runner_trusted_arns
  stack_policy_arns = var.runner_policy_arns
}
