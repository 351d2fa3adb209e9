"""Amazon S3 and every store that speaks its API. Only the registry imports from here."""
