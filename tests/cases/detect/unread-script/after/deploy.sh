aws ecs update-service --b
