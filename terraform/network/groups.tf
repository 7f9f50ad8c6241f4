# Who may talk to whom. Everything that is not here is refused.
#
#   internet -> alb -> service -> gate -> database <- runner, stream, another database (while it is copied), a break-glass address
#
# Without a gate the service reaches the databases directly; while it is being put behind one, both ways.

locals {
  # Who speaks Bolt with the databases. One that is to follow copies the one that serves: hence database itself.
  bolt_groups = merge(
    {
      runner   = aws_security_group.runner.id
      stream   = aws_security_group.stream.id
      database = aws_security_group.database.id
    },
    var.gate ? { gate = aws_security_group.gate.id } : {},
    var.direct ? { service = aws_security_group.service.id } : {},
  )

  # Who reaches the gates, by port. The balancer before them wears their group, too: hence gate itself.
  gate_clients = var.gate ? {
    service = { id = aws_security_group.service.id, ports = var.gate_ports }
    runner  = { id = aws_security_group.runner.id, ports = concat(var.gate_ports, [var.gate_control_port]) }
    gate    = { id = aws_security_group.gate.id, ports = var.gate_ports }
  } : {}
  gate_ways = merge([for name, client in local.gate_clients : {
    for port in client.ports : "${name}-${port}" => { client = name, id = client.id, port = port }
  }]...)
}

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

resource "aws_security_group" "stream" {
  name        = "${var.name}-stream"
  description = "What keeps and carries the databases' logs"
  vpc_id      = aws_vpc.this.id

  tags = merge(var.tags, { Name = "${var.name}-stream" })
}

# There without gates, too: it costs nothing, and gates can be added without making anything else anew.
resource "aws_security_group" "gate" {
  name        = "${var.name}-gate"
  description = "Gates, and the balancer before them"
  vpc_id      = aws_vpc.this.id

  tags = merge(var.tags, { Name = "${var.name}-gate" })
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
  for_each = local.bolt_groups

  security_group_id            = aws_security_group.database.id
  description                  = "Bolt from ${each.key}"
  referenced_security_group_id = each.value
  ip_protocol                  = "tcp"
  from_port                    = var.database_port
  to_port                      = var.database_port
}

resource "aws_vpc_security_group_ingress_rule" "gate" {
  for_each = local.gate_ways

  security_group_id            = aws_security_group.gate.id
  description                  = each.value.port == var.gate_control_port ? "Orders from ${each.value.client}" : "Bolt from ${each.value.client}"
  referenced_security_group_id = each.value.id
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
}

resource "aws_vpc_security_group_egress_rule" "gate" {
  for_each = local.gate_ways

  security_group_id            = each.value.id
  description                  = each.value.port == var.gate_control_port ? "Orders to the gates" : "Bolt to the gates"
  referenced_security_group_id = aws_security_group.gate.id
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
}

# For the day when everything else is dead: a person's way in, closed unless addresses are named.
resource "aws_vpc_security_group_ingress_rule" "break_glass" {
  for_each = toset(var.break_glass_cidrs)

  security_group_id = aws_security_group.database.id
  description       = "Bolt from a break-glass address"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = var.database_port
  to_port           = var.database_port
}

resource "aws_vpc_security_group_egress_rule" "bolt" {
  for_each = local.bolt_groups

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
    stream   = aws_security_group.stream.id
    gate     = aws_security_group.gate.id
  }

  security_group_id = each.value
  description       = "AWS, over HTTPS"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}
