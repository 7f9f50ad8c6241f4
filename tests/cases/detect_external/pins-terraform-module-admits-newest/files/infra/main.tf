module "vpc" {
  source  = "a/vpc/aws"
  version = "~> 6.0"
  thing {
    version = "9"
  }
}
