module "m" {
  source = "git::https://example.org/m.git"
}
