# The whole of credcoin in one environment.

locals {
  project   = "credcoin"
  name      = "${local.project}-${var.environment}"
  prefix    = "/${local.project}/${var.environment}"
  zones     = [for letter in var.zones : "${var.region}${letter}"]
  databases = ["ledger", "search"]

  # Each gate speaks for all databases, each at a port of its own; zones beyond the wanted number have none.
  gate_ports = { for i, database in local.databases : database => 7687 + i }
  gate_zones = { for i, zone in local.zones : zone => i if i < var.gates }

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

# By these keys dco and its stream call the databases' plugin, which reads and fences everything: not the application's.
data "aws_secretsmanager_secret" "plugin" {
  for_each = toset(local.databases)

  name = "${local.project}/${var.environment}/${each.key}-plugin"
}

# By this key dco gives orders to the gates.
data "aws_secretsmanager_secret" "gate" {
  count = var.gates > 0 ? 1 : 0

  name = "${local.project}/${var.environment}/gate"
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
  gate           = var.gates > 0
  gate_ports     = values(local.gate_ports)
  direct         = var.gates == 0 || var.past_gates

  break_glass_cidrs = var.break_glass_cidrs
}

module "database" {
  source   = "../terraform/database"
  for_each = { for i, database in local.databases : database => i }

  name                = local.name
  database            = each.key
  slot_parameter      = "${local.prefix}/${each.key}/slot"
  uri_parameter       = "${local.prefix}/${each.key}/uri"
  gate_uri            = var.gates > 0 ? module.gate[0].uris[each.key] : null
  addresses_parameter = "${local.prefix}/${each.key}/addresses"
  servers_parameter   = "${local.prefix}/${each.key}/servers"
  secret_arn          = data.aws_secretsmanager_secret.database[each.key].arn
  plugin_secret_arn   = data.aws_secretsmanager_secret.plugin[each.key].arn
  subnet_id           = module.network.private_subnet_ids[each.value % length(local.zones)]
  zone                = local.zones[each.value % length(local.zones)]
  security_group_ids  = [module.network.security_group_ids.database]
  instance_type       = var.database_instance_type
  volume_size         = var.database_volume_size
  heap                = var.database_heap
  page_cache          = var.database_page_cache
  jvm_options         = var.database_jvm_options
}

# The databases' modules name the gates, and these what the databases have: no circle, for an instance of a gate needs
# nothing of a database to be made.
module "gate" {
  source = "../terraform/gate"
  count  = var.gates > 0 ? 1 : 0

  name                    = local.name
  image_parameter         = "${local.prefix}/gate/image"
  configuration_parameter = "${local.prefix}/gate/configuration"
  control_parameter       = "${local.prefix}/gate/control"
  key_secret_arn          = data.aws_secretsmanager_secret.gate[0].arn
  record_bucket           = "${local.name}-dco"
  vpc_id                  = module.network.vpc_id
  subnet_ids              = { for zone, i in local.gate_zones : zone => module.network.private_subnet_ids[i] }
  security_group_ids      = [module.network.security_group_ids.gate]
  balancer                = var.gates > 1
  instance_type           = var.gate_instance_type

  ports = local.gate_ports
  databases = { for database in local.databases : database => {
    addresses        = module.database[database].addresses
    serves           = module.database[database].serves
    bypass_parameter = "${local.prefix}/${database}/uri"
  } }
}

module "stream" {
  source = "../terraform/stream"

  name                    = local.name
  bucket                  = "${local.name}-backup"
  image_parameter         = "${local.prefix}/stream/image"
  configuration_parameter = "${local.prefix}/stream/configuration"
  subnet_id               = module.network.private_subnet_ids[0]
  security_group_ids      = [module.network.security_group_ids.stream]
  keep                    = var.keep

  databases = { for database in local.databases : database => {
    servers_parameter = "${local.prefix}/${database}/servers"
    secret_arn        = data.aws_secretsmanager_secret.database[database].arn
    plugin_secret_arn = data.aws_secretsmanager_secret.plugin[database].arn
  } }
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
  secret_arns       = [for secret in concat(values(data.aws_secretsmanager_secret.database), values(data.aws_secretsmanager_secret.plugin), data.aws_secretsmanager_secret.gate) : secret.arn]
  backup_bucket_arn = module.stream.bucket_arn
  state_bucket      = "${local.name}-state"
  health_log        = true
  trusted_arns      = var.runner_trusted_arns
  stack_policy_arns = var.runner_policy_arns
}
