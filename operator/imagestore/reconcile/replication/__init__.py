"""ReplicationPolicy: from a frozen situation to an outcome. The copying itself is in ``transfer``."""
