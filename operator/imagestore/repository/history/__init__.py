"""Bring a versioned bucket back to a moment, from the versions that it still keeps."""
