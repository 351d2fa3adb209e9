"""What stands in front of every call to a store: retries, a breaker, a rate limiter, counts."""
