gh workflow run deploy.yml
