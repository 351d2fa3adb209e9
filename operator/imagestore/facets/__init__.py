"""Pure: one file a facet, an independently manageable setting of a bucket."""
