"""The commands, one module each. A module declares its options and imports the rest only when it runs."""
