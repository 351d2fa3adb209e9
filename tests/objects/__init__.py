"""The data plane on real servers: what the stores make of keys, conditions and attributes, and copies between them."""
