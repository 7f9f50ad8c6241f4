output "uri" {
  description = "The Bolt address."
  value       = aws_ssm_parameter.uri.value
  sensitive   = true
}

output "uri_parameter_arn" {
  description = "ARN of the parameter with the Bolt address."
  value       = aws_ssm_parameter.uri.arn
}

output "instance_id" {
  description = "The instance."
  value       = aws_instance.this.id
}

output "volume_id" {
  description = "The data volume."
  value       = aws_ebs_volume.data.id
}

output "role_arn" {
  description = "The instance's role."
  value       = aws_iam_role.this.arn
}

output "slot" {
  description = "What the slot says: image, version and colour."
  value       = local.slot
}
