size = 2
zones = ["a", "b"]
