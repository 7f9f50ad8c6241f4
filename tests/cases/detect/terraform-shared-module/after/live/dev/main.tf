module "a" {
  source = "../../modules/app"
  n = 1
}
terraform {
  backend "s3" {}
}
