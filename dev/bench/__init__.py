"""`make bench`: what the operator costs, counted and measured from outside of it."""
