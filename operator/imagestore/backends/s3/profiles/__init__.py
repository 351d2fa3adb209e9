"""What each S3 store holds, as data."""
