"""What a record is made of, where its own file would be too long, and what two of them share."""
