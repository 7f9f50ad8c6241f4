"""What is kept in the bucket: copies of stores (bases), and the log since (series of segments)."""
