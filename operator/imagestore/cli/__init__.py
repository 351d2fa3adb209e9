"""The command line. ``commands`` declares and runs the commands; the other packages do the work."""
