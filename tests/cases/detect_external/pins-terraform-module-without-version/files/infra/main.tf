module "vpc" {
  source = "a/vpc/aws"
}
module "own" {
  source = "./own"
}
