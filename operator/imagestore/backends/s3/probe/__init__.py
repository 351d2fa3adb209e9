"""Finding out what a server holds, by trying every sample of every setting on a bucket that exists for that."""
