"""The facts that the whole program speaks of: frozen values, no behaviour beyond their own arithmetic."""
