"""One venue kept live: connection, subscriptions, verified books, backfill, metrics, errors."""
