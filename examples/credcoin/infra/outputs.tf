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
  description = "The database instances by name."
  value       = { for name, database in module.database : name => database.instance_id }
}
