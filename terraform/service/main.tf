# One ECS service behind a load balancer, rolled without a gap and put back by itself when it does not start.

data "aws_ssm_parameter" "image" {
  name = var.image_parameter
}

data "aws_region" "current" {}

locals {
  # insecure_value: an image's name is no secret, and a plan should show it.
  image  = data.aws_ssm_parameter.image.insecure_value
  family = "${var.name}-${var.service}"

  container = {
    name      = var.service
    image     = local.image
    essential = true
    command   = var.command

    portMappings = [{ containerPort = var.port, protocol = "tcp" }]
    environment  = [for name in sort(keys(var.environment)) : { name = name, value = var.environment[name] }]
    secrets      = [for name in sort(keys(var.secrets)) : { name = name, valueFrom = var.secrets[name] }]
    stopTimeout  = var.stop_timeout

    logConfiguration = {
      logDriver = "awslogs"
      options = {
        "awslogs-group"         = aws_cloudwatch_log_group.this.name
        "awslogs-region"        = data.aws_region.current.id
        "awslogs-stream-prefix" = var.service
      }
    }
  }
}

resource "aws_cloudwatch_log_group" "this" {
  name              = var.log_group
  retention_in_days = var.log_retention_days

  tags = var.tags
}

# dco registers revisions of its own when it deploys an image, and then writes the image into the slot.
# track_latest reads that newest revision back and the slot gives the image, so that the next plan says
# "no changes". skip_destroy keeps old revisions: they are the way back.
resource "aws_ecs_task_definition" "this" {
  family                   = local.family
  container_definitions    = jsonencode([local.container])
  cpu                      = tostring(var.cpu)
  memory                   = tostring(var.memory)
  network_mode             = "awsvpc"
  requires_compatibilities = ["FARGATE"]
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task.arn
  track_latest             = true
  skip_destroy             = true

  tags = var.tags
}

resource "aws_ecs_service" "this" {
  name            = var.service
  cluster         = var.cluster_arn
  task_definition = aws_ecs_task_definition.this.arn
  desired_count   = var.min_tasks
  launch_type     = "FARGATE"

  # A singleton is stopped before its successor starts, so that two schedulers never run side by side.
  deployment_minimum_healthy_percent = var.singleton ? 0 : var.minimum_healthy_percent
  deployment_maximum_percent         = var.singleton ? 100 : var.maximum_percent
  health_check_grace_period_seconds  = var.health_check_grace_seconds
  wait_for_steady_state              = var.wait_for_steady_state
  enable_ecs_managed_tags            = true
  propagate_tags                     = "SERVICE"

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.service_subnet_ids
    security_groups  = var.service_security_group_ids
    assign_public_ip = false
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.this.arn
    container_name   = var.service
    container_port   = var.port
  }

  tags = var.tags

  lifecycle {
    # Autoscaling decides how many run.
    ignore_changes = [desired_count]
  }

  # A target group can't take targets before a listener uses it.
  depends_on = [aws_lb_listener.this, aws_iam_role_policy.execution]
}

resource "aws_appautoscaling_target" "this" {
  count = var.singleton ? 0 : 1

  service_namespace  = "ecs"
  resource_id        = "service/${var.cluster_name}/${aws_ecs_service.this.name}"
  scalable_dimension = "ecs:service:DesiredCount"
  min_capacity       = var.min_tasks
  max_capacity       = var.max_tasks
}

resource "aws_appautoscaling_policy" "cpu" {
  count = var.singleton ? 0 : 1

  name               = "${local.family}-cpu"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this[0].service_namespace
  resource_id        = aws_appautoscaling_target.this[0].resource_id
  scalable_dimension = aws_appautoscaling_target.this[0].scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value       = var.cpu_target_percent
    scale_in_cooldown  = 300
    scale_out_cooldown = 60

    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}
