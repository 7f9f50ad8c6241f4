output "url" {
  description = "Where clients reach the service."
  value       = "${var.certificate_arn == null ? "http" : "https"}://${aws_lb.this.dns_name}:${var.listener_port}"
}

output "balancer_arn" {
  description = "The load balancer."
  value       = aws_lb.this.arn
}

output "target_group_arn" {
  description = "The target group."
  value       = aws_lb_target_group.this.arn
}

output "service_name" {
  description = "The ECS service."
  value       = aws_ecs_service.this.name
}

output "task_family" {
  description = "Family of the task definitions."
  value       = aws_ecs_task_definition.this.family
}

output "task_definition_arn" {
  description = "The newest task definition."
  value       = aws_ecs_task_definition.this.arn
}

output "execution_role_arn" {
  description = "The role that starts tasks."
  value       = aws_iam_role.execution.arn
}

output "task_role_arn" {
  description = "The role of the code."
  value       = aws_iam_role.task.arn
}

output "log_group_name" {
  description = "The log group."
  value       = aws_cloudwatch_log_group.this.name
}

output "alarm_names" {
  description = "The alarms that tell a bad release."
  value = [
    aws_cloudwatch_metric_alarm.errors.alarm_name,
    aws_cloudwatch_metric_alarm.latency.alarm_name,
    aws_cloudwatch_metric_alarm.unhealthy.alarm_name,
  ]
}
