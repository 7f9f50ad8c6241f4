resource "aws_instance" "w" {
  disable_api_termination     = true
  user_data                   = "x"
  user_data_replace_on_change = true
}
