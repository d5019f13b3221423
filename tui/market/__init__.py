"""What is known now: order books, candle series, tapes. Synchronous state, no I/O."""
