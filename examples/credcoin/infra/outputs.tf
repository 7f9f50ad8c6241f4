output "url" {
  description = "Where clients reach the API."
  value       = module.api.url
}

output "cluster" {
  description = "The ECS cluster."
  value       = aws_ecs_cluster.this.name
}

output "offering_network" {
  description = "Subnets and security groups in which the offering's task runs."
  value = {
    subnets         = module.network.private_subnet_ids
    security_groups = [module.network.security_group_ids.service]
  }
}

output "runner_role_arn" {
  description = "dco's role."
  value       = module.runner.role_arn
}

output "alarm_names" {
  description = "The alarms that tell a bad release."
  value       = module.api.alarm_names
}

output "database_instance_ids" {
  description = "The database instances by name and colour."
  value       = { for name, database in module.database : name => database.instance_ids }
}

output "database_addresses" {
  description = "Where each colour of each database is."
  value       = { for name, database in module.database : name => database.addresses }
}

output "gate_control" {
  description = "Where the gates take orders."
  value       = try(module.gate[0].control, [])
}

output "backup_bucket" {
  description = "Where the stream keeps backups."
  value       = module.stream.bucket
}
