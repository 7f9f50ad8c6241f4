provider "registry.terraform.io/hashicorp/aws" {
  version = "5.1.0"
}
