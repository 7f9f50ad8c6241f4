db_password = "hunter22"
region      = "eu"
