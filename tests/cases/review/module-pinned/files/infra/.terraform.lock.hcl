# made by terraform init
