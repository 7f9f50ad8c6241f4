# What AWS Health says reaches EventBridge in every account; its API answers only with a Business support plan.

resource "aws_cloudwatch_log_group" "health" {
  count = var.health_log ? 1 : 0

  # EventBridge writes only into groups of this name
  name              = "/aws/events/${var.name}-health"
  retention_in_days = 400

  tags = var.tags
}

resource "aws_cloudwatch_event_rule" "health" {
  count = var.health_log ? 1 : 0

  name          = "${var.name}-health"
  description   = "What AWS Health says, for dco to read"
  event_pattern = jsonencode({ source = ["aws.health"] })

  tags = var.tags
}

resource "aws_cloudwatch_event_target" "health" {
  count = var.health_log ? 1 : 0

  rule = aws_cloudwatch_event_rule.health[0].name
  arn  = aws_cloudwatch_log_group.health[0].arn

  depends_on = [aws_cloudwatch_log_resource_policy.health]
}

resource "aws_cloudwatch_log_resource_policy" "health" {
  count = var.health_log ? 1 : 0

  policy_name = "${var.name}-health"

  policy_document = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "EventBridgeWrites"
      Effect    = "Allow"
      Principal = { Service = ["delivery.logs.amazonaws.com", "events.amazonaws.com"] }
      Action    = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource  = "${aws_cloudwatch_log_group.health[0].arn}:*"
    }]
  })
}
