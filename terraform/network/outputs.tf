output "vpc_id" {
  description = "The network."
  value       = aws_vpc.this.id
}

output "public_subnet_ids" {
  description = "Public subnets, in the order of the zones."
  value       = [for zone in var.zones : aws_subnet.public[zone].id]
}

output "private_subnet_ids" {
  description = "Private subnets, in the order of the zones."
  value       = [for zone in var.zones : aws_subnet.private[zone].id]
}

output "security_group_ids" {
  description = "Security groups by part: alb, service, gate, database, runner, stream."
  value = {
    alb      = aws_security_group.alb.id
    service  = aws_security_group.service.id
    gate     = aws_security_group.gate.id
    database = aws_security_group.database.id
    runner   = aws_security_group.runner.id
    stream   = aws_security_group.stream.id
  }
}
