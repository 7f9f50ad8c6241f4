resource "aws_ecs_cluster" "c" {
  name = "c"
}
