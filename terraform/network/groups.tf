# Who may talk to whom. Everything that is not here is refused.
#
#   internet -> alb -> service -> database <- runner

resource "aws_security_group" "alb" {
  name        = "${var.name}-alb"
  description = "Load balancer"
  vpc_id      = aws_vpc.this.id

  tags = merge(var.tags, { Name = "${var.name}-alb" })
}

resource "aws_security_group" "service" {
  name        = "${var.name}-service"
  description = "Tasks of the service and of the nightly job"
  vpc_id      = aws_vpc.this.id

  tags = merge(var.tags, { Name = "${var.name}-service" })
}

resource "aws_security_group" "database" {
  name        = "${var.name}-database"
  description = "Database instances"
  vpc_id      = aws_vpc.this.id

  tags = merge(var.tags, { Name = "${var.name}-database" })
}

resource "aws_security_group" "runner" {
  name        = "${var.name}-runner"
  description = "Where dco runs"
  vpc_id      = aws_vpc.this.id

  tags = merge(var.tags, { Name = "${var.name}-runner" })
}

resource "aws_vpc_security_group_ingress_rule" "alb" {
  for_each = { for pair in setproduct(var.listener_ports, var.client_cidrs) : "${pair[0]}-${pair[1]}" => pair }

  security_group_id = aws_security_group.alb.id
  description       = "Clients"
  cidr_ipv4         = each.value[1]
  ip_protocol       = "tcp"
  from_port         = each.value[0]
  to_port           = each.value[0]
}

resource "aws_vpc_security_group_egress_rule" "alb" {
  security_group_id            = aws_security_group.alb.id
  description                  = "The service, and its health"
  referenced_security_group_id = aws_security_group.service.id
  ip_protocol                  = "tcp"
  from_port                    = var.service_port
  to_port                      = var.service_port
}

resource "aws_vpc_security_group_ingress_rule" "service" {
  security_group_id            = aws_security_group.service.id
  description                  = "The load balancer"
  referenced_security_group_id = aws_security_group.alb.id
  ip_protocol                  = "tcp"
  from_port                    = var.service_port
  to_port                      = var.service_port
}

resource "aws_vpc_security_group_ingress_rule" "database" {
  for_each = {
    service = aws_security_group.service.id
    runner  = aws_security_group.runner.id
  }

  security_group_id            = aws_security_group.database.id
  description                  = "Bolt from ${each.key}"
  referenced_security_group_id = each.value
  ip_protocol                  = "tcp"
  from_port                    = var.database_port
  to_port                      = var.database_port
}

resource "aws_vpc_security_group_egress_rule" "bolt" {
  for_each = {
    service = aws_security_group.service.id
    runner  = aws_security_group.runner.id
  }

  security_group_id            = each.value
  description                  = "Bolt to the databases"
  referenced_security_group_id = aws_security_group.database.id
  ip_protocol                  = "tcp"
  from_port                    = var.database_port
  to_port                      = var.database_port
}

resource "aws_vpc_security_group_egress_rule" "https" {
  for_each = {
    service  = aws_security_group.service.id
    database = aws_security_group.database.id
    runner   = aws_security_group.runner.id
  }

  security_group_id = each.value
  description       = "AWS, over HTTPS"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}
