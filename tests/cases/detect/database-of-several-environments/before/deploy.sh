terraform apply -var-file=$ENV.tfvars
