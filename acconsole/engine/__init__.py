"""The sync engine: match, plan, apply. It knows its ports, no driver, no screen, no print."""
