resource "aws_instance" "ledger" {
  ami = "ami-1"
}
