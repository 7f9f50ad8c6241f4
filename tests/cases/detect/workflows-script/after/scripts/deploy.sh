terraform -chdir=infra apply
