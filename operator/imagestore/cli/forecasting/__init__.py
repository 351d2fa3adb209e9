"""What lifecycle rules will do, from a bucket's listing or a file: read, walked through, shown."""
