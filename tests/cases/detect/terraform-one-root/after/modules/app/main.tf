variable "n" {}
resource "aws_ecs_service" "s" {
  desired_count = var.n
}
