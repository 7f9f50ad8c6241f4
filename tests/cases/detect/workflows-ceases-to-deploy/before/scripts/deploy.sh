terraform -chdir=infra apply -auto-approve
