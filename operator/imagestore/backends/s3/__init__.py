"""EDGE: object stores that speak S3. Every call goes through one function (see ``call``)."""
