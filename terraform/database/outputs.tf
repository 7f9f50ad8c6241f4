output "uri" {
  description = "The Bolt address that clients read: a gate's, or that of the server that serves."
  value       = aws_ssm_parameter.uri.value
  sensitive   = true
}

output "addresses" {
  description = "The Bolt address of each colour that has an instance."
  value       = local.addresses
}

output "serves" {
  description = "The colour that serves."
  value       = local.serves
}

output "servers_parameter_arn" {
  description = "ARN of the parameter that the stream obeys."
  value       = aws_ssm_parameter.servers.arn
}

output "uri_parameter_arn" {
  description = "ARN of the parameter with the Bolt address."
  value       = aws_ssm_parameter.uri.arn
}

output "instance_id" {
  description = "The instance that serves."
  value       = aws_instance.this[local.serves].id
}

output "instance_ids" {
  description = "The instance of each colour that has one."
  value       = { for colour, instance in aws_instance.this : colour => instance.id }
}

output "volume_ids" {
  description = "The data volume of each colour that has one, a retired one's included."
  value       = { for colour, volume in aws_ebs_volume.data : colour => volume.id }
}

output "role_arn" {
  description = "The instance's role."
  value       = aws_iam_role.this.arn
}

output "slot" {
  description = "What the slot says."
  value       = local.slot
}
