"""Moving data: list, compare, copy, delete and verify objects in bulk, between any two stores."""
