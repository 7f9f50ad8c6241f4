provider "registry.terraform.io/hashicorp/aws" {
  version = "5.2.0"
}
