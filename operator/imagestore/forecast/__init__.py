"""What lifecycle rules will do to the objects of a bucket, and when. Pure: days and listings are passed in."""
