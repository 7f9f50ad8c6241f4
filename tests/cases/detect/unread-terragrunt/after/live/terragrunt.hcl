inputs = { a = 2 }
