"""One setting of a bucket: the row, the driver that carries rows out, and the table of all rows."""
