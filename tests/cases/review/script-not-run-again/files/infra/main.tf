resource "aws_instance" "w" {
  disable_api_termination = true
  user_data               = file("x")
}
