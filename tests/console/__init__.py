"""The console on the real engine over the real sandbox: keys pressed, conditions waited for."""
