terraform {
  required_version = ">= 1.5"
}
module "vpc" {
  source  = "a/vpc/aws"
  version = "~> 5.0"
}
