data "aws_ssm_parameter" "al" {
  name = "/aws/service/ami-amazon-linux-latest/x"
}
resource "aws_instance" "db" {
  ami                     = data.aws_ssm_parameter.al.value
  disable_api_termination = true
}
