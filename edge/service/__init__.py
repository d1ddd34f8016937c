"""HemoCam as a service: what the service manager is told, when it must restart the program, and how it is installed."""
