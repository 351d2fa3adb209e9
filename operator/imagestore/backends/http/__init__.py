"""HTTP/1.1 to servers that are not Kubernetes: one client, one pool a target, one rule for proxies, both ways streamed.

It knows no store. ``client`` sends, ``messages`` has requests and answers, ``errors`` what may go wrong. ``parser`` reads an
answer, ``connection`` uses one socket, ``pool`` keeps connections, ``route`` opens them (TLS, proxies).
"""
