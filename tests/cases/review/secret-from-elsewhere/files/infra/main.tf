resource "aws_db_instance" "d" {
  deletion_protection = true
  password            = data.aws_secretsmanager_secret_version.d.secret_string
}
