job(2)
