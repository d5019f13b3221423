"""Indicators: a catalogue of them, and runs that follow a candle series tick by tick."""
