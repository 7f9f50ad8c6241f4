module "a" {
  source  = "terraform-aws-modules/vpc/aws"
  version = "5.1.0"
}
module "b" {
  source = "git::https://example.org/m.git?ref=v1"
}
