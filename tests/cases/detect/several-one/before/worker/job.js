job()
