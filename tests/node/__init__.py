"""The chart and the image on a real node."""
