variable "size" {}

resource "aws_ecs_service" "api" {
  desired_count = var.size
}
