aws ecs update-service --a
