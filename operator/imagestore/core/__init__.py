"""Pure: models, differences, plans and conditions. No clock, no environment, no I/O."""
