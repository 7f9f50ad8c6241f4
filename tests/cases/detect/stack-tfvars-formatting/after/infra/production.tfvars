# z
zones=[
  "a",
  "b",
]
size   = 2
