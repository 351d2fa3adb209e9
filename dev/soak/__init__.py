"""The soak: hours of users, strangers and broken machines on a real cluster and three real stores."""
