"""The embedded market as Kraken: both versions of its streaming protocol, and its REST side."""
