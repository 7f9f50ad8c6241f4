size = 3
zones = ["a", "b"]
