"""What a BackupSchedule does and says. Pure but for what its situation hands in."""
