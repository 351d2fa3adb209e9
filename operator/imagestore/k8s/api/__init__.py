"""How the API server is reached, listed, watched and compared with what is remembered."""
