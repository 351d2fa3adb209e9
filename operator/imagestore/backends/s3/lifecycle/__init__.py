"""Lifecycle rules in S3's form, and what a store's classes make of them."""
