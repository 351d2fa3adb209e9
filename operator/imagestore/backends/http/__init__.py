"""HTTP/1.1 to servers that are not Kubernetes: one client, one pool a target, one rule for proxies, both ways streamed.

Knows no store. ``client`` sends, ``messages`` is what goes and comes, ``errors`` is what may go wrong; ``parser`` reads
an answer, ``connection`` talks over one socket, ``pool`` keeps sockets, ``route`` opens them (TLS, proxies).
"""
