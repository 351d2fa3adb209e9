"""The source of events: kopf, behind ``controller.source.EventSource``.

``kopf_source`` runs it, ``kopf_settings`` configures it, ``rescan`` makes it notice new CRDs. Only ``kopf_internals`` uses
what kopf does not publish.
"""
