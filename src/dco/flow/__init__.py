"""The stories (night, later bake), and the engine that lets them survive being killed."""
