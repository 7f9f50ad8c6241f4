module "a" {
  source = "../../modules/app"
  n = 3
}
terraform {
  backend "s3" {}
}
