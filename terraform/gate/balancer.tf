# What stands before several gates: a network load balancer, which passes TCP and so does not see what goes through.

resource "aws_lb" "this" {
  count = var.balancer ? 1 : 0

  name               = "${var.name}-gate"
  internal           = true
  load_balancer_type = "network"
  subnets            = values(var.subnet_ids)
  security_groups    = var.security_group_ids

  # A zone whose gate is dead is served by the other's.
  enable_cross_zone_load_balancing = true

  tags = local.tags
}

resource "aws_lb_target_group" "this" {
  for_each = var.balancer ? var.ports : {}

  name                 = "${var.name}-gate-${each.key}"
  port                 = each.value
  protocol             = "TCP"
  target_type          = "instance"
  vpc_id               = var.vpc_id
  deregistration_delay = tostring(var.drain_seconds)

  # Whether it takes connections, not whether it is well: a gate that holds writes while the record can't be reached is
  # ill, and still the right one.
  health_check {
    protocol            = "TCP"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }

  tags = merge(var.tags, { Name = "${var.name}-gate-${each.key}" })
}

resource "aws_lb_target_group_attachment" "this" {
  for_each = var.balancer ? merge([for name, port in var.ports : {
    for zone in keys(var.subnet_ids) : "${name}-${zone}" => { name = name, zone = zone, port = port }
  }]...) : {}

  target_group_arn = aws_lb_target_group.this[each.value.name].arn
  target_id        = aws_instance.this[each.value.zone].id
  port             = each.value.port
}

resource "aws_lb_listener" "this" {
  for_each = var.balancer ? var.ports : {}

  load_balancer_arn = aws_lb.this[0].arn
  port              = each.value
  protocol          = "TCP"

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this[each.key].arn
  }

  tags = var.tags
}
