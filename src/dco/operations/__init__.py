"""What compiles to a step: one operation a file, each with the same four verbs."""
