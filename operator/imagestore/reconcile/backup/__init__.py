"""Backup: from a frozen situation to an outcome. The backup itself is made by ``repository``."""
