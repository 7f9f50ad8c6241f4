module "vpc" {
  source  = "a/vpc/aws"
  version = "~> 5.0"
  thing {
    version = "9"
  }
}
