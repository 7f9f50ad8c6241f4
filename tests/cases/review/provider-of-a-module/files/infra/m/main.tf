resource "tls_private_key" "k" {
  algorithm = "RSA"
}
