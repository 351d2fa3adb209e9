"""Edge: object stores behind one protocol. One backend does not import another."""
