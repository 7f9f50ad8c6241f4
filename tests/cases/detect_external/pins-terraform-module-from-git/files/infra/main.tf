module "x" {
  source = "git::https://git.example/x.git?ref=v1"
}
