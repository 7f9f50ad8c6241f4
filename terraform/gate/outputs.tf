output "uris" {
  description = "The Bolt address of each database behind the gates: what clients read."
  value       = local.uris
}

output "control" {
  description = "Where each gate takes orders."
  value       = local.control
}

output "instance_ids" {
  description = "The instances by zone."
  value       = { for zone, instance in aws_instance.this : zone => instance.id }
}

output "role_arn" {
  description = "The gates' role."
  value       = aws_iam_role.this.arn
}
