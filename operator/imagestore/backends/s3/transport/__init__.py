"""S3's and the admin APIs' calls over ``backends.http``: botocore's shapes, signatures, no client of botocore's.

``call`` is S3's, ``admin`` MinIO's and Ceph's; ``request`` builds what is sent, ``signing`` signs it.
"""
