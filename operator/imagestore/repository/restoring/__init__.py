"""Bring a backup back: roots, leaves and packs are all that it needs."""
