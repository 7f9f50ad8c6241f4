module "a" {
  source = "../../modules/app"
  n = 2
}
terraform {
  backend "s3" {}
}
