"""The objects of an S3 store: listed, read, written, copied and deleted without botocore's serializer and parser.

``wire`` sends one request and judges its answer, ``heads`` has attributes as headers, ``pages`` reads listings, ``multipart``
and ``beside`` have what takes several calls. ``store`` is the ``ObjectStore`` of them all.
"""
