"""ECS made real: tasks are processes, services are rolled as the Amazon ECS Developer Guide tells."""
